#include "monitor/queue_times.h"

#include <algorithm>
#include <bit>

namespace malleposte::monitor {

// Below 4 microseconds each has a bucket; above, the two bits behind the first say which of four.
std::size_t QueueTimes::bucket_of(Duration duration) {
  const auto value = static_cast<std::uint64_t>(std::max<std::int64_t>(duration.count(), 0));
  if (value < 4) return value;
  const auto doublings = static_cast<std::size_t>(std::bit_width(value)) - 3;  // 4..7: 0
  return std::min(buckets - 1, 4 * (doublings + 1) + ((value >> doublings) & 3U));
}

Duration QueueTimes::middle_of(std::size_t bucket) {
  if (bucket < 4) return Duration(bucket);
  const auto doublings = bucket / 4 - 1;
  const auto lowest = (4 + bucket % 4) << doublings;
  return Duration(lowest + (std::uint64_t{1} << doublings) / 2);
}

void QueueTimes::observe(Duration in_queue, SteadyTime now) {
  since_start_.observe(std::chrono::duration<double>(in_queue).count());
  const auto number = now.time_since_epoch() / slot_length;
  Slot& slot = slots_[static_cast<std::size_t>(number) % slot_count];
  if (slot.number != number) {
    slot.number = number;
    slot.counts.fill(0);
  }
  ++slot.counts[bucket_of(in_queue)];
}

QueueTimes::Percentiles QueueTimes::recent(SteadyTime now) const {
  const auto number = now.time_since_epoch() / slot_length;
  std::array<std::uint64_t, buckets> sums{};
  Percentiles result;
  for (const Slot& slot : slots_) {
    if (slot.number < 0 || number - slot.number >= static_cast<std::int64_t>(slot_count)) continue;
    for (std::size_t i = 0; i < buckets; ++i) {
      sums[i] += slot.counts[i];
      result.recipients += slot.counts[i];
    }
  }
  // The smallest time that so many of a hundred did not exceed.
  const auto percentile = [&](std::uint64_t percent) {
    const auto rank = (result.recipients * percent + 99) / 100;
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < buckets; ++i) {
      seen += sums[i];
      if (seen >= rank) return middle_of(i);
    }
    return Duration{};
  };
  if (result.recipients == 0) return result;
  result.p50 = percentile(50);
  result.p90 = percentile(90);
  result.p99 = percentile(99);
  return result;
}

}  // namespace malleposte::monitor
