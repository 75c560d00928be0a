#include "queue/retry_schedule.h"

#include <algorithm>

namespace malleposte::queue {

std::optional<WallTime> RetrySchedule::next(WallTime now, WallTime arrived, std::uint32_t attempts,
                                            std::uint64_t random, WallTime deadline) const {
  const auto end = arrived + lifetime;
  if (now >= end) return std::nullopt;
  auto wait = first;
  for (std::uint32_t i = 0; i < attempts && wait < max; ++i) wait *= 2;
  wait = std::min(wait, max);
  constexpr int steps = 2001;  // from -10 % to +10 %
  wait += wait / 10'000 * (static_cast<int>(random % steps) - 1000);
  const auto last = now < deadline ? std::min(end, deadline) : end;
  return std::min(now + wait, last);
}

}  // namespace malleposte::queue
