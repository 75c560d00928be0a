#include "policy/relay.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <optional>

namespace malleposte::policy {
namespace {

// The text that mail people know from rcpthosts; what parses logs relies on it.
constexpr Refusal not_relayed{553, "5.7.1",
                              "Sorry, that domain isn't in my list of allowed rcpthosts.",
                              Because::not_relayed};
constexpr Refusal may_be_a_route{not_relayed.code, not_relayed.status, not_relayed.text,
                                 Because::may_be_route};
constexpr Refusal sender_needs_domain{553, "5.1.7", "The sender's address needs a domain.",
                                      Because::needs_domain};
constexpr Refusal stays_local{550, "5.7.1", "Mail leaves this machine for nowhere (local_only).",
                              Because::stays_local};

bool is_postmaster(std::string_view local) {
  return mail::canonical_domain(local) == "postmaster";
}

// A local part that a next hop may take for a route (RFC 5321 F.2). We never do, but the host we
// relay to may trust us and then send the mail on: a stranger's way through both of us.
bool may_be_route(std::string_view local) {
  return local.find_first_of("@%!") != std::string_view::npos;
}

// The address of "[192.0.2.1]" or "[IPv6:2001:db8::1]".
std::optional<IpAddress> literal_address(std::string_view domain) {
  if (domain.size() < 2 || domain.front() != '[' || domain.back() != ']') return {};
  domain = domain.substr(1, domain.size() - 2);
  constexpr std::string_view tag = "ipv6:";
  if (mail::canonical_domain(domain.substr(0, tag.size())) == tag) domain.remove_prefix(tag.size());
  return parse_ip(domain);
}

}  // namespace

Relay::Relay(const config::Settings& settings)
    : trusted_(settings.smtpd_trusted_networks),
      hostname_(mail::canonical_domain(settings.hostname)),
      mail_name_(settings.mail_name.empty() ? hostname_
                                            : mail::canonical_domain(settings.mail_name)),
      local_only_(settings.mode == config::Mode::local_only) {
  assert(!hostname_.empty());
  for (const std::string& domain : settings.relay_domains) {
    relay_domains_.insert(mail::canonical_domain(domain));
  }
  postmaster_ = {"postmaster", hostname_};
  if (const auto root = mail::parse_address(settings.root_address)) {
    postmaster_ = completed(*root);
    postmaster_named_ = true;
  }
}

bool Relay::trusts(const IpAddress& client) const {
  return config::any_contains(trusted_, client);
}

Verdict Relay::sender(const mail::Address& reverse_path, const Client& client) const {
  if (reverse_path.null()) return Permission{reverse_path, Because::null_sender};
  if (!reverse_path.domain.empty()) return Permission{reverse_path, Because::has_domain};
  if (client.trusted) return Permission{completed(reverse_path), Because::completed};
  return tl::make_unexpected(sender_needs_domain);
}

Verdict Relay::recipient(const mail::Address& recipient, const Client& client) const {
  assert(!recipient.null());
  if (relays_to(recipient.domain)) {
    if (local_only_) return tl::make_unexpected(stays_local);
    if (client.trusted || !may_be_route(recipient.local))
      return Permission{recipient, Because::relay_domain};
    return tl::make_unexpected(may_be_a_route);
  }
  if (is_postmaster(recipient.local) && is_ours(recipient.domain, client))
    return Permission{postmaster_, Because::postmaster};
  if (!client.trusted) return tl::make_unexpected(not_relayed);
  mail::Address whole = completed(recipient);
  if (local_only_ && !is_ours(whole.domain, client)) return tl::make_unexpected(stays_local);
  return Permission{std::move(whole), Because::trusted_client};
}

Verdict Relay::without_mailbox(const mail::Address& recipient) const {
  if (is_postmaster(recipient.local)) return Permission{postmaster_, Because::postmaster};
  return tl::make_unexpected(no_mailbox);
}

Verdict Relay::with_unclear_mailbox(const mail::Address& recipient, const Client& client) const {
  if (client.trusted) return Permission{recipient, Because::unclear};
  return tl::make_unexpected(unclear);
}

std::string Relay::explain_trust(const IpAddress& client) const {
  for (const config::Cidr& network : trusted_)
    if (network.contains(client)) return "smtpd_trusted_networks has " + config::to_string(network);
  return "smtpd_trusted_networks has not " + malleposte::to_string(client);
}

bool Relay::holds(const mail::Address& recipient) const {
  return !postmaster_named_ && recipient == postmaster_ && !relays_to(hostname_);
}

std::string_view Relay::relay_domain(std::string_view domain) const {
  if (domain.empty() || relay_domains_.empty()) return {};
  std::string name = mail::canonical_domain(domain);
  auto found = relay_domains_.find(name);
  for (std::size_t dot = name.find('.'); found == relay_domains_.end() && dot != std::string::npos;
       dot = name.find('.', 1)) {
    name.erase(0, dot);
    found = relay_domains_.find(name);
  }
  return found == relay_domains_.end() ? std::string_view() : *found;
}

std::string Relay::explain(Because because, const mail::Address& asked,
                           const IpAddress& client) const {
  std::string trust = explain_trust(client);
  switch (because) {
    case Because::null_sender:
      return "the null sender may always write";
    case Because::has_domain:
      return "every sender with a domain may write";
    case Because::completed:
      return trust + ", so mail_name completes it";
    case Because::needs_domain:
      return trust + ", so mail_name does not complete it";
    case Because::relay_domain:
      return fmt::format("relay_domains has {}", relay_domain(asked.domain));
    case Because::postmaster:
      return postmaster_named_ ? "mail to the postmaster here goes to root_address"
                               : "mail to the postmaster here is held, since root_address is empty";
    case Because::trusted_client:
      return trust;
    case Because::not_relayed:
      return fmt::format("{}, and relay_domains has not {}", trust,
                         asked.domain.empty() ? "<" + asked.local + ">" : asked.domain);
    case Because::may_be_route:
      return fmt::format(
          "relay_domains has {}, but with %, ! or @ in front it may lead further; {}",
          relay_domain(asked.domain), trust);
    case Because::stays_local:
      return "mode = local_only";
    case Because::mailbox:
      return "routes leads its domain into mailboxes, and it has one";
    case Because::no_mailbox:
      return "routes leads its domain into mailboxes, and there is none by its name";
    case Because::unclear:
      return "routes leads its domain into mailboxes, and they cannot be looked into now; " + trust;
    case Because::alone:
      return "mail to the postmaster is held, since root_address is empty, and other mail is not";
  }
  assert(false);
  return {};
}

bool Relay::is_ours(std::string_view domain, const Client& client) const {
  if (domain.empty()) return true;
  const std::string name = mail::canonical_domain(domain);
  if (name == hostname_ || name == mail_name_) return true;
  const auto literal = literal_address(name);
  return literal && *literal == client.reached_at;
}

mail::Address Relay::completed(const mail::Address& address) const {
  return address.domain.empty() ? mail::Address{address.local, mail_name_} : address;
}

}  // namespace malleposte::policy
