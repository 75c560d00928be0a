// What a notice gives back of the message it is about: its header, or all of it when it is small
// and fit to be carried inside another message. Pure.
#pragma once

#include <string>
#include <string_view>

namespace malleposte::mail {

struct ReturnedContent {
  std::string octets;  // whole lines with CRLF
  bool whole = false;  // all of the message, else its header
  bool eight_bit = false;
};

// `content`: the beginning of the message; `all_of_it`: and its end, and the whole message may be
// returned. That is done when it has at most limits::dsn_message_octets, lines that may be sent
// (RFC 5322 2.1.1: 998 octets) and no octet that may not; else its header goes, up to a limit that
// ends at a whole line (limits::dsn_header_octets), made fit for sending.
ReturnedContent returned_content(std::string_view content, bool all_of_it);

}  // namespace malleposte::mail
