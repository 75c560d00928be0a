// A deferred job comes back when it was to, after five minutes doubling to an hour, a tenth more or
// less; and is not begun before.
#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "checker.h"

namespace malleposte::queue_sim {
namespace {

using namespace std::chrono_literals;

class Retries final : public Checker {
 public:
  using Checker::Checker;

  void added(const Passenger& job, SteadyTime now) override {
    const auto promised = due_.find(job.number);
    if (promised != due_.end() && now != promised->second)
      complain(fmt::format("job {} comes back at another time than it was to", job.number));
  }
  void begins(const Passenger& job, bool, SteadyTime now) override {
    if (now < job.due) complain(fmt::format("job {} is begun before it is due", job.number));
  }
  void deferred(const Passenger& job, SteadyTime until, SteadyTime now) override {
    due_[job.number] = until;
    const Duration wait = std::min<Duration>(5min * (1 << std::min(job.attempts, 8U)), 1h);
    const bool at_deadline = until == job.terms.deadline;
    if (until > now + wait + wait / 10 || (until < now + wait - wait / 10 && !at_deadline))
      complain(fmt::format("job {} waits {} s for attempt {}", job.number, (until - now) / 1s,
                           job.attempts + 2));
  }

 private:
  std::unordered_map<std::uint64_t, SteadyTime> due_;
};

}  // namespace

std::unique_ptr<Checker> check_retries(const Plan& plan, const queue::Scheduler& scheduler) {
  return std::make_unique<Retries>(plan, scheduler);
}

}  // namespace malleposte::queue_sim
