#include "net/asio_loop.h"

#include <gtest/gtest.h>

#include <csignal>
#include <set>
#include <thread>
#include <vector>

namespace malleposte::net {
namespace {

using namespace std::chrono_literals;

TEST(AsioLoop, PostedCallbacksRunInOrderOnTheLoopThread) {
  AsioLoop loop;
  std::vector<int> ran;
  std::set<std::thread::id> threads;
  std::thread poster([&] {
    for (int i = 0; i < 1000; ++i)
      loop.post([&, i] {
        ran.push_back(i);
        threads.insert(std::this_thread::get_id());
        if (i == 999) loop.stop();
      });
  });
  loop.run();
  poster.join();
  ASSERT_EQ(ran.size(), 1000U);
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(ran[static_cast<std::size_t>(i)], i);
  EXPECT_EQ(threads, std::set{std::this_thread::get_id()});
}

TEST(AsioLoop, PostNeverRunsTheCallbackInside) {
  AsioLoop loop;
  bool ran = false;
  bool ran_inside = true;
  loop.post([&] {
    loop.post([&] {
      ran = true;
      loop.stop();
    });
    ran_inside = ran;
  });
  loop.run();
  EXPECT_TRUE(ran);
  EXPECT_FALSE(ran_inside);
}

TEST(AsioLoop, StopBeforeRunIsNotLostAndRunMayBeCalledAgain) {
  AsioLoop loop;
  loop.stop();
  loop.run();
  bool ran = false;
  loop.post([&] {
    ran = true;
    loop.stop();
  });
  loop.run();
  EXPECT_TRUE(ran);
}

TEST(AsioLoop, TimersRunInTheOrderOfTheirTimesAndNotBefore) {
  AsioLoop loop;
  const auto start = loop.steady();
  std::vector<int> ran;
  std::vector<SteadyTime> times;
  const auto note = [&](int which) {
    ran.push_back(which);
    times.push_back(loop.steady());
    if (ran.size() == 3) loop.stop();
  };
  loop.call_at(start + 30ms, [&] { note(3); });
  loop.call_at(start + 20ms, [&] { note(2); });
  loop.call_at(start - 1s, [&] { note(1); });
  const auto dropped = loop.call_at(start + 25ms, [&] { note(99); });
  loop.cancel(dropped);
  loop.run();
  EXPECT_EQ(ran, (std::vector<int>{1, 2, 3}));
  EXPECT_GE(times.at(1), start + 20ms);
  EXPECT_GE(times.at(2), start + 30ms);
}

TEST(AsioLoop, AnEarlierTimerAddedLaterComesFirst) {
  AsioLoop loop;
  std::vector<int> ran;
  loop.call_at(never, [&] { ran.push_back(0); });
  loop.call_at(loop.steady() + 20ms, [&] {
    ran.push_back(2);
    loop.stop();
  });
  loop.post([&] { loop.call_at(loop.steady() + 1ms, [&] { ran.push_back(1); }); });
  loop.run();
  EXPECT_EQ(ran, (std::vector<int>{1, 2}));
}

TEST(AsioLoop, FiftyThousandTimersAllRun) {
  AsioLoop loop;
  const auto start = loop.steady();
  int ran = 0;
  int cancelled_ran = 0;
  for (int i = 0; i < 50'000; ++i) {
    loop.call_at(start + Duration{(i * 7919) % 20'000}, [&] {
      if (++ran == 50'000) loop.stop();
    });
    loop.cancel(loop.call_at(start + Duration{i % 1000}, [&] { ++cancelled_ran; }));
  }
  loop.run();
  EXPECT_EQ(ran, 50'000);
  EXPECT_EQ(cancelled_ran, 0);
}

TEST(AsioLoop, OneLaneWorksInOrderAndReportsInOrder) {
  AsioLoop loop;
  std::vector<int> worked;  // the lane's own until the last `done`
  std::vector<int> done;
  for (int i = 0; i < 500; ++i)
    loop.offload(
        Loop::Lane::journal, [&, i] { worked.push_back(i); },
        [&, i] {
          done.push_back(i);
          if (i == 499) loop.stop();
        });
  loop.run();
  ASSERT_EQ(done.size(), 500U);
  EXPECT_EQ(worked, done);
  for (int i = 0; i < 500; ++i) EXPECT_EQ(done[static_cast<std::size_t>(i)], i);
}

TEST(AsioLoop, LanesDoNotWaitForEachOther) {
  AsioLoop loop;
  std::atomic<bool> released = false;
  std::vector<std::string> done;
  // The journal's work ends only after the reader's is done.
  loop.offload(
      Loop::Lane::journal, [&] { released.wait(false); },
      [&] {
        done.emplace_back("journal");
        loop.stop();
      });
  loop.offload(
      Loop::Lane::reader, [] {},
      [&] {
        done.emplace_back("reader");
        released = true;
        released.notify_one();
      });
  loop.run();
  EXPECT_EQ(done, (std::vector<std::string>{"reader", "journal"}));
}

TEST(AsioLoop, WhatWasHandedToALaneIsDoneBeforeTheLoopIsGone) {
  std::atomic<int> worked = 0;
  const auto held = std::make_shared<int>(0);
  {
    AsioLoop loop;
    for (int i = 0; i < 100; ++i)
      loop.offload(Loop::Lane::housekeeping, [&] { ++worked; }, [held] {});
  }
  EXPECT_EQ(worked, 100);
  EXPECT_EQ(held.use_count(), 1);
}

TEST(AsioLoop, JoinedLanesHavePostedTheirDones) {
  AsioLoop loop;
  int done = 0;
  for (int i = 0; i < 10; ++i) loop.offload(Loop::Lane::reader, [] {}, [&] { ++done; });
  loop.join_lanes();
  loop.run_ready();
  EXPECT_EQ(done, 10);
}

TEST(AsioLoop, TheWorkIsFreedBeforeItsDoneRuns) {
  AsioLoop loop;
  auto held = std::make_shared<int>(0);
  const std::weak_ptr<int> watch = held;
  bool gone = false;
  loop.offload(
      Loop::Lane::reader, [held = std::move(held)] { ++*held; },
      [&] {
        gone = watch.expired();
        loop.stop();
      });
  loop.run();
  EXPECT_TRUE(gone);
}

TEST(AsioLoop, EverySignalCallsBackOnTheLoop) {
  AsioLoop loop;
  int hangups = 0;
  loop.on_signal(SIGHUP, [&] {
    ++hangups;
    std::raise(hangups < 3 ? SIGHUP : SIGTERM);
  });
  loop.on_signal(SIGTERM, [&] { loop.stop(); });
  loop.post([] { std::raise(SIGHUP); });
  loop.run();
  EXPECT_EQ(hangups, 3);
}

TEST(AsioLoop, RandomNumbersDiffer) {
  AsioLoop loop;
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 1000; ++i) seen.insert(loop.random());
  AsioLoop other;
  for (int i = 0; i < 1000; ++i) seen.insert(other.random());
  EXPECT_EQ(seen.size(), 2000U);
}

}  // namespace
}  // namespace malleposte::net
