#include "plan.h"

#include <algorithm>
#include <random>

namespace malleposte::queue_sim {
namespace {

using namespace std::chrono_literals;

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : random_(seed) {}
  std::uint64_t below(std::uint64_t end) { return random_() % end; }
  bool one_in(std::uint64_t n) { return below(n) == 0; }
  Duration between(Duration least, Duration most) {
    return least + Duration(below(static_cast<std::uint64_t>((most - least).count()) + 1));
  }

 private:
  std::mt19937_64 random_;
};

Habits habits(Dice& dice) {
  Habits site;
  site.connect = dice.between(1ms, 200ms);
  site.service = dice.one_in(8) ? dice.between(6s, 30s) : dice.between(5ms, 900ms);
  if (dice.one_in(4)) site.takes = 1 + static_cast<unsigned>(dice.below(6));
  if (dice.one_in(6)) site.bad_of = 2 + static_cast<unsigned>(dice.below(4));
  if (dice.one_in(6)) site.busy_of = 2 + static_cast<unsigned>(dice.below(20));
  if (dice.one_in(4)) site.later_of = 2 + static_cast<unsigned>(dice.below(20));
  if (dice.one_in(4)) {
    site.down_from = dice.one_in(2) ? SteadyTime{} : beginning + dice.between(0s, 300s);
    site.down_until = beginning + dice.between(60s, 5h);
    site.silent = dice.one_in(2);
  }
  return site;
}

queue::SiteLimits limits(Dice& dice) {
  queue::SiteLimits limits;
  if (dice.one_in(3)) limits.connections = 1 + static_cast<unsigned>(dice.below(30));
  if (dice.one_in(3)) limits.messages = 1 + static_cast<unsigned>(dice.below(20));
  if (dice.one_in(4)) limits.rate_per_second = 0.1 * static_cast<double>(1 + dice.below(100));
  return limits;
}

}  // namespace

Plan plan_of(std::uint64_t seed) {
  Dice dice(seed);
  Plan plan;
  plan.slots = 4 + dice.below(40);
  plan.sites.resize(1 + dice.below(24));
  for (auto& site : plan.sites) site = habits(dice);
  for (std::size_t i = 0; i < plan.sites.size(); ++i) plan.limits.push_back(limits(dice));
  plan.senders = 1 + static_cast<std::uint32_t>(dice.below(12));
  const auto span = dice.one_in(3) ? 1s : dice.between(1min, 30min);
  plan.arrivals.resize(50 + dice.below(800));
  const bool with_priorities = dice.one_in(2), with_deadlines = dice.one_in(2);
  for (auto& arrival : plan.arrivals) {
    arrival.at = beginning + dice.between(0s, span);
    // One site and one sender have most of it.
    arrival.site = dice.one_in(2) ? 0 : static_cast<queue::SiteId>(dice.below(plan.sites.size()));
    arrival.terms.sender =
        dice.one_in(2) ? 0 : static_cast<std::uint32_t>(dice.below(plan.senders));
    if (with_priorities && dice.one_in(2))
      arrival.terms.priority = 4 * (static_cast<int>(dice.below(3)) - 1);
    if (with_deadlines && dice.one_in(10)) {
      arrival.terms.deadline = arrival.at + dice.between(1s, 2h);
      arrival.terms.ends_then = dice.one_in(2);
    }
  }
  std::sort(plan.arrivals.begin(), plan.arrivals.end(),
            [](const Arrival& a, const Arrival& b) { return a.at < b.at; });
  return plan;
}

}  // namespace malleposte::queue_sim
