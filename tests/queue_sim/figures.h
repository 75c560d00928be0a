// The figures of docs/scheduler.md, from the same model: what a trickle of small senders waits for
// beside a million messages, what sick sites cost the healthy, and what an operation costs with how
// many jobs waiting. All but the last are in simulated time, and the same every time.
#pragma once

#include <string>
#include <vector>

namespace malleposte::queue_sim {

// Prints what was found; false when a bound is not kept.
bool trickle_beside_bulk();
bool sick_among_healthy();

struct Cost {
  std::uint64_t waiting = 0;  // jobs
  double nanoseconds = 0;     // a message: to add it and to give it out
};
struct Costs {
  std::string name;  // whose mail it is
  std::vector<Cost> all;
};
// Up to `most` jobs, for so many sites with so many senders each; printed as they are measured.
Costs cost_of_a_message(std::uint64_t most, std::uint32_t sites, std::uint32_t senders);
// A drawing of them, as SVG.
std::string drawn(const std::vector<Costs>& lines);

}  // namespace malleposte::queue_sim
