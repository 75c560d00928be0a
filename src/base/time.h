// The two kinds of time. SteadyTime never jumps and is what deadlines and retries run on; WallTime
// is what people read and what is written to disk. Both count microseconds. Where they come from is
// the Loop's business (base/loop.h), so that a simulation can supply them.
#pragma once

#include <chrono>

namespace malleposte {

using Duration = std::chrono::microseconds;

struct SteadyTag {
  using duration = Duration;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<SteadyTag, Duration>;
  static constexpr bool is_steady = true;
};
using SteadyTime = SteadyTag::time_point;
using WallTime = std::chrono::sys_time<Duration>;

// A deadline that never comes.
inline constexpr SteadyTime never = SteadyTime::max();

}  // namespace malleposte
