// Pieces of log lines, appended to a buffer: what the journal's lines and the API's long lists are
// made of. Written by hand because seven lines a message at 10,000 messages a second must not cost
// a tenth of a core; everything here only appends and allocates nothing but the buffer's growth.
//
// What peers sent goes through append_json or append_clean: whatever they send, a line stays one
// line of valid UTF-8.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/time.h"

namespace malleposte::monitor {

// A JSON string with its quotes (RFC 8259 7). Control characters are escaped, octets that are not
// UTF-8 become U+FFFD.
void append_json(std::string& out, std::string_view text);

// For one-line logs: control characters (C0, DEL, C1) and octets that are not UTF-8 become '?'.
void append_clean(std::string& out, std::string_view text);

void append_number(std::string& out, std::uint64_t number);

// Seconds with `decimals` (1 to 6) places, cut, never rounded up: "0.12". Negative ones are 0.
void append_seconds(std::string& out, Duration duration, unsigned decimals);

// Times as text, with the last second's text kept, since most lines share it. One per thread.
class ClockText {
 public:
  // "2026-11-23T10:15:42.123456Z": RFC 3339, UTC; `decimals` is 3 or 6.
  void append_rfc3339(std::string& out, WallTime time, unsigned decimals = 6);
  // "Nov 23 10:15:42": local time (RFC 3164 4.1.2), the day padded with a space.
  void append_syslog(std::string& out, WallTime time);

 private:
  std::int64_t utc_second_ = INT64_MIN;
  std::int64_t local_second_ = INT64_MIN;
  std::string utc_;
  std::string local_;
};

}  // namespace malleposte::monitor
