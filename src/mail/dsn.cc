#include "mail/dsn.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>

#include "base/limits.h"
#include "mail/plain_text.h"
#include "mail/received.h"
#include "mail/status.h"

namespace malleposte::mail {
namespace {

constexpr std::size_t line_octets = 72;    // of the text for people
constexpr std::size_t longest_line = 998;  // RFC 5322 2.1.1

// Words in lines of at most `line_octets`, each behind `indent`; words too long are cut.
std::string wrap(std::string_view text, std::string_view indent) {
  std::string wrapped;
  while (!text.empty()) {
    auto length = std::min(text.size(), line_octets - indent.size());
    auto next = length;
    if (length < text.size()) {
      if (auto blank = text.rfind(' ', length); blank != std::string_view::npos && blank > 0) {
        length = blank;
        next = blank + 1;
      }
    }
    wrapped += indent;
    wrapped += text.substr(0, length);
    wrapped += "\r\n";
    text.remove_prefix(next);
  }
  return wrapped;
}

// A field whose value may be long: folded before blanks (RFC 5322 2.2.3), which changes nothing in
// its meaning, and cut where there are none.
std::string field(std::string_view name, std::string_view value) {
  auto lines = wrap(fmt::format("{}: {}", name, value), "");
  std::string folded;
  for (std::size_t at = 0; at < lines.size();) {
    auto end = lines.find("\r\n", at) + 2;
    if (at > 0) folded += ' ';
    folded += lines.substr(at, end - at);
    at = end;
  }
  return folded;
}

// What the header of the message was, up to a limit that ends at a whole line: lines end with CRLF
// and are short enough, and no character is one that cannot be sent on.
std::string returned_header(std::string_view content) {
  std::string header;
  while (!content.empty()) {
    auto end = content.find('\n');
    if (end == std::string_view::npos) break;  // cut off in the middle
    auto line = content.substr(0, end);
    content.remove_prefix(end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) break;
    line = line.substr(0, longest_line);
    if (header.size() + line.size() + 2 > limits::dsn_header_octets) break;
    for (char c : line) header += c == '\0' || c == '\r' ? '?' : c;
    header += "\r\n";
  }
  return header;
}

// Of many recipients each gets a shorter share, so that the notice fits in one record of the spool.
std::size_t share(std::size_t recipients) {
  constexpr std::size_t in_all = 100'000, least = 80;
  return std::clamp(in_all / recipients, least, limits::reply_text_kept);
}

std::string reply_line(const Answer& answer, std::size_t most) {
  auto text = one_line(answer.text, most);
  return answer.code == 0 ? text
                          : fmt::format("{} {} {}", answer.code, one_line(answer.status, 11), text);
}

std::string host_of(const Answer& answer) {
  auto host = one_line(answer.host, limits::domain_octets);
  auto address = one_line(answer.address, limits::domain_octets);
  if (host.empty()) return address;
  return address.empty() ? host : fmt::format("{} ({})", host, address);
}

std::string for_people(const Envelope& original, const std::vector<Outcome>& failed,
                       std::string_view hostname) {
  auto text = fmt::format(
      "This is the mail system at {}.\r\n"
      "\r\n"
      "Your message could not be delivered to the recipients named below, and\r\n"
      "it will not be tried again. The reason stands under each of them.\r\n",
      hostname);
  for (const auto& outcome : failed) {
    const auto& answer = outcome.answer;
    text += "\r\n" +
            wrap(fmt::format("<{}>", one_line(to_string(original.recipients[outcome.recipient]),
                                              limits::path_octets)),
                 "");
    if (outcome.fate == Fate::expired)
      text += wrap("It could not be delivered in the time allowed. The last attempt ended with:",
                   "    ");
    if (auto host = host_of(answer); !host.empty())
      text += wrap(answer.code != 0 ? "The host " + host + " said:" : "At the host " + host + ":",
                   "    ");
    text += wrap(reply_line(answer, share(failed.size())), "    ");
  }
  return text;
}

std::string status_of(const Outcome& outcome) {
  if (outcome.fate == Fate::expired) return "4.4.7";  // RFC 3463: delivery time expired
  auto status = leading_status(outcome.answer.status);
  return status.empty() ? "5.0.0" : std::string(status);
}

std::string for_programs(const Envelope& original, MessageId id, const std::vector<Outcome>& failed,
                         std::string_view hostname, WallTime now) {
  auto text =
      fmt::format("Reporting-MTA: dns; {}\r\nX-Malleposte-Queue-ID: {}\r\nArrival-Date: {}\r\n",
                  hostname, to_string(id), date_time(original.arrived));
  for (const auto& outcome : failed) {
    const auto& answer = outcome.answer;
    text += fmt::format(
        "\r\nFinal-Recipient: rfc822; {}\r\nAction: failed\r\nStatus: {}\r\n",
        one_line(to_string(original.recipients[outcome.recipient]), limits::path_octets),
        status_of(outcome));
    if (!answer.host.empty())
      text += fmt::format("Remote-MTA: dns; {}\r\n", one_line(answer.host, limits::domain_octets));
    if (answer.code != 0)
      text += field("Diagnostic-Code", "smtp; " + reply_line(answer, share(failed.size())));
    text += fmt::format("Last-Attempt-Date: {}\r\n", date_time(now));
  }
  return text;
}

}  // namespace

std::optional<Dsn> make_dsn(const Envelope& original, MessageId id, std::string_view header,
                            const std::vector<Outcome>& failed, std::string_view hostname,
                            WallTime now) {
  assert(!failed.empty());
  for (const auto& outcome : failed) assert(outcome.recipient < original.recipients.size());
  if (original.reverse_path.null()) return std::nullopt;

  const auto people = for_people(original, failed, hostname);
  const auto programs = for_programs(original, id, failed, hostname, now);
  const auto returned = returned_header(header);
  const bool eight_bit =
      std::any_of(returned.begin(), returned.end(), [](char c) { return (c & 0x80) != 0; });
  // The boundary must not occur in what others wrote.
  auto boundary = fmt::format("=_{}.{}", to_string(id), now.time_since_epoch().count());
  while (people.find(boundary) != std::string::npos ||
         programs.find(boundary) != std::string::npos ||
         returned.find(boundary) != std::string::npos)
    boundary += "_";

  Dsn dsn;
  dsn.envelope.recipients.push_back(original.reverse_path);
  dsn.envelope.body = eight_bit ? Body::eight_bit : Body::seven_bit;
  dsn.envelope.arrived = now;
  dsn.content = fmt::format(
      "Date: {date}\r\n"
      "From: Mail Delivery System <MAILER-DAEMON@{host}>\r\n"
      "To: <{to}>\r\n"
      "Subject: Undelivered mail returned to sender\r\n"
      "Message-ID: <{id}.{time}@{host}>\r\n"
      "Auto-Submitted: auto-replied\r\n"
      "MIME-Version: 1.0\r\n"
      "Content-Type: multipart/report; report-type=delivery-status;\r\n"
      " boundary=\"{boundary}\"\r\n"
      "{encoding}"
      "\r\n"
      "This is a report in MIME format.\r\n"
      "\r\n--{boundary}\r\n"
      "Content-Type: text/plain; charset=us-ascii\r\n"
      "\r\n"
      "{people}"
      "\r\n--{boundary}\r\n"
      "Content-Type: message/delivery-status\r\n"
      "\r\n"
      "{programs}"
      "\r\n--{boundary}\r\n"
      "Content-Type: text/rfc822-headers\r\n"
      "{encoding}"
      "\r\n"
      "{returned}"
      "\r\n--{boundary}--\r\n",
      fmt::arg("date", date_time(now)), fmt::arg("host", hostname),
      fmt::arg("to", to_string(original.reverse_path)), fmt::arg("id", to_string(id)),
      fmt::arg("time", now.time_since_epoch().count()), fmt::arg("boundary", boundary),
      fmt::arg("people", people), fmt::arg("programs", programs), fmt::arg("returned", returned),
      fmt::arg("encoding", eight_bit ? "Content-Transfer-Encoding: 8bit\r\n" : ""));
  return dsn;
}

}  // namespace malleposte::mail
