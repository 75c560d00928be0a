// The timers of one loop: many thousands, most of them cancelled before their time. A binary heap
// of times beside a table of callbacks: adding costs O(log n), cancelling O(1) (the heap forgets
// dead entries when they are more than the live ones). Knows no clock. Loop thread only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/time.h"

namespace malleposte::net {

class TimerHeap {
 public:
  using Callback = std::function<void()>;
  using Id = std::uint64_t;  // 0 is never given out

  Id add(SteadyTime when, Callback callback);
  // An id that is not there (any more) is ignored.
  void cancel(Id id);

  // When the next timer is due.
  std::optional<SteadyTime> next();

  // Runs what is due at `now`, by time and then in the order of adding. Timers that the callbacks
  // add wait for the next call, so that one that always adds another does not hold the loop.
  void run_due(SteadyTime now);

  // Drops everything without running it.
  void clear();
  std::size_t size() const { return callbacks_.size(); }

 private:
  struct Entry {
    SteadyTime when;
    Id id;
    bool operator>(const Entry& other) const {
      return when != other.when ? when > other.when : id > other.id;
    }
  };
  void pop();
  void forget_dead();

  std::vector<Entry> heap_;
  std::unordered_map<Id, Callback> callbacks_;
  Id last_id_ = 0;
};

}  // namespace malleposte::net
