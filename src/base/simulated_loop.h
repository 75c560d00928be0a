// The loop's twin on virtual time: one thread, nothing happens but in run(), and the order in which
// things that could happen next do happen comes from a seed. For tests and the simulator.
#pragma once

#include <array>
#include <deque>
#include <map>
#include <random>

#include "base/loop.h"

namespace malleposte {

class SimulatedLoop final : public Loop {
 public:
  explicit SimulatedLoop(std::uint64_t seed,
                         WallTime start = std::chrono::sys_days{std::chrono::year{2026} / 1 / 1})
      : random_(seed), start_(start) {}

  SteadyTime steady() const override { return now_; }
  WallTime wall() const override { return start_ + now_.time_since_epoch(); }
  std::uint64_t random() override { return random_(); }
  void post(Callback callback) override { ready_.push_back(std::move(callback)); }
  TimerId call_at(SteadyTime when, Callback callback) override;
  void cancel(TimerId id) override;
  // Works of a lane run in order, each in one step; lanes take turns by chance.
  void offload(Lane lane, Callback work, Callback done) override;

  // Runs until nothing is left to do before `until`, then sets the clock to it.
  void run_until(SteadyTime until);
  void run_for(Duration time) { run_until(now_ + time); }
  // Does one thing that can be done now; false when there is none.
  bool step();

 private:
  struct Work {
    Callback work, done;
  };
  std::mt19937_64 random_;
  WallTime start_;
  SteadyTime now_{};
  std::deque<Callback> ready_;
  std::array<std::deque<Work>, 3> lanes_;
  std::map<std::pair<SteadyTime, TimerId>, Callback> timers_;
  std::map<TimerId, SteadyTime> timer_times_;
  TimerId next_timer_ = 1;
};

}  // namespace malleposte
