// The recipient domains of the queue, and what waits for each: its queued recipients in the order
// in which they are due, and above them the domains in the order of their earliest. A domain with a
// million due messages takes its turn like any other: whoever has had one and has more to give
// stands behind those that wait. Knows nothing of messages; the index keeps the recipients' order.
// Loop thread.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "spool/interner.h"

namespace malleposte::spool {

// A time in tenths of a second since 2024, 0 for "at once": what the index keeps of a due time.
using Tick = std::uint32_t;
Tick to_tick(WallTime time);  // rounded up
WallTime to_time(Tick tick);
inline constexpr Tick never_due = UINT32_MAX;

// A queued recipient as it stands in the queue of its domain. What is in somebody's hand (leased,
// held, being deleted) stands there too, due never: so the queue is also the list of them.
struct Waiting {
  Tick due = never_due;
  std::uint32_t node = 0;  // the recipient, in the index's terms
};

struct DomainQueue {
  std::vector<Waiting> waiting;  // an IndexedHeap, by due time
  std::uint32_t of_many = 0;     // of these, from messages with several recipients
  bool paused = false;           // by Store::pause
  bool suspended = false;        // by a standing order
  std::uint32_t bounced_by = 0;  // the standing order to bounce what is leased, 0 none

  enum class Place : std::uint8_t { none, by_due, by_turn };
  Place place = Place::none;
  std::uint32_t at = 0;  // in the heap of that place

  Tick due() const { return waiting.empty() ? never_due : waiting.front().due; }
  bool open() const { return !paused && !suspended; }
};

class DomainQueues {
 public:
  using Number = Interner::Number;

  // The number of the domain, counted once more. `on_new` is called for one that was not there, so
  // that what stands for a pattern of domains can be applied to it.
  Number add(std::string_view domain);
  void release(Number number);
  void on_new(std::function<void(Number)> callback) { on_new_ = std::move(callback); }
  const Interner& names() const { return names_; }

  DomainQueue& operator[](Number number) { return number == 0 ? nameless_ : queues_[number - 1]; }
  const DomainQueue& operator[](Number number) const {
    return number == 0 ? nameless_ : queues_[number - 1];
  }
  // To be called after each change of what is earliest in its queue, or of whether it is open.
  void settle(Number number);
  // Room for one more in its queue.
  void make_room(Number number);

  // The domain whose turn it is to give what is due; none: nothing is due. After it gave,
  // turn_over.
  std::optional<Number> next(Tick now) const;
  void turn_over(Number number, Tick now);
  // When next() will have something, `never` if nothing waits: 0 when it may have at once.
  Tick next_due() const;

  // Memory held, about.
  std::size_t octets() const;

 private:
  struct Standing {
    std::uint32_t key;  // due time or number of the turn
    Number number;
  };
  struct Order;
  std::vector<Standing>& heap_of(DomainQueue::Place place);
  void stand(Number number, DomainQueue::Place place, std::uint32_t key);

  Interner names_;
  Pool<DomainQueue> queues_;  // number - 1
  std::vector<Standing> by_due_, by_turn_;
  DomainQueue nameless_;  // of addresses without a domain
  std::uint32_t turns_ = 0;
  std::size_t waiting_octets_ = 0;
  std::function<void(Number)> on_new_;
};

}  // namespace malleposte::spool
