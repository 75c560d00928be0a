// The notices about mail, in the form of RFC 3464 (delivery status in a multipart/report): to its
// sender that it failed, is late, was passed on or is in its mailbox, and to our postmaster that a
// notice of ours failed itself. Pure; delivery makes them (deliver/notifier), also for bounces by
// the operator. What remote hosts said, and what is returned of the message, are foreign text: they
// can add no line, field or part to the notice.
//
// Senders are written to in the language that their message asks for (language.h), postmasters in
// English. A notice to a non-ASCII address is internationalized itself (RFC 6533, SMTPUTF8); any
// other can go any way that mail goes: what in it needs UTF-8 is encoded.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "mail/envelope.h"
#include "mail/language.h"
#include "mail/message_id.h"
#include "mail/outcome.h"

namespace malleposte::mail {

enum class DsnKind : std::uint8_t {
  failure,        // to the sender: these recipients failed for good
  delay,          // to the sender: these are still queued
  success,        // to the sender, who asked for it: these were passed on (RFC 3461 5.2.2)
  delivered,      // to the sender, who asked for it: these are in their mailboxes (5.2.3)
  double_bounce,  // to the postmaster: a notice of ours did not reach these
};

// What a notice is made from.
struct DsnCase {
  DsnKind kind = DsnKind::failure;
  Address to;                            // never null
  const Envelope& original;              // of the message it is about
  MessageId id;                          // of the same
  const std::vector<Outcome>& outcomes;  // at least one; recipients are indexes into the envelope's
  std::string_view content;              // the beginning of it
  bool return_message = false;           // `content` is all of it, and may be returned whole
  std::string_view hostname;             // ours
  WallTime now{};
  WallTime retry_until{};  // of a delay: when it is given up
  std::size_t more = 0;    // recipients with whom it is the same, but who are not named
};

struct Dsn {
  Envelope envelope;    // from <>
  std::string content;  // with CRLF line ends
};

Dsn make_dsn(const DsnCase& about);

// A message of our own from <> in parts: the frame that all notices share.
struct NoticeFrame {
  Address to;
  std::string_view subject;  // UTF-8
  std::string_view type;     // "multipart/report; report-type=delivery-status"
  std::string_view hostname;
  MessageId id;           // of the message it is about
  std::string_view mark;  // tells kinds of notices about one message apart in their Message-IDs
  WallTime now{};
  Language language = Language::english;  // of the part for people
};
// `parts`: each with its own fields, an empty line and its content.
Dsn frame_notice(const NoticeFrame& frame, const std::vector<std::string>& parts, bool eight_bit);

// The part for people: UTF-8 in lines, encoded where it is more than ASCII.
std::string text_part(std::string_view text, Language language);

// Whether notices to this address are internationalized (RFC 6533).
bool internationalized(const Address& to);

}  // namespace malleposte::mail
