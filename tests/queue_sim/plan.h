// What a seed decides: how many slots, which sites with which limits and habits, which senders, and
// what they send when.
#pragma once

#include <cstdint>
#include <vector>

#include "queue/job.h"
#include "queue/site_limits.h"

namespace malleposte::queue_sim {

// A next hop as it behaves. All that it does not say works.
struct Habits {
  Duration connect{}, service{};  // to have a connection; for a message
  unsigned takes = 1000;          // connections at once; more are refused
  unsigned bad_of = 0;            // every so many-th connection is to a host that is broken
  unsigned busy_of = 0;           // every so many-th message is answered with 421
  unsigned later_of = 0;          // every so many-th message is deferred
  SteadyTime down_from = never, down_until = never;
  bool silent = false;  // while it is down a connection takes its whole time-out
  bool is_down(SteadyTime now) const { return now >= down_from && now < down_until; }
};

struct Arrival {
  SteadyTime at;
  queue::SiteId site;
  queue::Terms terms;
};

struct Plan {
  std::size_t slots = 0;
  std::vector<Habits> sites;
  std::vector<queue::SiteLimits> limits;  // by site
  std::uint32_t senders = 0;
  std::vector<Arrival> arrivals;
};

inline constexpr SteadyTime beginning{std::chrono::hours(1)};

Plan plan_of(std::uint64_t seed);

}  // namespace malleposte::queue_sim
