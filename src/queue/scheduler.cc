#include "queue/scheduler.h"

#include <algorithm>
#include <cassert>

namespace malleposte::queue {

SiteId Scheduler::add_site() {
  SiteId id;
  if (free_sites_.empty()) {
    id = static_cast<SiteId>(sites_.size());
    sites_.emplace_back();
  } else {
    id = free_sites_.back();
    free_sites_.pop_back();
    const Site before = sites_[id];
    sites_[id] = Site{};
    std::copy_n(before.in_turn, standings, sites_[id].in_turn);
  }
  sites_[id].used = true;
  return id;
}

void Scheduler::remove_site(SiteId id) {
  auto& site = sites_[id];
  assert(site.used && waiting(id) == 0 && site.busy == 0);
  wait_until(id, never);
  site.used = false;
  free_sites_.push_back(id);
}

void Scheduler::set_limits(SiteId id, const SiteLimits& limits) {
  auto& site = sites_[id];
  if (site.limits == limits) return;
  site.limits = limits;
  site.feedback.set_most(limits.connections);
  site.rate.set(limits.rate_per_second, now_);
  list(id);
}

void Scheduler::wait_until(SiteId id, SteadyTime when) {
  auto& site = sites_[id];
  if (site.wakes == when) return;
  if (site.wakes != never) waits_.erase({site.wakes, id});
  if (when != never) waits_.emplace(when, id);
  site.wakes = when;
}

// A site that may start a job takes its place in the round; if only time is missing, later.
void Scheduler::list(SiteId id) {
  auto& site = sites_[id];
  count(site, id);
  if (jobs_.size(id) == 0 || !site.feedback.admits(site.busy)) return wait_until(id, never);
  const auto ready = std::max(site.feedback.ready(), site.rate.ready(now_));
  if (ready > now_) return wait_until(id, ready);
  wait_until(id, never);
  if (std::exchange(site.in_turn[site.standing], true)) return;
  of_[site.standing].turns.push_back(id);
}

// Forgotten within a minute.
void Scheduler::remember_use(SteadyTime now) {
  const std::chrono::duration<double, std::ratio<60>> passed = now - now_;
  lately_known_ -= static_cast<double>(slots_) * passed.count();
  lately_known_ = std::max(lately_known_, static_cast<double>(of_[known].busy));
}

void Scheduler::wake(SteadyTime now) {
  if (now > now_) remember_use(now);
  now_ = std::max(now_, now);
  while (!waits_.empty() && waits_.begin()->first <= now_) {
    const auto id = waits_.begin()->second;
    wait_until(id, never);
    list(id);
  }
}

// Whether the site counts among those that want slots.
void Scheduler::count(Site& site, SiteId id) {
  const bool wants = site.busy > 0 || jobs_.size(id) > 0;
  if (wants == site.counted) return;
  site.counted = wants;
  of_[site.standing].sites += wants ? 1 : static_cast<std::size_t>(-1);
}

// Finds the standing of a site anew.
void Scheduler::judge(SiteId id) {
  auto& site = sites_[id];
  const auto standing = site.stranger                                      ? strangers
                        : site.slot_time.at(now_) >= limits::slow_delivery ? slow
                                                                           : known;
  if (standing == site.standing) return;
  auto &from = of_[site.standing], &to = of_[standing];
  from.busy -= site.busy;
  to.busy += site.busy;
  if (site.counted) --from.sites, ++to.sites;
  site.standing = standing;
}

void Scheduler::add(SiteId id, Job job, const Terms& terms) {
  assert(sites_[id].used);
  jobs_.add(id, job, terms);
  list(id);
}

Job Scheduler::begin(SiteId id) {
  auto& site = sites_[id];
  const auto job = jobs_.take(id);
  assert(job);
  site.rate.take();
  site.slot_time.begin(now_);
  return *job;
}

// Whether sites of a standing that hold `busy_of_it` slots may have one more, when all of the
// strangers and slow sites hold `busy_out_of_turn`.
bool Scheduler::may_start(Standing standing, std::size_t busy_of_it,
                          std::size_t busy_out_of_turn) const {
  if (standing == known) return true;
  if (busy_out_of_turn >= slots_ - slots_ / 4) return false;
  const auto least = std::max<std::size_t>(slots_ / 100, 1);
  if (standing == slow) {
    // A quarter more, so that known sites can grow.
    const auto for_known = std::min(slots_, static_cast<std::size_t>(lately_known_ * 1.25));
    if (busy_of_it >= std::max(least, slots_ - for_known)) return false;
  }
  std::size_t sites = 0;
  bool others = false;
  for (Standing one = 0; one < standings; ++one) {
    sites += of_[one].sites;
    others |= one != standing && !of_[one].turns.empty();
  }
  if (!others) return true;
  return busy_of_it < std::max(least, slots_ * of_[standing].sites / std::max(sites, least));
}

std::optional<Assignment> Scheduler::next(SteadyTime now) {
  wake(now);
  jobs_.pass(now_);
  Standing passed_over = 0;
  while (busy_ < slots_ && passed_over < standings) {
    auto& group = of_[turn_];
    const auto standing = std::exchange(turn_, (turn_ + 1) % standings);
    if (group.turns.empty() ||
        !may_start(standing, group.busy, of_[strangers].busy + of_[slow].busy)) {
      ++passed_over;
      continue;
    }
    passed_over = 0;
    const auto id = group.turns.front();
    group.turns.pop_front();
    auto& site = sites_[id];
    site.in_turn[standing] = false;
    if (!site.used) continue;
    judge(id);
    const bool ready = jobs_.size(id) > 0 && site.feedback.admits(site.busy) &&
                       std::max(site.feedback.ready(), site.rate.ready(now_)) <= now_;
    if (site.standing != standing || !ready) {
      list(id);
      continue;
    }
    ++site.busy;
    ++busy_;
    ++group.busy;
    const Assignment assignment{id, begin(id)};
    list(id);
    return assignment;
  }
  return std::nullopt;
}

SteadyTime Scheduler::next_ready() const {
  return std::min(waits_.empty() ? never : waits_.begin()->first, jobs_.next_change());
}

bool Scheduler::others_wait(SiteId id) const {
  if (!of_[known].turns.empty()) return true;
  const auto mine = sites_[id].standing;
  for (const auto standing : {strangers, slow}) {
    const auto& group = of_[standing];
    const std::size_t of_it = mine == standing ? 1 : 0, out_of_turn = mine != known ? 1 : 0;
    if (!group.turns.empty() &&
        may_start(standing, group.busy - of_it, of_[strangers].busy + of_[slow].busy - out_of_turn))
      return true;
  }
  return false;
}

std::optional<Assignment> Scheduler::more(SiteId id, SteadyTime now) {
  wake(now);
  jobs_.pass(now_);
  auto& site = sites_[id];
  assert(site.busy > 0);
  judge(id);
  if (jobs_.size(id) == 0 || site.busy > site.feedback.window()) return std::nullopt;
  if (site.feedback.dead()) return std::nullopt;  // let the probe come to its end
  if (site.rate.ready(now_) > now_) return std::nullopt;
  if (busy_ >= slots_ && others_wait(id)) return std::nullopt;
  site.slot_time.end(now_);
  const Assignment assignment{id, begin(id)};
  list(id);
  return assignment;
}

void Scheduler::put_back(const Assignment& assignment) {
  jobs_.put_back(assignment.site, assignment.job);
  list(assignment.site);
}

void Scheduler::release(SiteId id, SteadyTime now) {
  wake(now);
  auto& site = sites_[id];
  assert(site.busy > 0);
  site.slot_time.end(now_);
  --site.busy;
  --busy_;
  --of_[site.standing].busy;
  judge(id);
  list(id);
}

std::optional<Job> Scheduler::take_waiting(SiteId id) {
  const auto job = jobs_.take(id);
  list(id);
  return job;
}

std::optional<Assignment> Scheduler::take_ended(SteadyTime now) {
  wake(now);
  jobs_.pass(now_);
  const auto ended = jobs_.take_ended();
  if (ended) list(ended->site);
  return ended;
}

void Scheduler::answered(SiteId id) {
  auto& site = sites_[id];
  if (site.feedback.answered()) site.slot_time.forget();
  site.stranger = false;
  judge(id);
  list(id);
}

void Scheduler::turned_away(SiteId id, unsigned working, SteadyTime now) {
  sites_[id].feedback.failed(working, now, probes_);
  list(id);
}

Scheduler::Unreached Scheduler::unreachable(SiteId id, unsigned working, SteadyTime now) {
  auto& site = sites_[id];
  site.feedback.failed(working, now, probes_);
  if (working > 0) return Unreached::wait;
  site.stranger = true;
  judge(id);
  list(id);
  return site.feedback.dead() ? Unreached::defer_all : Unreached::defer_job;
}

void Scheduler::probe_now(SiteId id) {
  sites_[id].feedback.probe_now();
  list(id);
}

std::optional<SteadyTime> Scheduler::waits_until(SiteId id) const {
  const auto when = sites_[id].wakes;
  return when == never ? std::nullopt : std::optional(when);
}

}  // namespace malleposte::queue
