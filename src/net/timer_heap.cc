#include "net/timer_heap.h"

#include <algorithm>
#include <utility>

namespace malleposte::net {

TimerHeap::Id TimerHeap::add(SteadyTime when, Callback callback) {
  const Id id = ++last_id_;
  callbacks_.emplace(id, std::move(callback));
  heap_.push_back({when, id});
  std::push_heap(heap_.begin(), heap_.end(), std::greater<>());
  return id;
}

void TimerHeap::cancel(Id id) {
  const auto found = callbacks_.find(id);
  if (found == callbacks_.end()) return;
  // What the callback holds may cancel further timers when it goes: take it out first.
  const Callback dropped = std::move(found->second);
  callbacks_.erase(found);
  constexpr std::size_t few = 64;
  if (heap_.size() > 2 * callbacks_.size() + few) forget_dead();
}

std::optional<SteadyTime> TimerHeap::next() {
  while (!heap_.empty() && !callbacks_.contains(heap_.front().id)) pop();
  if (heap_.empty()) return std::nullopt;
  return heap_.front().when;
}

void TimerHeap::run_due(SteadyTime now) {
  const Id last = last_id_;
  while (!heap_.empty() && heap_.front().when <= now && heap_.front().id <= last) {
    const Id id = heap_.front().id;
    pop();
    const auto found = callbacks_.find(id);
    if (found == callbacks_.end()) continue;
    const Callback callback = std::move(found->second);
    callbacks_.erase(found);
    callback();
  }
}

void TimerHeap::clear() {
  heap_.clear();
  const auto dropped = std::exchange(callbacks_, {});
}

void TimerHeap::pop() {
  std::pop_heap(heap_.begin(), heap_.end(), std::greater<>());
  heap_.pop_back();
}

void TimerHeap::forget_dead() {
  std::erase_if(heap_, [this](const Entry& entry) { return !callbacks_.contains(entry.id); });
  std::make_heap(heap_.begin(), heap_.end(), std::greater<>());
}

}  // namespace malleposte::net
