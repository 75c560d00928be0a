// In no stretch of time, however long, do more messages go to a site than its rate allows, and one
// bucket: what it allows in a second, at least one.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "checker.h"

namespace malleposte::queue_sim {
namespace {

class Rates final : public Checker {
 public:
  Rates(const Plan& plan, const queue::Scheduler& scheduler)
      : Checker(plan, scheduler), sites_(plan.sites.size()) {}

  // What goes above an even flow is the largest sum over all stretches that end now.
  void begins(const Passenger& job, bool, SteadyTime now) override {
    const auto rate = plan_.limits[job.site].rate_per_second;
    if (rate == 0) return;
    auto& site = sites_[job.site];
    const std::chrono::duration<double> passed = now - site.last;
    site.above = std::max(site.above - passed.count() * rate, 0.0) + 1;
    site.last = now;
    if (site.above > std::max(rate, 1.0) + 0.001)
      complain(fmt::format("site {} gets {:.3f} messages more than {:.1f} a second", job.site,
                           site.above, rate));
  }

 private:
  struct Site {
    double above = 0;
    SteadyTime last{};
  };
  std::vector<Site> sites_;
};

}  // namespace

std::unique_ptr<Checker> check_rates(const Plan& plan, const queue::Scheduler& scheduler) {
  return std::make_unique<Rates>(plan, scheduler);
}

}  // namespace malleposte::queue_sim
