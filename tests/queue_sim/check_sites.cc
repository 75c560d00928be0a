// Sites take turns: of those that have answered and are not slow, none has a third slot while
// another, that could have had one all the time, waits for its first.
#include <fmt/format.h>

#include <vector>

#include "checker.h"

namespace malleposte::queue_sim {
namespace {

class Sites final : public Checker {
 public:
  Sites(const Plan& plan, const queue::Scheduler& scheduler)
      : Checker(plan, scheduler),
        held_(plan.sites.size()),
        turns_(plan.sites.size(), std::vector<unsigned>(plan.sites.size())) {}

  void begins(const Passenger& job, bool with_slot, SteadyTime) override {
    if (!with_slot) return look();
    ++held_[job.site];
    // The others have turns of their own.
    if (scheduler_.standing(job.site) != queue::Scheduler::known) return look();
    for (queue::SiteId other = 0; other < turns_.size(); ++other) {
      turns_[other][job.site] = 0;
      if (other != job.site && could(other) && ++turns_[job.site][other] > 2)
        complain(fmt::format("site {} has its turn {} times while site {} waits", job.site,
                             turns_[job.site][other], other));
    }
    look();
  }
  void released(queue::SiteId site, SteadyTime) override {
    --held_[site];
    look();
  }
  void answered(queue::SiteId, SteadyTime) override { look(); }
  void unreachable(queue::SiteId, SteadyTime) override { look(); }
  void turned_away(queue::SiteId, SteadyTime) override { look(); }
  void put_back(const Passenger&, SteadyTime) override { look(); }
  void deferred(const Passenger&, SteadyTime, SteadyTime) override { look(); }
  void ended(const Passenger&, SteadyTime) override { look(); }

 private:
  bool could(queue::SiteId site) const {
    return scheduler_.waiting(site) > 0 && scheduler_.feedback(site).admits(held_[site]) &&
           scheduler_.standing(site) == queue::Scheduler::known && !scheduler_.dead(site) &&
           plan_.limits[site].rate_per_second == 0;
  }
  // Who cannot have a turn now begins to count anew.
  void look() {
    for (queue::SiteId other = 0; other < turns_.size(); ++other)
      if (!could(other))
        for (auto& turns : turns_) turns[other] = 0;
  }

  std::vector<unsigned> held_;
  std::vector<std::vector<unsigned>> turns_;  // of a site while another could have had one
};

}  // namespace

std::unique_ptr<Checker> check_sites(const Plan& plan, const queue::Scheduler& scheduler) {
  return std::make_unique<Sites>(plan, scheduler);
}

}  // namespace malleposte::queue_sim
