// What a listener offers to one client in its answer to EHLO. A value: made for each session from
// the listener and from who the client is, and given to ServerProtocol. What is not offered is not
// taken either: its command is answered with 502, its parameter with 555 5.5.4.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/time.h"

namespace malleposte::smtp {

struct Offers {
  // To everybody.
  bool pipelining = true;       // RFC 2920
  bool eight_bit_mime = true;   // RFC 6152
  bool enhanced_status = true;  // RFC 2034
  bool chunking = true;         // RFC 3030: BDAT
  bool binary_mime = true;      // RFC 3030 3; needs chunking
  bool smtputf8 = true;         // RFC 6531; needs eight_bit_mime
  bool dsn = true;              // RFC 3461
  bool etrn = true;             // RFC 1985
  // Only to clients that we know: they would let a stranger fill the queue for days, or overtake.
  bool deliver_by = false;      // RFC 2852
  bool future_release = false;  // RFC 4865
  bool mt_priority = false;     // RFC 6710
  // Only to those who may speak for others (smtp/xclient.h).
  bool xclient = false;
  bool xforward = false;

  // Of a listener for SMTP between servers, to a client that is trusted or not.
  static Offers to_client(bool trusted);

  // Takes back what has this keyword, in upper case, and what needs it. False: there is none such
  // that can be taken back.
  bool withhold(std::string_view keyword);
};

// The numbers that stand in the answer.
struct OfferedLimits {
  std::uint64_t size = 0;      // octets of a message, 0 none (RFC 1870)
  std::size_t recipients = 0;  // of a message (RFC 9422 RCPTMAX)
  WallTime now{};              // for the last date to which mail may be held (RFC 4865 3)
};

// Appends the answer to EHLO (RFC 5321 4.1.1.1): the name, then a line for each keyword.
void append_ehlo_answer(std::string& out, std::string_view hostname, const Offers& offers,
                        const OfferedLimits& numbers);

}  // namespace malleposte::smtp
