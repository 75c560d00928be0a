// No site has more connections than its window when one more is begun, nor ever more than the
// operator allows; all together never more than the slots.
#include <fmt/format.h>

#include <map>

#include "checker.h"

namespace malleposte::queue_sim {
namespace {

class Connections final : public Checker {
 public:
  using Checker::Checker;

  void begins(const Passenger& job, bool with_slot, SteadyTime) override {
    if (!with_slot) return;
    const auto held = ++held_[job.site];
    ++all_;
    if (held > plan_.limits[job.site].connections)
      complain(fmt::format("site {} has {} connections of {} allowed", job.site, held,
                           plan_.limits[job.site].connections));
    if (held > scheduler_.window(job.site))
      complain(fmt::format("site {} has {} connections, its window is {}", job.site, held,
                           scheduler_.window(job.site)));
    if (all_ > plan_.slots) complain(fmt::format("{} of {} slots", all_, plan_.slots));
  }
  void released(queue::SiteId site, SteadyTime) override {
    --held_[site];
    --all_;
  }
  void finish(SteadyTime) override {
    if (all_ > 0) complain(fmt::format("{} slots were never given back", all_));
  }

 private:
  std::map<queue::SiteId, std::size_t> held_;
  std::size_t all_ = 0;
};

}  // namespace

std::unique_ptr<Checker> check_connections(const Plan& plan, const queue::Scheduler& scheduler) {
  return std::make_unique<Connections>(plan, scheduler);
}

}  // namespace malleposte::queue_sim
