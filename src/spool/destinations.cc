// What waits, by domain, from the queues of the domains.
#include <algorithm>

#include "spool/queue_view.h"

namespace malleposte::spool {
namespace {

constexpr std::size_t domains_at_once = 20'000;    // counted before others have their turn
constexpr std::size_t recipients_at_once = 8'000;  // looked at, for their ages

struct Candidate {
  std::size_t recipients;
  Interner::Number number;
  std::uint32_t born;
  // The one with more comes first.
  bool operator<(const Candidate& other) const {
    return recipients != other.recipients ? recipients > other.recipients : number < other.number;
  }
};

void add_age(Destination& destination, WallTime arrived, WallTime now) {
  std::size_t age = 0;
  while (age + 1 < Destination::ages && now - arrived >= Destination::age_end(age)) ++age;
  ++destination.by_age[age];
  if (destination.recipients++ == 0 || arrived < destination.oldest) destination.oldest = arrived;
}

// The `most` domains with most queued recipients, those first.
Task<std::vector<Candidate>> find_largest(const SpoolState& state, std::size_t most) {
  const auto& domains = state.index.domains();
  std::vector<Candidate> largest;  // a heap, the smallest on top
  for (Interner::Number number = 0; number < domains.names().limit(); ++number) {
    if (number % domains_at_once == domains_at_once - 1) co_await take_turns(state.loop);
    if (number >= domains.names().limit()) break;  // fewer meanwhile
    Candidate one{domains[number].waiting.size(), number, 0};
    if (one.recipients == 0 || most == 0) continue;
    if (largest.size() == most) {
      if (!(one < largest.front())) continue;
      std::pop_heap(largest.begin(), largest.end());
      largest.pop_back();
    }
    one.born = domains.names().born(number);
    largest.push_back(one);
    std::push_heap(largest.begin(), largest.end());
  }
  std::sort_heap(largest.begin(), largest.end());
  co_return largest;
}

}  // namespace

Task<std::vector<Destination>> list_destinations(const SpoolState& state, std::size_t most) {
  const auto& index = state.index;
  const auto& names = index.domains().names();
  const auto now = state.loop.wall();
  std::vector<Destination> list;
  std::size_t looked_at = 0;
  for (const auto& one : co_await find_largest(state, most)) {
    const auto stands = [&] {
      return one.number < names.limit() && names.born(one.number) == one.born;
    };
    if (!stands()) continue;
    Destination destination;
    destination.domain = names.text(one.number);
    // While others have their turn some change places: those may be missed, or seen twice.
    for (std::size_t i = 0; stands() && i < index.domains()[one.number].waiting.size(); ++i) {
      const auto slot = index.slot_of(index.domains()[one.number].waiting[i]);
      add_age(destination, arrival_of(index[slot].id), now);
      if (++looked_at % recipients_at_once == 0) co_await take_turns(state.loop);
    }
    if (destination.recipients > 0) list.push_back(std::move(destination));
  }
  co_return list;
}

}  // namespace malleposte::spool
