// A session that only rehearses: the real protocol with the real rules, but no stream, no store and
// nobody who is counted. Tells what a client would be answered, and which properties decide. Pure;
// loop thread.
#pragma once

#include <optional>

#include "base/limit.h"
#include "base/time.h"
#include "policy/rehearsal.h"
#include "receive/session.h"

namespace malleposte::receive {

// `met`: the limit that would turn the client away at the door. `room`: whether the store would
// take a message now. `found`: whether there is somebody by the recipient's address.
policy::Rehearsal rehearse(const policy::Rehearsal::Question& question, const Rules& rules,
                           std::optional<Limit> met, bool room,
                           std::optional<Recipients::Found> found, WallTime now);

}  // namespace malleposte::receive
