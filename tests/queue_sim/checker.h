// Who watches a run. A checker knows what was asked of the scheduler and what came of it, keeps
// accounts of its own, and says what was wrong. Each property has a checker of its own file.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "fault.h"
#include "plan.h"
#include "queue/scheduler.h"

namespace malleposte::queue_sim {

// A job through its life.
struct Passenger {
  std::uint64_t number = 0;
  queue::SiteId site = 0;
  queue::Terms terms;
  std::uint32_t attempts = 0;  // that failed
  SteadyTime arrived{};
  SteadyTime due{};       // of its present wait
  bool put_back = false;  // it waits first in line
};

class Checker {
 public:
  Checker(const Plan& plan, const queue::Scheduler& scheduler)
      : plan_(plan), scheduler_(scheduler) {}
  virtual ~Checker() = default;

  virtual void added(const Passenger&, SteadyTime) {}
  // `with_slot`: it was given a slot of its own, else one that its site held.
  virtual void begins(const Passenger&, bool with_slot, SteadyTime) { (void)with_slot; }
  virtual void put_back(const Passenger&, SteadyTime) {}
  virtual void released(queue::SiteId, SteadyTime) {}
  virtual void answered(queue::SiteId, SteadyTime) {}
  // With none working.
  virtual void unreachable(queue::SiteId, SteadyTime) {}
  virtual void turned_away(queue::SiteId, SteadyTime) {}
  // Of the line of a dead site, to be deferred without a slot.
  virtual void taken_out(const Passenger&, SteadyTime) {}
  virtual void deferred(const Passenger&, SteadyTime until, SteadyTime) { (void)until; }
  virtual void delivered(const Passenger&, SteadyTime) {}
  // Behind its deadline, without a slot.
  virtual void ended(const Passenger&, SteadyTime) {}
  virtual void finish(SteadyTime) {}

  const std::vector<std::string>& complaints() const { return complaints_; }

 protected:
  void complain(std::string what) {
    if (complaints_.size() < 5) complaints_.push_back(std::move(what));
  }

  const Plan& plan_;
  const queue::Scheduler& scheduler_;

 private:
  std::vector<std::string> complaints_;
};

using MakeChecker = std::unique_ptr<Checker> (*)(const Plan&, const queue::Scheduler&);
struct NamedChecker {
  const char* name;
  MakeChecker make;
  Fault fault;  // that it finds
};

std::unique_ptr<Checker> check_connections(const Plan&, const queue::Scheduler&);
std::unique_ptr<Checker> check_deadlines(const Plan&, const queue::Scheduler&);
std::unique_ptr<Checker> check_places(const Plan&, const queue::Scheduler&);
std::unique_ptr<Checker> check_probes(const Plan&, const queue::Scheduler&);
std::unique_ptr<Checker> check_quota(const Plan&, const queue::Scheduler&);
std::unique_ptr<Checker> check_rates(const Plan&, const queue::Scheduler&);
std::unique_ptr<Checker> check_retries(const Plan&, const queue::Scheduler&);
std::unique_ptr<Checker> check_senders(const Plan&, const queue::Scheduler&);
std::unique_ptr<Checker> check_sites(const Plan&, const queue::Scheduler&);

inline constexpr NamedChecker checkers[] = {
    {"connections", check_connections, Fault::more_connections},
    {"deadlines", check_deadlines, Fault::no_deadlines},
    {"places", check_places, Fault::lost_jobs},
    {"probes", check_probes, Fault::early_probes},
    {"quota", check_quota, Fault::no_strangers},
    {"rates", check_rates, Fault::higher_rates},
    {"retries", check_retries, Fault::early_retries},
    {"senders", check_senders, Fault::many_senders},
    {"sites", check_sites, Fault::missed_turns},
};

}  // namespace malleposte::queue_sim
