#include "policy/overload.h"

#include <gtest/gtest.h>

#include "base/limits.h"

namespace malleposte::policy {
namespace {

using namespace std::chrono_literals;
using Level = Overload::Level;

constexpr SteadyTime start{1000s};

TEST(Overload, NothingToFearMeansNobodyIsTurnedAway) {
  Overload overload;
  overload.see({}, start);
  EXPECT_EQ(overload.level(), Level::none);
  EXPECT_FALSE(overload.refuses(false));
}

TEST(Overload, ASlowDiskTurnsStrangersAwayAndAStuckOneEverybody) {
  Overload overload;
  overload.see({.oldest_commit = limits::commit_slow - 1us}, start);
  EXPECT_FALSE(overload.refuses(false));
  overload.see({.oldest_commit = limits::commit_slow}, start);
  EXPECT_EQ(overload.refuses(false), Limit::commit_delay);
  EXPECT_FALSE(overload.refuses(true));
  overload.see({.oldest_commit = limits::commit_stuck}, start);
  EXPECT_EQ(overload.refuses(true), Limit::commit_delay);
  EXPECT_EQ(overload.level(), Level::everybody);
}

TEST(Overload, EndsAMomentAfterItsLastSign) {
  Overload overload;
  overload.see({.oldest_commit = limits::commit_stuck}, start);
  overload.see({.oldest_commit = limits::commit_slow}, start + 1s);
  EXPECT_EQ(overload.level(), Level::everybody);
  overload.see({.oldest_commit = limits::commit_slow}, start + limits::overload_remembered);
  EXPECT_EQ(overload.level(), Level::strangers);
  overload.see({}, start + 2 * limits::overload_remembered - 1us);
  EXPECT_EQ(overload.level(), Level::strangers);
  overload.see({}, start + 2 * limits::overload_remembered);
  EXPECT_EQ(overload.level(), Level::none);
}

TEST(Overload, BuffersMayBeAllInUseForAMoment) {
  Overload overload;
  overload.see({.buffers_free = false}, start);
  overload.see({.buffers_free = false}, start + limits::buffers_full - 1us);
  EXPECT_EQ(overload.level(), Level::none);
  overload.see({}, start + limits::buffers_full);
  overload.see({.buffers_free = false}, start + limits::buffers_full + 1us);
  EXPECT_EQ(overload.level(), Level::none);
  overload.see({.buffers_free = false}, start + 2 * limits::buffers_full + 1us);
  EXPECT_EQ(overload.refuses(false), Limit::read_buffers);
  EXPECT_FALSE(overload.refuses(true));
}

TEST(Overload, WithoutDescriptorsStrangersWaitLonger) {
  Overload overload;
  overload.see({.descriptors_ran_out = true}, start);
  EXPECT_EQ(overload.refuses(false), Limit::descriptors);
  EXPECT_FALSE(overload.refuses(true));
  // A sign of another kind does not shorten it.
  overload.see({.oldest_commit = limits::commit_slow}, start + 1s);
  EXPECT_EQ(overload.refuses(false), Limit::descriptors);
  overload.see({}, start + limits::descriptors_short - 1us);
  EXPECT_EQ(overload.level(), Level::strangers);
  overload.see({}, start + limits::descriptors_short);
  EXPECT_EQ(overload.level(), Level::none);
}

}  // namespace
}  // namespace malleposte::policy
