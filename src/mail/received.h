// The trace that every relay stamps on a message (RFC 5321 4.4), and the count of the stamps a
// message carries already, by which loops are found (RFC 5321 6.3). Pure values; receive/ calls
// both for each message it takes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/ip_address.h"
#include "base/time.h"
#include "mail/address.h"
#include "mail/message_id.h"

namespace malleposte::mail {

struct Trace {
  std::string_view helo;         // as the client said it: anything
  std::string_view client_name;  // its reverse name, "" unknown
  IpAddress client_address{};
  std::string_view hostname;  // ours
  bool esmtp = false;         // greeted by EHLO
  MessageId id;
  const Address* only_recipient = nullptr;  // null with several: they must not see each other
  WallTime when{};
};

// The Received field, folded, with CRLF at its end. Whatever the client said can add no line, no
// comment and no field: characters that no host name or address literal has become `?`.
std::string received_field(const Trace& trace);

// "Thu, 21 May 2026 05:33:29 +0000" (RFC 5322 3.3), always in UTC.
std::string date_time(WallTime when);

// Counts the Received fields of a message while it streams by. Looks at the header only, and at
// most at its first limits::header_octets.
class HopCounter {
 public:
  // The next piece of content, cut anywhere.
  void feed(std::string_view content);
  std::uint32_t hops() const { return hops_; }
  // The header is over: there is nothing more to count.
  bool done() const { return done_; }

 private:
  std::uint32_t hops_ = 0;
  std::uint32_t octets_ = 0;
  std::uint8_t matched_ = 0;  // of "received:" at the start of this line; none: it is another one
  bool at_start_ = true;      // nothing of the line was seen yet, but perhaps its CR
  bool done_ = false;
};

}  // namespace malleposte::mail
