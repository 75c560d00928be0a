// Sites that have not answered, or cannot be reached, are given a slot only while they have fewer
// than three quarters of all.
#include <fmt/format.h>

#include "checker.h"

namespace malleposte::queue_sim {
namespace {

class Quota final : public Checker {
 public:
  Quota(const Plan& plan, const queue::Scheduler& scheduler)
      : Checker(plan, scheduler), held_(plan.sites.size()), known_(plan.sites.size()) {}

  void begins(const Passenger& job, bool with_slot, SteadyTime) override {
    if (!with_slot) return;
    ++held_[job.site];
    if (known_[job.site]) return;
    std::size_t with_strangers = 0;
    for (std::size_t i = 0; i < held_.size(); ++i)
      if (!known_[i]) with_strangers += held_[i];
    if (with_strangers > plan_.slots - plan_.slots / 4)
      complain(fmt::format("strangers have {} of {} slots", with_strangers, plan_.slots));
  }
  void released(queue::SiteId site, SteadyTime) override { --held_[site]; }
  void answered(queue::SiteId site, SteadyTime) override { known_[site] = true; }
  void unreachable(queue::SiteId site, SteadyTime) override { known_[site] = false; }

 private:
  std::vector<std::size_t> held_;
  std::vector<bool> known_;
};

}  // namespace

std::unique_ptr<Checker> check_quota(const Plan& plan, const queue::Scheduler& scheduler) {
  return std::make_unique<Quota>(plan, scheduler);
}

}  // namespace malleposte::queue_sim
