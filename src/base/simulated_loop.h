// The loop's twin on virtual time: one thread, nothing happens but in run(), and the order in which
// things that could happen next do happen comes from a seed. For tests and the simulator.
//
// Several loops can share one time, each being a machine of its own (with a wall clock of its own,
// which may be set): whoever runs them gives each its steps and moves all of them to the earliest
// next_time(), as tests/sim does.
#pragma once

#include <algorithm>
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
  // Sets the wall clock forward, or back; the steady one goes on as before.
  void set_wall_by(Duration jump) { start_ += jump; }
  std::uint64_t random() override { return random_(); }
  void post(Callback callback) override { ready_.push_back(std::move(callback)); }
  TimerId call_at(SteadyTime when, Callback callback) override;
  void cancel(TimerId id) override;
  // Works of a lane run in order, each in one step; lanes take turns by chance.
  void offload(Lane lane, Callback work, Callback done) override;
  // How long a work waits before its step, asked when it is handed over; none: no time at all.
  std::function<Duration()> work_time;

  // Runs until nothing is left to do before `until`, then sets the clock to it.
  void run_until(SteadyTime until);
  void run_for(Duration time) { run_until(now_ + time); }
  // Does one thing that can be done now; false when there is none.
  bool step();
  // When something can be done next if step() has nothing now; `never` when nothing is left at all.
  SteadyTime next_time() const;
  // Moves the clock, past nothing that is due before.
  void move_to(SteadyTime now) { now_ = std::max(now_, now); }

 private:
  struct Work {
    Callback work, done;
    SteadyTime when;  // not before
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
