#include "mail/dsn.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>

#include "mail/code_points.h"
#include "mail/dsn_status.h"
#include "mail/dsn_text.h"
#include "mail/dsn_words.h"
#include "mail/received.h"
#include "mail/returned_content.h"
#include "mail/transfer_encoding.h"

namespace malleposte::mail {
namespace {

std::string_view subject_of(DsnKind kind, const DsnWords& words) {
  switch (kind) {
    case DsnKind::failure:
      return words.failure_subject;
    case DsnKind::delay:
      return words.delay_subject;
    case DsnKind::success:
      return words.success_subject;
    case DsnKind::delivered:
      return words.delivered_subject;
    case DsnKind::double_bounce:
      return "Undeliverable notice (double bounce)";
  }
  return "";
}

// Different for any two notices about a message that are made at the same time.
std::string mark_of(const DsnCase& about) {
  std::string_view kind;
  if (about.kind == DsnKind::delay) kind = ".delay";
  if (about.kind == DsnKind::success) kind = ".success";
  if (about.kind == DsnKind::delivered) kind = ".delivered";
  const auto first = about.outcomes.front().recipient;
  return first == 0 ? std::string(kind) : fmt::format("{}.{}", kind, first);
}

Fate expected(DsnKind kind, Fate fate) {
  if (kind == DsnKind::delay) return Fate::queued;
  if (kind == DsnKind::success || kind == DsnKind::delivered) return Fate::delivered;
  return fate == Fate::expired ? Fate::expired : Fate::bounced;
}

// The part that returns the original. message/global may be encoded (RFC 6533 4), so that it passes
// where UTF-8 does not; message/rfc822 may not (RFC 2046 5.2.1).
std::string returned_part(const ReturnedContent& returned, bool smtputf8, bool utf8) {
  const bool global = smtputf8 && returned.eight_bit;
  std::string_view type = returned.whole ? "message/rfc822" : "text/rfc822-headers";
  if (global) type = returned.whole ? "message/global" : "message/global-headers";
  EncodedText body{returned.eight_bit ? "8bit" : "7bit", returned.octets};
  if (global && !utf8) body = encoded_text(returned.octets);
  return fmt::format("Content-Type: {}\r\n{}\r\n{}", type,
                     body.encoding == "7bit"
                         ? ""
                         : fmt::format("Content-Transfer-Encoding: {}\r\n", body.encoding),
                     body.octets);
}

}  // namespace

bool internationalized(const Address& to) {
  return !is_ascii(to_string(to));
}

std::string text_part(std::string_view text, Language language) {
  const auto body = encoded_text(text);
  const bool ascii = body.encoding == "7bit";
  return fmt::format("Content-Type: text/plain; charset={}\r\nContent-Language: {}\r\n{}\r\n{}",
                     ascii ? "us-ascii" : "utf-8", tag(language),
                     ascii ? "" : fmt::format("Content-Transfer-Encoding: {}\r\n", body.encoding),
                     body.octets);
}

Dsn frame_notice(const NoticeFrame& frame, const std::vector<std::string>& parts, bool eight_bit) {
  assert(!frame.to.null());
  // The boundary must not occur in what others wrote.
  auto boundary = fmt::format("=_{}.{}", to_string(frame.id), frame.now.time_since_epoch().count());
  while (std::any_of(parts.begin(), parts.end(), [&](const std::string& part) {
    return part.find(boundary) != std::string::npos;
  }))
    boundary += "_";

  Dsn dsn;
  dsn.envelope.recipients.emplace_back(frame.to);
  dsn.envelope.requests.smtputf8 = internationalized(frame.to);
  eight_bit |= dsn.envelope.requests.smtputf8;  // the To field
  dsn.envelope.body = eight_bit ? Body::eight_bit : Body::seven_bit;
  dsn.envelope.arrived = frame.now;
  dsn.content = fmt::format(
      "Date: {date}\r\n"
      "From: Mail Delivery System <MAILER-DAEMON@{host}>\r\n"
      "To: <{to}>\r\n"
      "Subject: {subject}\r\n"
      "Message-ID: <{id}.{time}{mark}@{host}>\r\n"
      "Auto-Submitted: auto-replied\r\n"
      "Content-Language: {language}\r\n"
      "MIME-Version: 1.0\r\n"
      "Content-Type: {type};\r\n"
      " boundary=\"{boundary}\"\r\n"
      "{encoding}"
      "\r\n"
      "This is a report in MIME format.\r\n",
      fmt::arg("date", date_time(frame.now)), fmt::arg("host", frame.hostname),
      fmt::arg("to", to_string(frame.to)),
      fmt::arg("subject", encoded_words(frame.subject, std::string_view("Subject: ").size())),
      fmt::arg("language", tag(frame.language)), fmt::arg("id", to_string(frame.id)),
      fmt::arg("mark", frame.mark), fmt::arg("time", frame.now.time_since_epoch().count()),
      fmt::arg("type", frame.type), fmt::arg("boundary", boundary),
      fmt::arg("encoding", eight_bit ? "Content-Transfer-Encoding: 8bit\r\n" : ""));
  for (const auto& part : parts) dsn.content += fmt::format("\r\n--{}\r\n{}", boundary, part);
  dsn.content += fmt::format("\r\n--{}--\r\n", boundary);
  return dsn;
}

Dsn make_dsn(const DsnCase& about) {
  assert(!about.outcomes.empty());
  for (const auto& outcome : about.outcomes) {
    assert(outcome.recipient < about.original.recipients.size());
    assert(outcome.fate == expected(about.kind, outcome.fate));
  }

  const bool utf8 = internationalized(about.to);
  const auto returned = returned_content(about.content, about.return_message);
  const auto original = returned_part(returned, about.original.requests.smtputf8, utf8);
  const auto language =
      about.kind == DsnKind::double_bounce ? Language::english : language_for(about.content);
  const auto status = dsn_status(about, utf8);
  // Encoded, the original is eight bit no more.
  const bool eight_bit = !is_ascii(original) || !is_ascii(status);
  const std::vector<std::string> parts{
      text_part(dsn_text(about, returned.whole, language), language),
      fmt::format("Content-Type: {}\r\n{}\r\n{}",
                  utf8 ? "message/global-delivery-status" : "message/delivery-status",
                  is_ascii(status) ? "" : "Content-Transfer-Encoding: 8bit\r\n", status),
      original};
  const auto mark = mark_of(about);
  auto dsn = frame_notice({about.to, subject_of(about.kind, words_in(language)),
                           "multipart/report; report-type=delivery-status", about.hostname,
                           about.id, mark, about.now, language},
                          parts, eight_bit);
  dsn.envelope.requests.priority = about.original.requests.priority;  // RFC 6710 4.6
  return dsn;
}

}  // namespace malleposte::mail
