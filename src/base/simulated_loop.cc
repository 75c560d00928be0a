#include "base/simulated_loop.h"

namespace malleposte {

Loop::TimerId SimulatedLoop::call_at(SteadyTime when, Callback callback) {
  auto id = next_timer_++;
  timers_.emplace(std::pair(when, id), std::move(callback));
  timer_times_.emplace(id, when);
  return id;
}

void SimulatedLoop::cancel(TimerId id) {
  auto known = timer_times_.find(id);
  if (known == timer_times_.end()) return;
  timers_.erase({known->second, id});
  timer_times_.erase(known);
}

void SimulatedLoop::offload(Lane lane, Callback work, Callback done) {
  const auto when = work_time ? now_ + work_time() : now_;
  lanes_[static_cast<std::size_t>(lane)].push_back({std::move(work), std::move(done), when});
}

SteadyTime SimulatedLoop::next_time() const {
  if (!ready_.empty()) return now_;
  auto next = timers_.empty() ? never : timers_.begin()->first.first;
  for (const auto& lane : lanes_)
    if (!lane.empty()) next = std::min(next, lane.front().when);
  return next;
}

bool SimulatedLoop::step() {
  std::array<std::deque<Work>*, 3> busy;
  std::size_t count = 0;
  for (auto& lane : lanes_)
    if (!lane.empty() && lane.front().when <= now_) busy[count++] = &lane;
  bool timer_due = !timers_.empty() && timers_.begin()->first.first <= now_;
  auto choices = count + (ready_.empty() ? 0 : 1) + (timer_due ? 1 : 0);
  if (choices == 0) return false;
  auto choice = random_() % choices;
  if (choice < count) {
    auto work = std::move(busy[choice]->front());
    busy[choice]->pop_front();
    work.work();
    post(std::move(work.done));
  } else if (choice == count && !ready_.empty()) {
    auto callback = std::move(ready_.front());
    ready_.pop_front();
    callback();
  } else {
    auto first = timers_.begin();
    auto callback = std::move(first->second);
    timer_times_.erase(first->first.second);
    timers_.erase(first);
    callback();
  }
  return true;
}

void SimulatedLoop::run_until(SteadyTime until) {
  for (;;) {
    if (step()) continue;
    const auto next = next_time();
    if (next == never || next > until) break;
    move_to(next);
  }
  move_to(until);
}

}  // namespace malleposte
