// What a peer offers in its answer to EHLO (RFC 5321 4.1.1.1), as far as the client makes use of
// it. Unknown keywords are skipped.
#pragma once

#include <cstdint>
#include <string_view>

namespace malleposte::smtp {

struct EhloAnswer {
  bool pipelining = false;       // RFC 2920
  bool eight_bit_mime = false;   // RFC 6152
  bool size = false;             // RFC 1870
  std::uint64_t size_limit = 0;  // octets; 0: not told
};

// `text` as PeerReply::text: lines separated by '\n', the first one being the greeting.
EhloAnswer parse_ehlo_answer(std::string_view text);

}  // namespace malleposte::smtp
