// Senders with mail of one class for one site have equal parts: while two of them wait, neither is
// ahead of the other by more than what a newcomer may be.
#include <fmt/format.h>

#include <map>
#include <tuple>

#include "checker.h"

namespace malleposte::queue_sim {
namespace {

class Senders final : public Checker {
 public:
  using Checker::Checker;

  void added(const Passenger& job, SteadyTime) override {
    if (job.terms.deadline != never) return;
    auto& of = classes_[key(job)];
    if (of.waiting[job.terms.sender]++ > 0) return;
    // A newcomer: what was before does not count.
    for (auto& [pair, lead] : of.leads)
      if (pair.first == job.terms.sender || pair.second == job.terms.sender) lead = 0;
  }
  void begins(const Passenger& job, bool, SteadyTime) override {
    if (job.put_back) return;  // in no line of a sender
    auto& of = classes_[key(job)];
    const auto own = job.terms.sender;
    for (auto& [pair, lead] : of.leads)
      if (pair.second == own) lead = 0;
    if (job.terms.deadline != never) return;  // it may have been its turn, or urgent
    for (const auto& [other, waiting] : of.waiting) {
      if (other == own || waiting == 0) continue;
      if (++of.leads[{own, other}] > limits::newcomer_jobs + 1)
        complain(fmt::format("sender {} has {} places at site {} while sender {} waits for one",
                             own, of.leads[{own, other}], job.site, other));
    }
    --of.waiting[own];
  }
  void taken_out(const Passenger& job, SteadyTime) override {
    if (!job.put_back && job.terms.deadline == never)
      --classes_[key(job)].waiting[job.terms.sender];
  }

 private:
  struct Class {
    std::map<std::uint32_t, int> waiting;                               // by sender
    std::map<std::pair<std::uint32_t, std::uint32_t>, unsigned> leads;  // of one over another
  };
  using Key = std::tuple<queue::SiteId, int, bool>;
  static Key key(const Passenger& job) { return {job.site, job.terms.priority, job.terms.retry}; }

  std::map<Key, Class> classes_;
};

}  // namespace

std::unique_ptr<Checker> check_senders(const Plan& plan, const queue::Scheduler& scheduler) {
  return std::make_unique<Senders>(plan, scheduler);
}

}  // namespace malleposte::queue_sim
