// What became of one recipient, or of a whole conversation, by the word of a peer or for want of
// one.
#pragma once

#include <cstdint>
#include <string>

#include "smtp/reply_parser.h"

namespace malleposte::smtp {

enum class Verdict : std::uint8_t { accepted, temporary, permanent };

struct Ruling {
  Verdict verdict = Verdict::temporary;
  int code = 0;        // of the reply; 0 when none came
  std::string status;  // enhanced code, always set
  std::string text;    // one line
  // Accepted by a host that offers DSN: what the sender wants to be told of is its business from
  // here on (RFC 3461 5.2.2). Where it is false and success was asked for, we tell of the relaying.
  bool reports_passed_on = false;
  // Accepted with BY by a host that does not offer DELIVERBY: the sender is told of the relaying
  // unless it wants to be told of nothing (RFC 2852 4.1.4.2).
  bool time_limit_lost = false;
  // Accepted into the recipient's mailbox: delivered, not relayed (RFC 3461 5.2.3).
  bool final_delivery = false;
};

Ruling ruling_of(const PeerReply& reply, Verdict verdict);
// By the class of its code.
Ruling ruling_of(const PeerReply& reply);

}  // namespace malleposte::smtp
