// What is to be returned at a time is not begun behind it, and ends at it when it still waits then.
#include <fmt/format.h>

#include "checker.h"

namespace malleposte::queue_sim {
namespace {

class Deadlines final : public Checker {
 public:
  using Checker::Checker;

  void begins(const Passenger& job, bool, SteadyTime now) override {
    if (job.terms.ends_then && !job.put_back && now >= job.terms.deadline)
      complain(fmt::format("job {} is begun behind its deadline", job.number));
  }
  void deferred(const Passenger& job, SteadyTime until, SteadyTime now) override {
    if (now < job.terms.deadline && until > job.terms.deadline)
      complain(fmt::format("job {} is deferred over its deadline", job.number));
  }
  void ended(const Passenger& job, SteadyTime now) override {
    if (!job.terms.ends_then) complain(fmt::format("job {} has ended, why?", job.number));
    if (now != std::max(job.terms.deadline, job.due))
      complain(fmt::format("job {} ends at another time than it should", job.number));
  }
};

}  // namespace

std::unique_ptr<Checker> check_deadlines(const Plan& plan, const queue::Scheduler& scheduler) {
  return std::make_unique<Deadlines>(plan, scheduler);
}

}  // namespace malleposte::queue_sim
