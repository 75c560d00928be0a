#include "mail/dsn.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>

#include "base/ip_address.h"
#include "base/limits.h"
#include "mail/dsn_text.h"
#include "mail/plain_text.h"
#include "mail/received.h"
#include "mail/returned_content.h"
#include "mail/status.h"
#include "mail/wrapped_text.h"

namespace malleposte::mail {
namespace {

// RFC 3464 2.3.4. The class follows the action, whatever the peer wrote.
std::string status_of(const Outcome& outcome) {
  if (outcome.fate == Fate::expired) return "4.4.7";  // RFC 3463: delivery time expired
  const char kind = outcome.fate == Fate::queued ? '4' : '5';
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

std::string for_programs(const DsnCase& about) {
  auto text =
      fmt::format("Reporting-MTA: dns; {}\r\nX-Malleposte-Queue-ID: {}\r\nArrival-Date: {}\r\n",
                  about.hostname, to_string(about.id), date_time(about.original.arrived));
  for (const auto& outcome : about.outcomes) {
    const auto& answer = outcome.answer;
    // Never folded: in an address there is no blank where it could be.
    text += fmt::format(
        "\r\nFinal-Recipient: rfc822; {}\r\n",
        one_line(to_string(about.original.recipients[outcome.recipient]), limits::path_octets));
    text += fmt::format("Action: {}\r\nStatus: {}\r\n",
                        outcome.fate == Fate::queued ? "delayed" : "failed", status_of(outcome));
    if (!answer.host.empty()) text += "Remote-MTA: dns; " + mta_name(answer.host) + "\r\n";
    // RFC 3464 2.3.6; what no peer has said is of a type of our own.
    text +=
        folded_field("Diagnostic-Code", (answer.code != 0 ? "smtp; " : "X-Malleposte; ") +
                                            reply_line(answer, reply_share(about.outcomes.size())));
    text += fmt::format("Last-Attempt-Date: {}\r\n", date_time(about.now));
    if (outcome.fate == Fate::queued)
      text += fmt::format("Will-Retry-Until: {}\r\n", date_time(about.retry_until));
  }
  return text;
}

std::string_view subject_of(DsnKind kind) {
  switch (kind) {
    case DsnKind::failure:
      return "Undelivered mail returned to sender";
    case DsnKind::delay:
      return "Delayed mail (still being tried)";
    case DsnKind::double_bounce:
      return "Undeliverable notice (double bounce)";
  }
  return "";
}

}  // namespace

Dsn frame_notice(const NoticeFrame& frame, const std::vector<std::string>& parts, bool eight_bit) {
  assert(!frame.to.null());
  // The boundary must not occur in what others wrote.
  auto boundary = fmt::format("=_{}.{}", to_string(frame.id), frame.now.time_since_epoch().count());
  while (std::any_of(parts.begin(), parts.end(), [&](const std::string& part) {
    return part.find(boundary) != std::string::npos;
  }))
    boundary += "_";

  Dsn dsn;
  dsn.envelope.recipients.push_back(frame.to);
  dsn.envelope.body = eight_bit ? Body::eight_bit : Body::seven_bit;
  dsn.envelope.arrived = frame.now;
  dsn.content = fmt::format(
      "Date: {date}\r\n"
      "From: Mail Delivery System <MAILER-DAEMON@{host}>\r\n"
      "To: <{to}>\r\n"
      "Subject: {subject}\r\n"
      "Message-ID: <{id}.{time}{mark}@{host}>\r\n"
      "Auto-Submitted: auto-replied\r\n"
      "MIME-Version: 1.0\r\n"
      "Content-Type: {type};\r\n"
      " boundary=\"{boundary}\"\r\n"
      "{encoding}"
      "\r\n"
      "This is a report in MIME format.\r\n",
      fmt::arg("date", date_time(frame.now)), fmt::arg("host", frame.hostname),
      fmt::arg("to", to_string(frame.to)), fmt::arg("subject", frame.subject),
      fmt::arg("id", to_string(frame.id)), fmt::arg("mark", frame.mark),
      fmt::arg("time", frame.now.time_since_epoch().count()), fmt::arg("type", frame.type),
      fmt::arg("boundary", boundary),
      fmt::arg("encoding", eight_bit ? "Content-Transfer-Encoding: 8bit\r\n" : ""));
  for (const auto& part : parts) dsn.content += fmt::format("\r\n--{}\r\n{}", boundary, part);
  dsn.content += fmt::format("\r\n--{}--\r\n", boundary);
  return dsn;
}

Dsn make_dsn(const DsnCase& about) {
  assert(!about.outcomes.empty());
  for (const auto& outcome : about.outcomes)
    assert(outcome.recipient < about.original.recipients.size());
  const bool failed = about.kind != DsnKind::delay;
  for (const auto& outcome : about.outcomes) assert((outcome.fate != Fate::queued) == failed);

  const auto returned = returned_content(about.content, about.return_message);
  const std::vector<std::string> parts{
      "Content-Type: text/plain; charset=us-ascii\r\n\r\n" + dsn_text(about, returned.whole),
      "Content-Type: message/delivery-status\r\n\r\n" + for_programs(about),
      fmt::format(
          "Content-Type: {}\r\n{}\r\n{}", returned.whole ? "message/rfc822" : "text/rfc822-headers",
          returned.eight_bit ? "Content-Transfer-Encoding: 8bit\r\n" : "", returned.octets)};
  return frame_notice(
      {about.to, subject_of(about.kind), "multipart/report; report-type=delivery-status",
       about.hostname, about.id, about.kind == DsnKind::delay ? ".delay" : "", about.now},
      parts, returned.eight_bit);
}

}  // namespace malleposte::mail
