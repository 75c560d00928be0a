#include "mail/dsn_status.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "base/ip_address.h"
#include "base/limits.h"
#include "mail/dsn_text.h"
#include "mail/plain_text.h"
#include "mail/received.h"
#include "mail/status.h"
#include "mail/typed_address.h"
#include "mail/wrapped_text.h"

namespace malleposte::mail {
namespace {

constexpr std::size_t envelope_id_octets = 100;  // RFC 3461 4.4

std::string_view action_of(const Outcome& outcome) {
  if (outcome.fate == Fate::queued) return "delayed";
  if (outcome.fate != Fate::delivered) return "failed";
  return outcome.final_delivery ? "delivered" : "relayed";
}

// RFC 3464 2.3.4. The class follows the action, whatever the peer wrote.
std::string status_of(const DsnCase& about, const Outcome& outcome) {
  constexpr auto time_expired = "4.4.7";  // RFC 3463
  if (outcome.fate == Fate::expired) return time_expired;
  const auto& by = about.original.requests.deliver_by;  // RFC 2852 4.1.3
  if (outcome.fate == Fate::queued && by && !by->return_after && about.now >= by->deadline)
    return time_expired;
  const char kind = outcome.fate == Fate::queued      ? '4'
                    : outcome.fate == Fate::delivered ? '2'
                                                      : '5';
  std::string status(leading_status(outcome.answer.status));
  if (status.empty()) status = "5.0.0";
  status.front() = kind;
  return status;
}

// RFC 3464 2.1.2: a domain name, or an address in brackets.
std::string mta_name(std::string_view host) {
  auto name = one_line(host, limits::domain_octets);
  return parse_ip(name) ? "[" + name + "]" : name;
}

// RFC 3464 2.2.4: what the client called itself, and its address as a comment. Of what it said only
// characters of names and address literals stay.
std::string received_from(const Envelope& original) {
  auto name = one_line(original.helo, limits::domain_octets);
  for (char& c : name) {
    const bool of_name = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!of_name && std::string_view("-._:[]").find(c) == std::string_view::npos) c = '?';
  }
  if (name.empty()) return "[" + original.client_address + "]";
  return fmt::format("{} ([{}])", name, original.client_address);
}

// RFC 3339, in seconds and UTC.
std::string utc_time(WallTime time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}Z", fmt::gmtime(seconds.time_since_epoch().count()));
}

std::string of_message(const DsnCase& about) {
  const auto& original = about.original;
  std::string text;
  if (!original.requests.envelope_id.empty())
    text += fmt::format("Original-Envelope-Id: {}\r\n",
                        one_line(original.requests.envelope_id, envelope_id_octets));
  text += fmt::format("Reporting-MTA: dns; {}\r\n", about.hostname);
  if (!original.client_address.empty())
    text += fmt::format("Received-From-MTA: dns; {}\r\n", received_from(original));
  text += fmt::format("Arrival-Date: {}\r\n", date_time(original.arrived));
  const auto& asked = original.requests;
  if (asked.deliver_by)  // RFC 2852 5
    text += fmt::format("Deliver-By-Date: {}\r\n", date_time(asked.deliver_by->deadline));
  if (asked.held_until != WallTime{})  // RFC 4865 5.1.2
    text += fmt::format("Future-Release-Request: until;{}\r\n", utc_time(asked.held_until));
  return text + fmt::format("X-Malleposte-Queue-ID: {}\r\n", to_string(about.id));
}

std::string of_recipient(const DsnCase& about, const Outcome& outcome, bool utf8) {
  const auto& answer = outcome.answer;
  const auto& recipient = about.original.recipients[outcome.recipient];
  std::string text;
  // Addresses are never folded: in them there is no blank where it could be.
  if (!recipient.original.empty())
    text += fmt::format("Original-Recipient: {}\r\n", original_recipient(recipient.original, utf8));
  text +=
      fmt::format("Final-Recipient: {}\r\nAction: {}\r\nStatus: {}\r\n",
                  typed_address(recipient, utf8), action_of(outcome), status_of(about, outcome));
  if (!answer.host.empty()) text += "Remote-MTA: dns; " + mta_name(answer.host) + "\r\n";
  // RFC 3464 2.3.6; what no peer has said is of a type of our own.
  if (about.kind != DsnKind::delivered)
    text +=
        folded_field("Diagnostic-Code", (answer.code != 0 ? "smtp; " : "X-Malleposte; ") +
                                            reply_line(answer, reply_share(about.outcomes.size())));
  if (outcome.ended != WallTime{})  // else nothing was tried
    text += fmt::format("Last-Attempt-Date: {}\r\n", date_time(outcome.ended));
  if (outcome.fate == Fate::queued)
    text += fmt::format("Will-Retry-Until: {}\r\n", date_time(about.retry_until));
  return text;
}

}  // namespace

std::string dsn_status(const DsnCase& about, bool utf8) {
  auto text = of_message(about);
  for (const auto& outcome : about.outcomes) text += "\r\n" + of_recipient(about, outcome, utf8);
  return text;
}

}  // namespace malleposte::mail
