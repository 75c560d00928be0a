// A dead site is probed by one connection at a time, at distances that double from a minute to half
// an hour; and one that has answered before is not given up with one failure.
#include <fmt/format.h>

#include <algorithm>

#include "checker.h"

namespace malleposte::queue_sim {
namespace {

class Probes final : public Checker {
 public:
  Probes(const Plan& plan, const queue::Scheduler& scheduler)
      : Checker(plan, scheduler), sites_(plan.sites.size()) {}

  void begins(const Passenger& job, bool with_slot, SteadyTime now) override {
    auto& site = sites_[job.site];
    if (!with_slot) {
      if (site.dead) complain(fmt::format("site {} is dead, but somebody goes on", job.site));
      return;
    }
    ++site.held;
    if (!site.dead) return;
    if (site.held > 1) complain(fmt::format("{} probes of site {} at once", site.held, job.site));
    if (now < site.not_before)
      complain(fmt::format("site {} is probed {} us too early", job.site,
                           (site.not_before - now).count()));
  }
  void released(queue::SiteId site, SteadyTime) override { --sites_[site].held; }
  void answered(queue::SiteId id, SteadyTime) override {
    sites_[id].dead = false;
    sites_[id].has_answered = true;
    sites_[id].failures = 0;
  }
  // It was full: others work.
  void put_back(const Passenger& job, SteadyTime) override { ++sites_[job.site].failures; }
  void unreachable(queue::SiteId id, SteadyTime now) override { failed(id, now); }
  void turned_away(queue::SiteId id, SteadyTime now) override { failed(id, now); }

 private:
  struct Site {
    bool dead = false, has_answered = false;
    unsigned failures = 0, held = 0;
    Duration distance{};
    SteadyTime not_before{};
  };

  void failed(queue::SiteId id, SteadyTime now) {
    auto& site = sites_[id];
    ++site.failures;
    const bool was_dead = std::exchange(site.dead, scheduler_.dead(id));
    if (!site.dead) return;
    if (was_dead && now < site.not_before) return;  // begun before its death: no probe
    using namespace std::chrono_literals;
    site.distance = was_dead ? std::min<Duration>(2 * site.distance, 30min) : Duration(1min);
    site.not_before = now + site.distance;
    if (!was_dead && site.has_answered && site.failures < 2)
      complain(fmt::format("site {} is given up after {} failure", id, site.failures));
  }

  std::vector<Site> sites_;
};

}  // namespace

std::unique_ptr<Checker> check_probes(const Plan& plan, const queue::Scheduler& scheduler) {
  return std::make_unique<Probes>(plan, scheduler);
}

}  // namespace malleposte::queue_sim
