// The notice that tells a sender which recipients a message did not reach, and why: a bounce
// (RFC 3464 delivery status in an RFC 3462 multipart/report). Pure; delivery calls it for final
// failures, and the store for bounces by the operator. What remote hosts said, and the returned
// header, are foreign text: they can add no line, field or part to the notice.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "mail/envelope.h"
#include "mail/message_id.h"
#include "mail/outcome.h"

namespace malleposte::mail {

struct Dsn {
  Envelope envelope;    // from <> to the sender
  std::string content;  // with CRLF line ends
};

// `header`: the beginning of the message's content; its header is returned as far as
// limits::dsn_header_octets allow. `failed`: final failures, their recipients being indexes into
// the envelope's; at least one. Empty when the reverse-path is null: nobody is told about a notice
// that cannot be delivered (RFC 5321 6.1).
std::optional<Dsn> make_dsn(const Envelope& original, MessageId id, std::string_view header,
                            const std::vector<Outcome>& failed, std::string_view hostname,
                            WallTime now);

}  // namespace malleposte::mail
