// What the client asked for beside the addresses: the parameters of MAIL and RCPT that travel with
// a message from hop to hop. Plain values; the parameters' syntax is smtp/, what is made of them is
// mail/dsn, deliver/ and queue/.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/time.h"

namespace malleposte::mail {

// NOTIFY= (RFC 3461 4.1): of which events the sender is told. None is set where it was not given.
struct Notify {
  bool never = false, success = false, failure = false, delay = false;

  bool given() const { return never || success || failure || delay; }
  bool wants_success() const { return success && !never; }
  bool wants_failure() const { return (failure && !never) || !given(); }
  bool wants_delay() const { return (delay && !never) || !given(); }
  bool operator==(const Notify&) const = default;
};

enum class Return : std::uint8_t { unspecified, headers, full };  // RET= (RFC 3461 4.3)

// BY= (RFC 2852 4).
struct DeliverBy {
  WallTime deadline{};
  bool return_after = false;  // mode R: return what is not delivered then; else N: tell of it
  bool trace = false;
  bool operator==(const DeliverBy&) const = default;
};

struct Requests {
  bool smtputf8 = false;    // RFC 6531 3.4: addresses or header need it
  std::string envelope_id;  // ENVID= (RFC 3461 4.4), decoded; "" not given
  Return returned = Return::unspecified;
  std::optional<DeliverBy> deliver_by;
  WallTime held_until{};  // HOLDFOR=, HOLDUNTIL= (RFC 4865); the epoch: not given
  int priority = 0;       // MT-PRIORITY= (RFC 6710), -9 to 9
  bool operator==(const Requests&) const = default;
};

}  // namespace malleposte::mail
