#include "model.h"

#include <cassert>

namespace malleposte::queue_sim {
namespace {

using namespace std::chrono_literals;

WallTime wall(SteadyTime time) {
  return WallTime{time.time_since_epoch()};
}

bool every(unsigned of, std::uint64_t count) {
  return of > 0 && count % of == 0;
}

}  // namespace

Model::Model(const Plan& plan, std::uint64_t seed, Fault fault)
    : plan_(plan),
      fault_(fault),
      random_(seed * 2 + 1),
      scheduler_(plan.slots),
      schedule_{5min, 1h, 120h},
      hops_(plan.sites.size()) {
  for (queue::SiteId site = 0; site < plan.sites.size(); ++site) {
    scheduler_.set_limits(scheduler_.add_site(), limits_of(site));
    if (fault_ == Fault::no_strangers) scheduler_.answered(site);
  }
  next_arrival();
}

queue::SiteLimits Model::limits_of(queue::SiteId site) const {
  auto limits = plan_.limits[site];
  if (fault_ == Fault::more_connections) limits.connections *= 2;
  if (fault_ == Fault::higher_rates) limits.rate_per_second *= 2;
  return limits;
}

bool Model::misses_turn(queue::SiteId site) {
  return fault_ == Fault::missed_turns && site == 1 && ++turns_ % 10 != 0;
}

// One after the other: there may be a million.
void Model::next_arrival() {
  if (arrived_ == plan_.arrivals.size()) return;
  at(plan_.arrivals[arrived_].at, [this] {
    const auto& arrival = plan_.arrivals[arrived_++];
    arrive({arrived_, arrival.site, arrival.terms, 0, arrival.at, arrival.at});
    next_arrival();
  });
}

void Model::at(SteadyTime when, std::function<void()> act) {
  events_.emplace(when, std::move(act));
}

void Model::run(SteadyTime until) {
  while (!events_.empty() && events_.begin()->first <= until) {
    const auto event = events_.extract(events_.begin());
    now_ = std::max(now_, event.key());
    event.mapped()();
    pump();
  }
  tell([&](Checker& one) { one.finish(now_); });
}

void Model::arrive(Passenger job) {
  auto terms = job.terms;
  if (fault_ == Fault::no_deadlines) terms.ends_then = false;
  if (fault_ == Fault::many_senders) terms.sender = static_cast<std::uint32_t>(job.number);
  if (fault_ != Fault::lost_jobs || !every(100, job.number))
    scheduler_.add(job.site, {mail::MessageId{job.number}, 0}, terms);
  tell([&](Checker& one) { one.added(job, now_); });
  waiting_.emplace(job.number, std::move(job));
}

void Model::pump() {
  while (const auto ended = scheduler_.take_ended(now_)) {
    const auto job = waiting_.extract(ended->job.message.value);
    assert(!job.empty());
    tell([&](Checker& one) { one.ended(job.mapped(), now_); });
  }
  while (const auto next = scheduler_.next(now_)) {
    if (misses_turn(next->site)) {
      scheduler_.put_back(*next);
      scheduler_.release(next->site, now_);
      continue;
    }
    auto carrier = std::make_shared<Carrier>();
    carrier->site = next->site;
    begin(*carrier, next->job.message.value, true);
    connect(std::move(carrier));
  }
  const auto ready = scheduler_.next_ready();
  if (ready == never || (wakes_ > now_ && wakes_ <= ready)) return;
  wakes_ = ready;
  at(ready, [] {});
}

void Model::begin(Carrier& carrier, std::uint64_t number, bool with_slot) {
  auto job = waiting_.extract(number);
  assert(!job.empty() && "given out, but it does not wait");
  carrier.job = std::move(job.mapped());
  tell([&](Checker& one) { one.begins(carrier.job, with_slot, now_); });
  carrier.job.put_back = false;
}

void Model::connect(std::shared_ptr<Carrier> carrier) {
  const auto& habits = plan_.sites[carrier->site];
  const bool silent = habits.is_down(now_) && habits.silent;
  at(now_ + (silent ? limits::connect_timeout : habits.connect), [this, carrier] {
    const auto& of = plan_.sites[carrier->site];
    auto& hop = hops_[carrier->site];
    const bool bad = every(of.bad_of, ++hop.connections);
    if (bad || of.is_down(now_) || hop.open >= of.takes) return fail(carrier);
    ++hop.open;
    carrier->connected = true;
    carrier->carried = 0;
    scheduler_.connected(carrier->site);
    deliver(carrier);
  });
}

void Model::deliver(std::shared_ptr<Carrier> carrier) {
  at(now_ + plan_.sites[carrier->site].service, [this, carrier] {
    const auto site = carrier->site;
    const auto& of = plan_.sites[site];
    auto& hop = hops_[site];
    ++carrier->carried;
    ++hop.messages;
    if (of.is_down(now_)) {  // the connection is lost: no answer
      close(*carrier);
      defer(std::move(carrier->job));
    } else if (every(of.busy_of, hop.messages)) {
      close(*carrier);
      scheduler_.turned_away(site, hop.open, now_);
      tell([&](Checker& one) { one.turned_away(site, now_); });
      defer(std::move(carrier->job));
    } else {
      scheduler_.answered(site);
      tell([&](Checker& one) { one.answered(site, now_); });
      if (every(of.later_of, hop.messages)) {
        defer(std::move(carrier->job));
      } else {
        ++delivered_;
        tell([&](Checker& one) { one.delivered(carrier->job, now_); });
      }
    }
    go_on(carrier);
  });
}

void Model::go_on(std::shared_ptr<Carrier> carrier) {
  const auto more = scheduler_.more(carrier->site, now_);
  if (!more) {
    close(*carrier);
    return release(carrier->site);
  }
  begin(*carrier, more->job.message.value, false);
  if (carrier->connected && carrier->carried >= scheduler_.limits(carrier->site).messages)
    close(*carrier);
  carrier->connected ? deliver(carrier) : connect(carrier);
}

void Model::close(Carrier& carrier) {
  if (!carrier.connected) return;
  --hops_[carrier.site].open;
  carrier.connected = false;
}

void Model::release(queue::SiteId site) {
  scheduler_.release(site, now_);
  tell([&](Checker& one) { one.released(site, now_); });
}

void Model::fail(std::shared_ptr<Carrier> carrier) {
  using Unreached = queue::Scheduler::Unreached;
  const auto site = carrier->site;
  const auto what = scheduler_.unreachable(site, hops_[site].open, now_);
  if (what == Unreached::wait) {
    carrier->job.put_back = true;
    scheduler_.put_back({site, {mail::MessageId{carrier->job.number}, 0}});
    tell([&](Checker& one) { one.put_back(carrier->job, now_); });
    const auto number = carrier->job.number;
    waiting_.emplace(number, std::move(carrier->job));
  } else {
    tell([&](Checker& one) { one.unreachable(site, now_); });
    if (fault_ == Fault::early_probes) scheduler_.probe_now(site);
    defer(std::move(carrier->job));
    while (what == Unreached::defer_all) {
      const auto job = scheduler_.take_waiting(site);
      if (!job) break;
      auto passenger = std::move(waiting_.extract(job->message.value).mapped());
      tell([&](Checker& one) { one.taken_out(passenger, now_); });
      defer(std::move(passenger));
    }
  }
  release(site);
}

void Model::defer(Passenger job) {
  random_ = random_ * 6364136223846793005 + 1442695040888963407;
  const bool timed = job.terms.deadline != never;
  const auto next = schedule_.next(wall(now_), wall(job.arrived), job.attempts, random_ >> 33,
                                   timed ? wall(job.terms.deadline) : WallTime::max());
  assert(next);  // no run is so long
  const SteadyTime due{next->time_since_epoch()};
  tell([&](Checker& one) { one.deferred(job, due, now_); });
  ++job.attempts;
  job.due = due;
  job.terms.retry = true;
  job.put_back = false;
  const auto comes = fault_ == Fault::early_retries ? due - (due - now_) / 10 : due;
  at(comes, [this, job = std::move(job)] { arrive(job); });
}

}  // namespace malleposte::queue_sim
