// Who may send what through us: the relay decision. Pure: made from the settings once, asked by
// receive/session for each sender and recipient. A verdict is an address, perhaps rewritten, or the
// refusal that the client is told.
//
// - A trusted client (smtpd_trusted_networks) may send to anywhere; what it leaves unqualified is
//   completed with mail_name.
// - Everybody may send to relay_domains. `example.org` there is that name alone, `.example.org` its
//   subdomains alone: two lines for both.
// - Everybody may write to <Postmaster> and to postmaster at our own names (hostname, mail_name,
//   our address in brackets). It goes to root_address; while that is empty, to
//   postmaster@hostname, where the queue holds it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/ip_address.h"
#include "base/result.h"
#include "config/settings.h"
#include "mail/address.h"

namespace malleposte::policy {

// What decided a verdict; Relay::explain() says it in words.
enum class Because : std::uint8_t {
  null_sender,
  has_domain,
  completed,       // mail_name
  needs_domain,    // of a sender who is a stranger
  relay_domain,    // relay_domains has it
  postmaster,      // ours
  trusted_client,  // smtpd_trusted_networks
  not_relayed,     // neither
  may_be_route,    // relay_domains has it, but the local part may lead further
  stays_local,     // mode = local_only
  mailbox,         // its domain's mailboxes are here, and it has one
  no_mailbox,      // its domain's mailboxes are here, and there is none by its name
  unclear,         // nobody can tell now whether there is one
  alone,           // mail to the postmaster that is held needs a message of its own
};

// What a client is told instead of 250.
struct Refusal {
  int code;
  std::string_view status;  // RFC 3463
  std::string_view text;
  Because because;
  bool operator==(const Refusal&) const = default;
};

// The address that is taken, perhaps rewritten.
struct Permission {
  mail::Address address;
  Because because;
};

// A recipient that is held cannot share a message with one that is not.
inline constexpr Refusal postmaster_alone{
    452, "4.5.3", "Mail to the postmaster here goes in a message of its own.", Because::alone};

inline constexpr Refusal no_mailbox{550, "5.1.1", "Sorry, there is no mailbox here by that name.",
                                    Because::no_mailbox};

inline constexpr Refusal unclear{
    451, "4.3.0", "Sorry, I cannot look into the mailboxes now, please try again later.",
    Because::unclear};

using Verdict = Result<Permission, Refusal>;

// The client of a session, as far as relaying is concerned.
struct Client {
  bool trusted = false;
  IpAddress reached_at{};  // the address of ours that it connected to
};

class Relay {
 public:
  explicit Relay(const config::Settings& settings);

  // Whether the address lies in smtpd_trusted_networks.
  bool trusts(const IpAddress& client) const;

  Verdict sender(const mail::Address& reverse_path, const Client& client) const;
  Verdict recipient(const mail::Address& recipient, const Client& client) const;
  // Of a recipient that was permitted and whose domain's mailboxes are here. Nobody by that name:
  // mail to the postmaster goes where that at our own names goes (RFC 5321 4.5.1), all other is
  // refused.
  Verdict without_mailbox(const mail::Address& recipient) const;
  // Nobody can tell now: a stranger is to try again, since what is found out later would be a
  // notice to a sender who may be forged; what a trusted client sends waits here.
  Verdict with_unclear_mailbox(const mail::Address& recipient, const Client& client) const;

  // Whether mail to this recipient (as a verdict gave it) is held: to the postmaster, while nobody
  // is named in root_address.
  bool holds(const mail::Address& recipient) const;

  // The element of relay_domains that has this domain (in any case of letters), "" none.
  std::string_view relay_domain(std::string_view domain) const;
  bool relays_to(std::string_view domain) const { return !relay_domain(domain).empty(); }

  // Which property decided, for people: "relay_domains has .example.org". `asked` is the address
  // that the verdict was about.
  std::string explain(Because because, const mail::Address& asked, const IpAddress& client) const;
  // The network that makes the client a trusted one, or that there is none.
  std::string explain_trust(const IpAddress& client) const;

 private:
  bool is_ours(std::string_view domain, const Client& client) const;
  mail::Address completed(const mail::Address& address) const;

  std::vector<config::Cidr> trusted_;
  std::unordered_set<std::string> relay_domains_;  // canonical; with a dot in front: subdomains
  std::string hostname_;                           // canonical
  std::string mail_name_;                          // canonical; completes unqualified addresses
  mail::Address postmaster_;
  bool postmaster_named_ = false;
  bool local_only_;
};

}  // namespace malleposte::policy
