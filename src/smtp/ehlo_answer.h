// What a peer offers in its answer to EHLO (RFC 5321 4.1.1.1), as far as the client makes use of
// it. Unknown keywords are skipped, and so are parameters that are not what their specification
// says: the extension counts without them.
#pragma once

#include <cstdint>
#include <string_view>

namespace malleposte::smtp {

struct EhloAnswer {
  bool pipelining = false;             // RFC 2920
  bool eight_bit_mime = false;         // RFC 6152
  bool size = false;                   // RFC 1870
  std::uint64_t size_limit = 0;        // octets; 0: not told
  bool chunking = false;               // RFC 3030 2
  bool binary_mime = false;            // RFC 3030 3; only together with CHUNKING
  bool smtputf8 = false;               // RFC 6531; only together with 8BITMIME (its 3.1)
  bool dsn = false;                    // RFC 3461
  bool enhanced_status_codes = false;  // RFC 2034
  bool deliver_by = false;             // RFC 2852
  std::uint64_t deliver_by_min_s = 0;  // the least BY that it takes with mode R; 0: not told
  bool future_release = false;         // RFC 4865
  std::uint64_t hold_max_s = 0;        // its longest HOLDFOR; 0: not told
  bool mt_priority = false;            // RFC 6710
  // LIMITS (RFC 9422 4); 0: none told.
  std::uint32_t mails_max = 0;              // transactions in a session
  std::uint32_t recipients_max = 0;         // in a transaction
  std::uint32_t recipient_domains_max = 0;  // in a session

  bool operator==(const EhloAnswer&) const = default;
};

// `text` as PeerReply::text: lines separated by '\n', the first one being the greeting.
EhloAnswer parse_ehlo_answer(std::string_view text);

}  // namespace malleposte::smtp
