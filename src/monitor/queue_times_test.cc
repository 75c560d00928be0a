#include "monitor/queue_times.h"

#include <gtest/gtest.h>

namespace malleposte::monitor {
namespace {

using namespace std::chrono_literals;

const SteadyTime start{1000h};

double seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

TEST(QueueTimes, NothingIsNoTime) {
  const auto none = QueueTimes().recent(start);
  EXPECT_EQ(none.recipients, 0U);
  EXPECT_EQ(none.p99, 0s);
}

TEST(QueueTimes, PercentilesAreExactToAnEighth) {
  QueueTimes times;
  for (int i = 1; i <= 1000; ++i) times.observe(i * 100ms, start);
  const auto now = times.recent(start);
  EXPECT_EQ(now.recipients, 1000U);
  EXPECT_NEAR(seconds(now.p50), 50, 50 / 8.0);
  EXPECT_NEAR(seconds(now.p90), 90, 90 / 8.0);
  EXPECT_NEAR(seconds(now.p99), 99, 99 / 8.0);
  for (const Duration one : {Duration(0us), Duration(3us), Duration(4us), Duration(777us),
                             Duration(5h), Duration(30 * 24h)}) {
    QueueTimes alone;
    alone.observe(one, start);
    EXPECT_NEAR(seconds(alone.recent(start).p50), seconds(one), seconds(one) / 8) << one.count();
  }
  QueueTimes beyond;
  beyond.observe(-1s, start);  // the clock was set
  beyond.observe(Duration(INT64_MAX), start);
  EXPECT_EQ(beyond.recent(start).recipients, 2U);
}

TEST(QueueTimes, TheWindowSlidesAndTheHistogramStays) {
  QueueTimes times;
  times.observe(10s, start);
  times.observe(10s, start + 14min);
  EXPECT_EQ(times.recent(start + 14min).recipients, 2U);
  EXPECT_EQ(times.recent(start + 15min).recipients, 1U) << "the first minute is past";
  EXPECT_EQ(times.recent(start + 29min).recipients, 0U);
  times.observe(1s, start + 10h);  // a slot that is used again begins anew
  EXPECT_EQ(times.recent(start + 10h).recipients, 1U);
  EXPECT_NEAR(seconds(times.recent(start + 10h).p99), 1, 1 / 8.0);
  std::uint64_t in_all = 0;
  for (auto count : times.since_start().counts()) in_all += count;
  EXPECT_EQ(in_all, 3U);
}

}  // namespace
}  // namespace malleposte::monitor
