// How long recipients were in the queue, from arrival to their final outcome: a histogram since the
// start, and percentiles of the last quarter of an hour, exact to an eighth. Counting one costs a
// few additions. Loop thread only.
#pragma once

#include <array>
#include <cstdint>

#include "base/time.h"
#include "monitor/metrics.h"

namespace malleposte::monitor {

class QueueTimes {
 public:
  static constexpr Duration window = std::chrono::minutes(15);

  void observe(Duration in_queue, SteadyTime now);

  struct Percentiles {
    std::uint64_t recipients = 0;  // that came to their end within the window
    Duration p50{}, p90{}, p99{};  // 0 without any
  };
  Percentiles recent(SteadyTime now) const;

  const Histogram& since_start() const { return since_start_; }

 private:
  // Four buckets for each doubling of the microseconds, up to more than a year.
  static constexpr std::size_t buckets = std::size_t{4} * 46;
  static constexpr Duration slot_length = std::chrono::minutes(1);
  static constexpr std::size_t slot_count = window / slot_length;

  static std::size_t bucket_of(Duration duration);
  static Duration middle_of(std::size_t bucket);

  struct Slot {
    std::int64_t number = -1;  // of its minute
    std::array<std::uint32_t, buckets> counts{};
  };
  std::array<Slot, slot_count> slots_;  // by number, the oldest is used again
  Histogram since_start_;
};

}  // namespace malleposte::monitor
