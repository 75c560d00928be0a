#include "spool/domain_queues.h"

#include <algorithm>
#include <cassert>

#include "spool/indexed_heap.h"

namespace malleposte::spool {
namespace {

constexpr Duration tick = std::chrono::milliseconds(100);
constexpr WallTime tick_zero{std::chrono::sys_days{std::chrono::year{2024} / 1 / 1}};
constexpr std::size_t allocation_octets = 16;  // of every allocation, about

}  // namespace

Tick to_tick(WallTime time) {
  if (time <= tick_zero) return 0;
  auto ticks = (time - tick_zero + tick - Duration(1)) / tick;
  return static_cast<Tick>(std::min<std::int64_t>(ticks, never_due - 1));
}

WallTime to_time(Tick ticks) {
  return tick_zero + std::int64_t{ticks} * tick;
}

struct DomainQueues::Order {
  DomainQueues& queues;
  bool before(const Standing& a, const Standing& b) const { return a.key < b.key; }
  void moved(const Standing& standing, std::uint32_t at) { queues[standing.number].at = at; }
};

DomainQueues::Number DomainQueues::add(std::string_view domain) {
  const auto known = names_.size();
  auto number = names_.add(domain);
  if (names_.size() == known) return number;
  auto queue = queues_.add();
  assert(queue == number - 1);  // both pools give out the same numbers
  if (on_new_) on_new_(number);
  return number;
}

void DomainQueues::release(Number number) {
  if (!names_.release(number)) return;
  auto& queue = (*this)[number];
  assert(queue.waiting.empty() && queue.place == DomainQueue::Place::none);
  queues_.remove(number - 1);
}

// By a quarter: there are many of them, and most are short.
void DomainQueues::make_room(Number number) {
  auto& waiting = (*this)[number].waiting;
  if (waiting.size() < waiting.capacity()) return;
  const auto before = waiting.capacity();
  waiting.reserve(before + before / 4 + 2);
  waiting_octets_ += (waiting.capacity() - before) * sizeof(Waiting);
  if (before == 0) waiting_octets_ += allocation_octets;
}

std::vector<DomainQueues::Standing>& DomainQueues::heap_of(DomainQueue::Place place) {
  return place == DomainQueue::Place::by_turn ? by_turn_ : by_due_;
}

void DomainQueues::stand(Number number, DomainQueue::Place place, std::uint32_t key) {
  auto& queue = (*this)[number];
  auto& heap = heap_of(queue.place);
  if (queue.place == place && place != DomainQueue::Place::none) {
    if (heap[queue.at].key == key) return;
    heap[queue.at].key = key;
    return IndexedHeap(heap, Order{*this}).changed(queue.at);
  }
  if (queue.place != DomainQueue::Place::none) IndexedHeap(heap, Order{*this}).remove(queue.at);
  queue.place = place;
  if (place != DomainQueue::Place::none)
    IndexedHeap(heap_of(place), Order{*this}).push({key, number});
}

void DomainQueues::settle(Number number) {
  auto& queue = (*this)[number];
  if (queue.waiting.empty() && queue.waiting.capacity() > 0) {
    waiting_octets_ -= queue.waiting.capacity() * sizeof(Waiting) + allocation_octets;
    queue.waiting = std::vector<Waiting>();  // from {} it would keep its room
    queue.paused = false;
  }
  if (!queue.open() || queue.due() == never_due) return stand(number, DomainQueue::Place::none, 0);
  if (queue.place != DomainQueue::Place::by_turn)
    stand(number, DomainQueue::Place::by_due, queue.due());
}

// Those that wait for their first turn and those that have had one give by turns, so that neither
// waits for all of the others.
std::optional<DomainQueues::Number> DomainQueues::next(Tick now) const {
  const bool due = !by_due_.empty() && by_due_.front().key <= now;
  if (due && (by_turn_.empty() || turns_ % 2 == 0)) return by_due_.front().number;
  if (!by_turn_.empty()) return by_turn_.front().number;
  return std::nullopt;
}

void DomainQueues::turn_over(Number number, Tick now) {
  ++turns_;
  const auto& queue = (*this)[number];
  if (!queue.open() || queue.due() == never_due) return;  // settle() has seen to it
  if (queue.due() <= now)
    stand(number, DomainQueue::Place::by_turn, turns_);
  else
    stand(number, DomainQueue::Place::by_due, queue.due());
}

Tick DomainQueues::next_due() const {
  if (!by_turn_.empty()) return 0;
  return by_due_.empty() ? never_due : by_due_.front().key;
}

std::size_t DomainQueues::octets() const {
  return names_.octets() + queues_.octets() + waiting_octets_ +
         (by_due_.capacity() + by_turn_.capacity()) * sizeof(Standing);
}

}  // namespace malleposte::spool
