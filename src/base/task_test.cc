#include "base/task.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/loop.h"

namespace malleposte {
namespace {

Task<int> number(int value) {
  co_return value;
}

Task<int> note_and_return(bool& started) {
  started = true;
  co_return 1;
}

TEST(Task, StartsOnlyWhenItIsAwaited) {
  bool started = false;
  auto task = note_and_return(started);
  EXPECT_FALSE(started);
  int result = 0;
  spawn([](Task<int> inner, int& out) -> Task<void> { out = co_await inner; }(std::move(task),
                                                                              result));
  EXPECT_TRUE(started);
  EXPECT_EQ(result, 1);
}

TEST(Task, ATaskThatIsNeverAwaitedFreesItsArguments) {
  auto shared = std::make_shared<int>(1);
  {
    auto task = [](std::shared_ptr<int> held) -> Task<void> {
      *held = 2;
      co_return;
    }(shared);
    EXPECT_EQ(shared.use_count(), 2);
  }
  EXPECT_EQ(shared.use_count(), 1);
  EXPECT_EQ(*shared, 1);
}

TEST(Task, PassesValuesThatCanOnlyBeMoved) {
  std::string seen;
  spawn([](std::string& out) -> Task<void> {
    auto pointer = co_await [](std::string text) -> Task<std::unique_ptr<std::string>> {
      co_return std::make_unique<std::string>(std::move(text));
    }("mail");
    out = *pointer;
  }(seen));
  EXPECT_EQ(seen, "mail");
}

TEST(Task, AMillionAwaitsInARowUseNoStack) {
  long sum = 0;
  spawn([](long& out) -> Task<void> {
    for (int i = 0; i < 1'000'000; ++i) out += co_await number(i % 3);
  }(sum));
  EXPECT_EQ(sum, 999'999);
}

TEST(Task, SpawnReturnsAtTheFirstSuspensionAndTheFrameGoesAtTheEnd) {
  OneShot<int> arrival;
  auto held = std::make_shared<int>(0);
  spawn([](OneShot<int>& wait, std::shared_ptr<int> kept) -> Task<void> { *kept = co_await wait; }(
                                                              arrival, held));
  EXPECT_EQ(*held, 0);
  EXPECT_EQ(held.use_count(), 2);
  arrival.set(7);
  EXPECT_EQ(*held, 7);
  EXPECT_EQ(held.use_count(), 1);
}

TEST(OneShot, AValueSetBeforeTheAwaitIsTakenWithoutSuspending) {
  OneShot<std::string> arrival;
  EXPECT_FALSE(arrival.ready());
  arrival.set("early");
  EXPECT_TRUE(arrival.ready());
  std::string seen;
  spawn([](OneShot<std::string>& wait, std::string& out) -> Task<void> { out = co_await wait; }(
                                                             arrival, seen));
  EXPECT_EQ(seen, "early");
}

TEST(OneShot, TheSetterMayLetGoOfItWhileTheWaiterStillRuns) {
  auto arrival = std::make_shared<OneShot<int>>();
  int seen = 0;
  spawn([](std::shared_ptr<OneShot<int>> wait, int& out) -> Task<void> { out = co_await *wait; }(
                                                             arrival, seen));
  auto setter = std::move(arrival);
  setter->set(3);
  setter.reset();
  EXPECT_EQ(seen, 3);
}

TEST(OneShotDeathTest, SettingItTwiceIsABug) {
  OneShot<int> arrival;
  arrival.set(1);
  EXPECT_DEATH(arrival.set(2), "value_");
}

// A loop whose clock stands still until the test moves it.
class StandingLoop final : public Loop {
 public:
  SteadyTime steady() const override { return now_; }
  WallTime wall() const override { return WallTime{now_.time_since_epoch()}; }
  std::uint64_t random() override { return 4; }
  void post(Callback callback) override { callback(); }
  TimerId call_at(SteadyTime when, Callback callback) override {
    timers_.emplace(when, std::move(callback));
    return timers_.size();
  }
  void cancel(TimerId) override {}
  void offload(Lane, Callback work, Callback done) override {
    work();
    done();
  }

  void advance_to(SteadyTime when) {
    now_ = when;
    while (!timers_.empty() && timers_.begin()->first <= now_) {
      auto callback = std::move(timers_.begin()->second);
      timers_.erase(timers_.begin());
      callback();
    }
  }

 private:
  SteadyTime now_{};
  std::multimap<SteadyTime, Callback> timers_;
};

TEST(SleepUntil, ContinuesAtItsTimeAndNotBefore) {
  StandingLoop loop;
  std::vector<long> woke;
  spawn([](Loop& on, std::vector<long>& out) -> Task<void> {
    co_await sleep_until(on, SteadyTime{Duration{10}});
    out.push_back(on.steady().time_since_epoch().count());
    co_await sleep_until(on, SteadyTime{Duration{30}});
    out.push_back(on.steady().time_since_epoch().count());
  }(loop, woke));
  loop.advance_to(SteadyTime{Duration{9}});
  EXPECT_TRUE(woke.empty());
  loop.advance_to(SteadyTime{Duration{10}});
  EXPECT_EQ(woke, (std::vector<long>{10}));
  loop.advance_to(SteadyTime{Duration{29}});
  EXPECT_EQ(woke, (std::vector<long>{10}));
  loop.advance_to(SteadyTime{Duration{31}});
  EXPECT_EQ(woke, (std::vector<long>{10, 31}));
}

}  // namespace
}  // namespace malleposte
