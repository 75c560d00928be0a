#include "queue/rate.h"

#include <gtest/gtest.h>

namespace malleposte::queue {
namespace {

using namespace std::chrono_literals;

constexpr SteadyTime start{std::chrono::hours(1)};

// How many go in `duration` when each goes as soon as it may.
int go(Rate& rate, Duration duration) {
  int gone = 0;
  for (auto now = start; now < start + duration;) {
    const auto ready = rate.ready(now);
    if (ready > now) {
      now = ready;
      continue;
    }
    rate.take();
    ++gone;
  }
  return gone;
}

TEST(Rate, IsNotExceededByMoreThanABucket) {
  Rate a_minute, a_second;
  a_minute.set(20.0 / 60, start);
  EXPECT_NEAR(go(a_minute, 10min), 200, 1);
  a_second.set(10, start);
  EXPECT_NEAR(go(a_second, 10s), 109, 1);
}

TEST(Rate, TellsWhenTheNextMayGo) {
  Rate rate;
  EXPECT_LE(rate.ready(start), start) << "no limit";
  rate.set(1.0 / 3600, start);
  EXPECT_EQ(rate.ready(start), start);
  rate.take();
  EXPECT_GE(rate.ready(start), start + 1h);
  EXPECT_LE(rate.ready(start), start + 1h + 1ms);
  EXPECT_EQ(rate.ready(start + 2h), start + 2h);
}

TEST(Rate, AChangeGivesNothingAway) {
  Rate rate;
  rate.set(1, start);
  rate.take();
  rate.set(2, start);
  EXPECT_EQ(rate.ready(start), start + 500ms);
  rate.set(0, start);
  EXPECT_LE(rate.ready(start), start);
}

}  // namespace
}  // namespace malleposte::queue
