// Nobody starves, and nothing is lost: every job comes to its end, once; and while one waits in the
// line of its site, so many others at most go before it as the order of the line allows.
#include <fmt/format.h>

#include <unordered_map>

#include "checker.h"

namespace malleposte::queue_sim {
namespace {

class Places final : public Checker {
 public:
  Places(const Plan& plan, const queue::Scheduler& scheduler)
      : Checker(plan, scheduler), begun_(plan.sites.size()) {}

  void added(const Passenger& job, SteadyTime) override {
    ++open_[job.number];
    auto& own = own_[key(job)];
    waits_[job.number] = {begun_[job.site], own++};
  }
  void begins(const Passenger& job, bool, SteadyTime) override {
    const auto wait = waits_.find(job.number);
    if (wait != waits_.end()) {
      const auto before = begun_[job.site] - wait->second.begun_before;
      if (before > bound(wait->second.own_before))
        complain(fmt::format("{} others went before job {}, {} of its own sender", before,
                             job.number, wait->second.own_before));
    }
    ++begun_[job.site];
    leave(job);
  }
  void deferred(const Passenger& job, SteadyTime, SteadyTime) override {
    leave(job);
    close(job);
  }
  void delivered(const Passenger& job, SteadyTime) override { close(job); }
  void ended(const Passenger& job, SteadyTime) override {
    leave(job);
    close(job);
  }
  void finish(SteadyTime) override {
    for (const auto& [number, times] : open_)
      if (times != 0) complain(fmt::format("job {} has no end", number));
  }

 private:
  struct Wait {
    std::uint64_t begun_before = 0, own_before = 0;
  };

  // The line of its sender in which it is.
  static std::uint64_t key(const Passenger& job) {
    return ((std::uint64_t{job.site} * 64 + job.terms.sender) * 64 +
            static_cast<std::uint64_t>(job.terms.priority + 9)) *
               2 +
           (job.terms.retry ? 1 : 0);
  }
  void leave(const Passenger& job) {
    if (waits_.erase(job.number) > 0) --own_[key(job)];
  }
  void close(const Passenger& job) {
    if (--open_[job.number] != 0) complain(fmt::format("job {} ended twice", job.number));
  }
  // Each of its own, and it, has a turn of all senders to wait, and every turn a round of the
  // classes: priorities are -4, 0 and 4, a retry of the lowest has one of 1 + 4 x 21 + 20 places.
  // Of these an urgent job takes at most every second, and a newcomer every fifth; what was put
  // back comes on top.
  std::uint64_t bound(std::uint64_t own_before) const {
    return (own_before + 1) * (plan_.senders + 1) * 105 * 3 + 100;
  }

  std::vector<std::uint64_t> begun_;
  std::unordered_map<std::uint64_t, int> open_;
  std::unordered_map<std::uint64_t, Wait> waits_;
  std::unordered_map<std::uint64_t, std::uint64_t> own_;
};

}  // namespace

std::unique_ptr<Checker> check_places(const Plan& plan, const queue::Scheduler& scheduler) {
  return std::make_unique<Places>(plan, scheduler);
}

}  // namespace malleposte::queue_sim
