// Where an operator has sent single messages, and how long they are looked after: what most
// messages have nothing of. Only those that do cost memory. Pure; loop thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>

#include "spool/interner.h"
#include "spool/items.h"

namespace malleposte::spool {

class Directions {
 public:
  std::string next_hop(MessageId id) const;
  std::optional<Duration> lifetime(MessageId id) const;
  // As the marks of the message say.
  void set(MessageId id, const Marks& marks);
  void forget(MessageId id);

  bool empty() const { return known_.empty(); }
  std::size_t octets() const { return known_.size() * 56 + next_hops_.octets(); }

 private:
  struct Direction {
    Interner::Number next_hop = 0;
    std::optional<Duration> lifetime;
  };
  std::unordered_map<std::uint64_t, Direction> known_;
  Interner next_hops_;
};

}  // namespace malleposte::spool
