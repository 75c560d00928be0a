#include "net/timer_heap.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

namespace malleposte::net {
namespace {

SteadyTime at(long microseconds) {
  return SteadyTime{Duration{microseconds}};
}

TEST(TimerHeap, RunsByTimeAndThenInTheOrderOfAdding) {
  TimerHeap timers;
  std::vector<int> ran;
  timers.add(at(20), [&] { ran.push_back(3); });
  timers.add(at(10), [&] { ran.push_back(1); });
  timers.add(at(10), [&] { ran.push_back(2); });
  timers.add(at(30), [&] { ran.push_back(4); });
  EXPECT_EQ(timers.next(), at(10));
  timers.run_due(at(9));
  EXPECT_TRUE(ran.empty());
  timers.run_due(at(20));
  EXPECT_EQ(ran, (std::vector<int>{1, 2, 3}));
  EXPECT_EQ(timers.next(), at(30));
}

TEST(TimerHeap, ACancelledTimerNeverRunsAndIsNotNext) {
  TimerHeap timers;
  bool ran = false;
  const auto id = timers.add(at(1), [&] { ran = true; });
  timers.add(at(5), [] {});
  timers.cancel(id);
  timers.cancel(id);
  timers.cancel(12345);
  EXPECT_EQ(timers.next(), at(5));
  timers.run_due(at(100));
  EXPECT_FALSE(ran);
  EXPECT_EQ(timers.size(), 0U);
  EXPECT_EQ(timers.next(), std::nullopt);
}

TEST(TimerHeap, ACallbackMayCancelOneThatIsDueWithIt) {
  TimerHeap timers;
  bool ran = false;
  TimerHeap::Id second = 0;
  timers.add(at(1), [&] { timers.cancel(second); });
  second = timers.add(at(1), [&] { ran = true; });
  timers.run_due(at(1));
  EXPECT_FALSE(ran);
}

TEST(TimerHeap, ATimerThatAddsAnotherDueOneDoesNotHoldTheLoop) {
  TimerHeap timers;
  int runs = 0;
  std::function<void()> again = [&] {
    ++runs;
    timers.add(at(0), again);
  };
  timers.add(at(0), again);
  timers.run_due(at(10));
  EXPECT_EQ(runs, 1);
  timers.run_due(at(10));
  EXPECT_EQ(runs, 2);
}

TEST(TimerHeap, WhatACallbackHoldsIsReleasedWhenItIsCancelledOrCleared) {
  TimerHeap timers;
  const auto held = std::make_shared<int>(1);
  const auto id = timers.add(at(1), [held] {});
  timers.add(at(2), [held] {});
  EXPECT_EQ(held.use_count(), 3);
  timers.cancel(id);
  EXPECT_EQ(held.use_count(), 2);
  timers.clear();
  EXPECT_EQ(held.use_count(), 1);
}

TEST(TimerHeap, AHundredThousandCancelledTimersLeaveTheRestInOrder) {
  TimerHeap timers;
  std::vector<long> ran;
  std::vector<TimerHeap::Id> cancelled;
  for (long i = 0; i < 100'000; ++i) {
    const long when = (i * 7919) % 100'000;
    const auto id = timers.add(at(when), [&ran, when] { ran.push_back(when); });
    if (when % 1000 != 0) cancelled.push_back(id);
  }
  for (const auto id : cancelled) timers.cancel(id);
  EXPECT_EQ(timers.size(), 100U);
  timers.run_due(at(100'000));
  ASSERT_EQ(ran.size(), 100U);
  for (std::size_t i = 0; i < ran.size(); ++i) EXPECT_EQ(ran[i], static_cast<long>(i) * 1000);
}

}  // namespace
}  // namespace malleposte::net
