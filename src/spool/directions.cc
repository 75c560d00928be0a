#include "spool/directions.h"

namespace malleposte::spool {

std::string Directions::next_hop(MessageId id) const {
  const auto known = known_.find(id.value);
  return known == known_.end() ? std::string()
                               : std::string(next_hops_.text(known->second.next_hop));
}

std::optional<Duration> Directions::lifetime(MessageId id) const {
  const auto known = known_.find(id.value);
  return known == known_.end() ? std::nullopt : known->second.lifetime;
}

void Directions::set(MessageId id, const Marks& marks) {
  if (marks.next_hop.empty() && !marks.lifetime) return forget(id);
  auto& direction = known_[id.value];
  const auto number = next_hops_.add(marks.next_hop);
  next_hops_.release(direction.next_hop);
  direction = {number, marks.lifetime};
}

void Directions::forget(MessageId id) {
  const auto known = known_.find(id.value);
  if (known == known_.end()) return;
  next_hops_.release(known->second.next_hop);
  known_.erase(known);
}

}  // namespace malleposte::spool
