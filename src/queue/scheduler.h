// The ready queues: what is due now, by site (the next hop it goes to), and who comes next. Numbers
// only, the mail itself is not here. Pure: it decides, deliver::Dispatcher acts. docs/scheduler.md
// has the whole of it with figures.
//
// A slot is one connection in use; a job is given out together with a slot. Sites take turns; whose
// job goes inside a site is decided by WaitingJobs, how many connections a site has by SiteFeedback
// and by what the operator allows (SiteLimits).
//
// A site is a stranger until it has answered, and again when it cannot be reached; it is slow while
// its jobs hold their slots for limits::slow_delivery on average. Strangers and slow sites take at
// most three quarters of the slots, and slow ones leave those that the others lately had in use.
// While others wait for a slot, strangers have no more of them than is their share among the sites
// with mail, and slow ones likewise: however many names and hosts lead nowhere slowly, mail for
// those that work goes on.
//
// Operations take constant time, but for those of a site that waits for a time (its rate, its
// probe), which take the logarithm of the number of such sites. `now` never goes back.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "queue/job.h"
#include "queue/rate.h"
#include "queue/site_feedback.h"
#include "queue/site_limits.h"
#include "queue/slot_time.h"
#include "queue/waiting_jobs.h"

namespace malleposte::queue {

class Scheduler {
 public:
  using Standing = std::size_t;
  static constexpr Standing known = 0, strangers = 1, slow = 2, standings = 3;

  // `slots`: connections in all.
  explicit Scheduler(std::size_t slots) : slots_(slots) {}

  SiteId add_site();
  // The site has neither waiting jobs nor slots in use; its number may be given out again.
  void remove_site(SiteId site);
  // In force at once; connections that are in use beyond it end with their present message.
  void set_limits(SiteId site, const SiteLimits& limits);
  void set_probes(const ProbeTimes& probes) { probes_ = probes; }

  void add(SiteId site, Job job, const Terms& terms);

  // The next job of the site whose turn it is, with a slot of that site. Empty when nothing may
  // start now.
  std::optional<Assignment> next(SteadyTime now);
  // When next() or take_ended() may have something without anything having happened: a site waits
  // for its rate or its probe, a job for its deadline.
  SteadyTime next_ready() const;
  // Another job of the same site for a slot that is held. Empty when there is none, when the site
  // may not go on now, or when others wait for the slot: then it is to be released.
  std::optional<Assignment> more(SiteId site, SteadyTime now);
  // A job could not start after all, or a part of it is to go apart: it is the first in line. The
  // slot stays held.
  void put_back(const Assignment& assignment);
  // A slot is free again.
  void release(SiteId site, SteadyTime now);

  // A waiting job of the site without a slot, for deferring what waits for a dead site.
  std::optional<Job> take_waiting(SiteId site);
  // A job that is to come to its end without a slot.
  void end(SiteId site, Job job) { jobs_.add_ended(site, job); }
  // Such a job, or one whose time ended before its turn came (Terms::ends_then).
  std::optional<Assignment> take_ended(SteadyTime now);

  // What was learnt about a site by the holder of a slot, see SiteFeedback: a new connection is
  // made; it answered about a message.
  void connected(SiteId site) { sites_[site].feedback.connected(); }
  void answered(SiteId site);
  // It ended a session with 421, or no host of it could be reached, while `working` other
  // connections are in use.
  void turned_away(SiteId site, unsigned working, SteadyTime now);
  enum class Unreached : std::uint8_t {
    wait,       // others work: the job waits for one of them
    defer_job,  // the next may have more luck
    defer_all,  // the site is dead, and what waits for it need not find that out by itself
  };
  Unreached unreachable(SiteId site, unsigned working, SteadyTime now);
  // It asked for less: once more from one connection.
  void start_over(SiteId site) { sites_[site].feedback.start_over(); }
  // A dead site may be probed now: somebody has repaired it, or wants to know.
  void probe_now(SiteId site);

  std::size_t waiting(SiteId site) const { return jobs_.size(site) + jobs_.ended(site); }
  std::size_t waiting() const { return jobs_.size(); }
  unsigned busy(SiteId site) const { return sites_[site].busy; }
  std::size_t busy() const { return busy_; }
  std::size_t busy_with_strangers() const { return of_[strangers].busy; }
  std::size_t busy_with_slow() const { return of_[slow].busy; }
  const SiteFeedback& feedback(SiteId site) const { return sites_[site].feedback; }
  const SiteLimits& limits(SiteId site) const { return sites_[site].limits; }
  unsigned window(SiteId site) const { return sites_[site].feedback.window(); }
  Standing standing(SiteId site) const { return sites_[site].standing; }
  bool dead(SiteId site) const { return sites_[site].feedback.dead(); }
  // When a site that waits for its rate or its probe may go on.
  std::optional<SteadyTime> waits_until(SiteId site) const;
  // Records of senders with waiting jobs.
  std::size_t senders() const { return jobs_.senders(); }
  std::size_t octets_waiting() const { return jobs_.octets(); }

 private:
  struct Site {
    SiteFeedback feedback;
    SiteLimits limits;
    Rate rate;
    SlotTime slot_time;
    SteadyTime wakes = never;  // its entry in waits_
    unsigned busy = 0;
    Standing standing = strangers;
    bool stranger = true;
    bool in_turn[standings] = {};  // listed in turns
    bool counted = false;          // in Group::sites
    bool used = false;
  };
  // Sites of one standing.
  struct Group {
    // Those with waiting jobs that may start one; may name some that changed since.
    std::deque<SiteId> turns;
    std::size_t busy = 0;   // slots
    std::size_t sites = 0;  // with waiting jobs or slots
  };

  void list(SiteId site);
  void wait_until(SiteId site, SteadyTime when);
  void wake(SteadyTime now);
  void judge(SiteId site);
  void count(Site& site, SiteId id);
  Job begin(SiteId site);
  bool may_start(Standing standing, std::size_t busy_of_it, std::size_t busy_out_of_turn) const;
  bool others_wait(SiteId site) const;
  void remember_use(SteadyTime now);

  std::size_t slots_;
  ProbeTimes probes_;
  std::size_t busy_ = 0;
  std::vector<Site> sites_;
  std::vector<SiteId> free_sites_;
  WaitingJobs jobs_;
  std::array<Group, standings> of_;
  Standing turn_ = known;  // whose turn it is; one after the other
  std::set<std::pair<SteadyTime, SiteId>> waits_;
  SteadyTime now_{};  // as it was last told
  // Slots that sites that are neither strangers nor slow had in use at once, lately.
  double lately_known_ = 0;
};

}  // namespace malleposte::queue
