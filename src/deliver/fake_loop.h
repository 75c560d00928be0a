// For tests: a loop on virtual time that runs on the caller's stack.
#pragma once

#include <deque>
#include <map>
#include <utility>

#include "base/loop.h"

namespace malleposte::deliver {

class FakeLoop final : public Loop {
 public:
  SteadyTime steady() const override { return now_; }
  WallTime wall() const override {
    return WallTime{std::chrono::hours(500'000)} + now_.time_since_epoch();
  }
  std::uint64_t random() override {  // xorshift, the same every time
    seed_ ^= seed_ << 13;
    seed_ ^= seed_ >> 7;
    return seed_ ^= seed_ << 17;
  }
  void post(Callback callback) override { posted_.push_back(std::move(callback)); }
  TimerId call_at(SteadyTime when, Callback callback) override {
    timers_.emplace(std::pair{when, ++last_timer_}, std::move(callback));
    return last_timer_;
  }
  void cancel(TimerId id) override {
    std::erase_if(timers_, [&](const auto& timer) { return timer.first.second == id; });
  }
  void offload(Lane, Callback work, Callback done) override {
    work();
    post(std::move(done));
  }

  // Runs what can run without time passing.
  void settle() {
    while (!posted_.empty()) {
      auto callback = std::move(posted_.front());
      posted_.pop_front();
      callback();
    }
  }
  // Lets time pass, timer by timer.
  void pass(Duration duration) {
    const auto end = now_ + duration;
    settle();
    while (!timers_.empty() && timers_.begin()->first.first <= end) {
      auto timer = timers_.extract(timers_.begin());
      now_ = std::max(now_, timer.key().first);
      timer.mapped()();
      settle();
    }
    now_ = end;
  }

 private:
  SteadyTime now_{std::chrono::hours(1)};
  std::uint64_t seed_ = 88172645463325252;
  std::deque<Callback> posted_;
  TimerId last_timer_ = 0;
  std::map<std::pair<SteadyTime, TimerId>, Callback> timers_;
};

}  // namespace malleposte::deliver
