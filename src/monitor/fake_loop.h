// A loop for unit tests: time stands still until the test moves it, and offloaded work runs when
// the test says so. One thread.
#pragma once

#include <deque>
#include <map>
#include <utility>

#include "base/loop.h"

namespace malleposte::monitor {

class FakeLoop final : public Loop {
 public:
  // 2026-11-23T10:15:42.123456Z
  static constexpr WallTime start{std::chrono::microseconds(1'795'428'942'123'456)};

  SteadyTime steady() const override { return now_; }
  WallTime wall() const override { return start + now_.time_since_epoch(); }
  std::uint64_t random() override { return ++random_; }
  void post(Callback callback) override { posted_.push_back(std::move(callback)); }
  TimerId call_at(SteadyTime when, Callback callback) override {
    timers_[++last_timer_] = {when, std::move(callback)};
    return last_timer_;
  }
  void cancel(TimerId id) override { timers_.erase(id); }
  void offload(Lane, Callback work, Callback done) override {
    works_.push_back({std::move(work), std::move(done)});
  }

  // Moves time and runs the timers that are due.
  void advance(Duration by) {
    now_ += by;
    for (auto timer = timers_.begin(); timer != timers_.end();) {
      if (timer->second.first > now_) {
        ++timer;
        continue;
      }
      auto callback = std::move(timer->second.second);
      timers_.erase(timer);
      callback();
      timer = timers_.begin();
    }
    run_posted();
  }
  // Does what was offloaded, with its callbacks.
  void work() {
    while (!works_.empty()) {
      auto [work, done] = std::move(works_.front());
      works_.pop_front();
      work();
      done();
    }
  }
  std::size_t works() const { return works_.size(); }
  std::size_t timers() const { return timers_.size(); }

 private:
  void run_posted() {
    while (!posted_.empty()) {
      auto callback = std::move(posted_.front());
      posted_.pop_front();
      callback();
    }
  }

  SteadyTime now_{};
  std::uint64_t random_ = 0;
  TimerId last_timer_ = 0;
  std::map<TimerId, std::pair<SteadyTime, Callback>> timers_;
  std::deque<Callback> posted_;
  std::deque<std::pair<Callback, Callback>> works_;
};

}  // namespace malleposte::monitor
