// When a deferred recipient is tried again, and when its time is over. Pure.
#pragma once

#include <cstdint>
#include <optional>

#include "base/time.h"

namespace malleposte::queue {

struct RetrySchedule {
  Duration first{};     // property retry_first: after the first attempt, doubling with each
  Duration max{};       // retry_max: never longer than this
  Duration lifetime{};  // queue_lifetime: counted from arrival

  // The time of the next attempt when one has failed at `now` and `attempts` had failed before.
  // Up to 10 % earlier or later, by the random bits, so that what failed together does not come
  // back together. Never behind the end of the lifetime, so that there is a last attempt at it;
  // empty when the lifetime has passed: the recipient is expired. Nor behind a `deadline` that is
  // still to come (RFC 2852), so that something happens at it.
  std::optional<WallTime> next(WallTime now, WallTime arrived, std::uint32_t attempts,
                               std::uint64_t random, WallTime deadline = WallTime::max()) const;
};

}  // namespace malleposte::queue
