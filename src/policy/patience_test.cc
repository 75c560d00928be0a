#include "policy/patience.h"

#include <gtest/gtest.h>

namespace malleposte::policy {
namespace {

using namespace std::chrono_literals;
using Doing = Patience::Doing;

constexpr SteadyTime start{1000s};
constexpr Patience::Options options{
    .idle = 60s, .command = 20s, .data_rate = 100, .data_window = 30s};

TEST(Patience, ASilentClientHasItsIdleTimeAgainAfterEachCommand) {
  Patience patience(options);
  EXPECT_EQ(patience.deadline(Doing::nothing, start), start + 60s);
  EXPECT_TRUE(patience.received(10, start + 50s));
  EXPECT_EQ(patience.deadline(Doing::nothing, start + 50s), start + 110s);
  EXPECT_EQ(patience.met(), Limit::idle_time);
}

// clause: 5321-4.5.3.2.7-a
TEST(Patience, TheNextCommandIsWaitedForFiveMinutes) {
  Patience patience({});
  EXPECT_EQ(patience.deadline(Doing::nothing, start), start + 5min);
  EXPECT_EQ(patience.deadline(Doing::content, start), start + 5min);
}

TEST(Patience, ACommandThatTricklesInHasOneTimeForAllOfIt) {
  Patience patience(options);
  patience.deadline(Doing::nothing, start);
  patience.received(1, start + 1s);
  EXPECT_EQ(patience.deadline(Doing::command, start + 1s), start + 21s);
  patience.received(1, start + 15s);
  EXPECT_EQ(patience.deadline(Doing::command, start + 15s), start + 21s);
  EXPECT_EQ(patience.met(), Limit::command_time);
  patience.received(1, start + 25s);
  EXPECT_EQ(patience.deadline(Doing::command, start + 25s), start + 25s);
  // The next command has its own.
  patience.deadline(Doing::nothing, start + 26s);
  EXPECT_EQ(patience.deadline(Doing::command, start + 30s), start + 50s);
}

TEST(Patience, ContentHasToComeAtItsRateOverEachWindow) {
  Patience patience(options);
  EXPECT_EQ(patience.deadline(Doing::content, start), start + 30s);
  EXPECT_EQ(patience.met(), Limit::data_rate);
  EXPECT_TRUE(patience.received(2999, start + 29s));
  EXPECT_EQ(patience.deadline(Doing::content, start + 29s), start + 30s);
  EXPECT_FALSE(patience.received(0, start + 30s));
  EXPECT_EQ(patience.met(), Limit::data_rate);
}

TEST(Patience, WhoBringsEnoughBeginsANewWindow) {
  Patience patience(options);
  patience.deadline(Doing::content, start);
  EXPECT_TRUE(patience.received(3000, start + 30s));
  EXPECT_EQ(patience.deadline(Doing::content, start + 30s), start + 60s);
  EXPECT_TRUE(patience.received(1, start + 59s));
}

TEST(Patience, TheTimeThatWeTakeOurselvesDoesNotCount) {
  Patience patience(options);
  patience.deadline(Doing::content, start);
  EXPECT_TRUE(patience.received(1, start + 1s));
  // A minute for our disk.
  EXPECT_EQ(patience.deadline(Doing::content, start + 61s), start + 61s + 29s);
  EXPECT_TRUE(patience.received(1, start + 62s));
}

TEST(Patience, WithoutARateOnlySilenceCounts) {
  Patience patience({.idle = 60s, .command = 20s, .data_rate = 0, .data_window = 30s});
  EXPECT_EQ(patience.deadline(Doing::content, start), start + 60s);
  EXPECT_EQ(patience.met(), Limit::idle_time);
  EXPECT_TRUE(patience.received(1, start + 59s));
}

}  // namespace
}  // namespace malleposte::policy
