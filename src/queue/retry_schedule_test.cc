#include "queue/retry_schedule.h"

#include <gtest/gtest.h>

namespace malleposte::queue {
namespace {

using namespace std::chrono_literals;

const RetrySchedule schedule{5min, 1h, 120h};
const WallTime arrived{std::chrono::hours(500'000)};
constexpr std::uint64_t middle = 1000;  // random bits that mean no jitter

Duration wait(std::uint32_t attempts, std::uint64_t random = middle) {
  return *schedule.next(arrived, arrived, attempts, random) - arrived;
}

// clause: 5321-4.5.4.1-b 5321-4.5.4.1-c 5321-4.5.4.1-d
TEST(RetrySchedule, DoublesUpToTheLongestWait) {
  EXPECT_EQ(wait(0), 5min);
  EXPECT_EQ(wait(1), 10min);
  EXPECT_EQ(wait(2), 20min);
  EXPECT_EQ(wait(3), 40min);
  EXPECT_EQ(wait(4), 60min);
  EXPECT_EQ(wait(4'000'000'000), 60min);
}

TEST(RetrySchedule, JitterIsTenPercentAtMost) {
  EXPECT_EQ(wait(0, 0), 270s);
  EXPECT_EQ(wait(0, 2000), 330s);
  for (std::uint64_t random = 0; random < 5000; random += 7) {
    EXPECT_GE(wait(1, random), 540s);
    EXPECT_LE(wait(1, random), 660s);
  }
}

TEST(RetrySchedule, TheLastAttemptIsAtTheEndOfTheLifetime) {
  const auto end = arrived + 120h;
  EXPECT_EQ(schedule.next(end - 10min, arrived, 9, middle), end);
  EXPECT_EQ(schedule.next(end - 1us, arrived, 9, middle), end);
  EXPECT_EQ(schedule.next(end, arrived, 9, middle), std::nullopt);
}

TEST(RetrySchedule, AShortLifetimeHasALastAttemptToo) {
  const RetrySchedule brief{5min, 1h, 1s};
  EXPECT_EQ(brief.next(arrived, arrived, 0, middle), arrived + 1s);
}

TEST(RetrySchedule, SomethingHappensAtADeadline) {
  const auto next = [&](WallTime now, WallTime deadline) {
    return *schedule.next(now, arrived, 0, middle, deadline) - arrived;
  };
  EXPECT_EQ(next(arrived, arrived + 3min), 3min);
  EXPECT_EQ(next(arrived, arrived + 10min), 5min);
  EXPECT_EQ(next(arrived + 3min, arrived + 3min), 8min) << "it has passed: as for others";
}

}  // namespace
}  // namespace malleposte::queue
