#include "deliver/dispatcher.h"

#include <algorithm>
#include <cassert>

#include "base/limits.h"
#include "deliver/mailbox_carrier.h"
#include "deliver/smtp_carrier.h"

namespace malleposte::deliver {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t leases_at_once = 500;  // so that the loop gets its turn
constexpr std::size_t ending_at_once = 100;  // each is read from the disk
constexpr Duration no_room_pause = 1s;
constexpr Duration sweep_interval = 1s;
constexpr Duration site_sweep_interval = 10s;
constexpr Duration longest_sleep = 60s;    // the clock of the wall may be set meanwhile
constexpr Duration shortest_sleep = 10ms;  // when due mail cannot be leased
constexpr Duration stop_poll = 20ms;

// Recipients in one job.
std::size_t most_together(const Plan& plan) {
  return plan.maildir.empty() ? limits::recipients_per_transaction : limits::mailboxes_together;
}

Task<void> good_bye(std::unique_ptr<Connection> connection) {
  co_await connection->quit();
}

}  // namespace

Dispatcher::Dispatcher(Surroundings with, Sites::Bounds remembered)
    : with_(with),
      suspended_(with.settings.deliveries_suspended),
      scheduler_(limits::deliveries_in_all),
      notifier_(with.settings, with.record),
      consignments_(with, notifier_,
                    [this] {
                      if (full_ || overdue_) wake();
                    }),
      gatherer_(with, notifier_),
      sites_(
          with_, scheduler_, consignments_, [this] { wake(); }, remembered),
      inquiry_(
          with.loop, with.resolver,
          [this](std::string domain, net::MxAnswer answer) { found(domain, std::move(answer)); }),
      depot_{with_,
             scheduler_,
             consignments_,
             cache_,
             sites_,
             hosts_,
             stopping_,
             [this](auto connection) { say_good_bye(std::move(connection)); },
             [this] { wait_for_room(); }} {}

Dispatcher::~Dispatcher() {
  if (started_) {
    with_.store.on_due({});
    with_.store.on_flush({});
    with_.store.bounce_with({});
  }
  if (timer_ != 0) with_.loop.cancel(timer_);
}

void Dispatcher::start() {
  assert(!started_);
  started_ = true;
  with_.store.on_due([this] { wake(); });
  with_.store.on_flush([this](const std::string& domain, const std::string& next_hop) {
    sites_.try_now(domain, next_hop);
  });
  with_.store.bounce_with([this](const spool::Store::Bounced& bounced) {
    return notifier_.notices({bounced.id,
                              bounced.envelope,
                              bounced.generated,
                              bounced.failed,
                              {},
                              {},
                              bounced.content,
                              bounced.all_of_it},
                             with_.loop.wall());
  });
  wake();
}

void Dispatcher::suspend(bool suspended) {
  suspended_ = suspended;
  wake();
}

void Dispatcher::reload() {
  sites_.reload();
  suspend(with_.settings.deliveries_suspended);
}

// Many reasons to look for work become one look.
void Dispatcher::wake() {
  if (pump_posted_ || stopping_ || !started_) return;
  pump_posted_ = true;
  with_.loop.post([this] { pump(); });
}

void Dispatcher::pump() {
  pump_posted_ = false;
  if (stopping_) return;
  sites_.open_due();
  if (!suspended_) {
    lease();
    lease_overdue();
  }
  start_carriers();
  if (with_.loop.steady() < no_room_until_) arm(no_room_until_);
  sweep();
}

void Dispatcher::lease() {
  // The last of them are for what is overdue.
  constexpr auto most = limits::leased_messages - limits::overdue_at_once;
  const auto room = most - std::min(most, leased_messages());
  const auto max = std::min(room, leases_at_once);
  full_ = room == 0;
  if (!full_) {
    auto leases = with_.store.lease(with_.loop.wall(), max);
    const bool more = leases.size() == max;
    take(std::move(leases));
    if (more) return wake();
  }
  // At the limit the end of a settlement is what wakes us.
  if (auto due = with_.store.next_due(); due && !full_) {
    auto wait = std::clamp<Duration>(*due - with_.loop.wall(), shortest_sleep, longest_sleep);
    arm(with_.loop.steady() + wait);
  }
}

// Mail that waits in the store for its site has no attempts, and is to expire and to be warned of
// all the same. Where the site is closed that is done with what it said last (Depot::end).
void Dispatcher::lease_overdue() {
  if (!overdue_) {
    if (with_.loop.steady() < next_overdue_) return;
    next_overdue_ = with_.loop.steady() + limits::overdue_round;
    if (!sites_.any_paused()) return;
    const auto expired = with_.loop.wall() - with_.settings.queue_lifetime;
    const auto warn_after = with_.settings.delay_warning_after;
    const bool warns = warn_after > Duration::zero();
    overdue_ = spool::Overdue{expired, warns ? with_.loop.wall() - warn_after : expired};
  }
  // Else it goes on as soon as one of them is dealt with.
  if (leased_messages() + limits::overdue_at_once > limits::leased_messages) return;
  take(with_.store.lease_overdue(with_.loop.wall(), *overdue_));
  if (overdue_->through)
    overdue_.reset();
  else
    wake();
}

void Dispatcher::take(std::vector<spool::Lease> leases) {
  for (auto& lease : leases) {
    if (lease.gathered)
      gatherer_.take(std::move(lease));
    else
      accept(std::move(lease));
  }
}

// Where each recipient goes. Those of a domain that many wait for already, and those whose site has
// enough go back to the store, out of the lease.
std::vector<Sites::Place> Dispatcher::places_in(spool::Lease& lease) {
  std::vector<Sites::Place> places;
  std::vector<std::uint32_t> turned_back;
  const auto may_wait = [this](const std::string& domain) {
    const auto asking = asking_.find(domain);
    if (asking == asking_.end() || asking->second.size() < limits::jobs_per_lookup) return true;
    with_.store.pause(domain);
    return false;
  };
  // Its sender wants it back by now: that takes no connection.
  const bool ended = lease.deliver_by && lease.deliver_by->return_after &&
                     lease.deliver_by->deadline <= with_.loop.wall();
  WallTime not_before{};
  const auto takes = [&](const Sites::Place& place, const spool::LeasedRecipient& recipient) {
    if (recipient.bounced_by != 0 || ended) return true;
    std::optional<WallTime> until;
    if (place.site == nullptr) {
      if (may_wait(recipient.domain)) return true;
      until = sites_.a_little_later();
    } else {
      if (lease.apart()) until = sites_.apart_waits_until(*place.site);
      if (lease.apart() ? !until : sites_.takes(*place.site, recipient.domain)) return true;
      if (sites_.ends(*place.site, lease)) return true;
    }
    if (lease.apart()) not_before = *until;
    return false;
  };
  auto& recipients = lease.recipients;
  places.reserve(recipients.size());
  std::size_t kept = 0;
  for (auto& recipient : recipients) {
    auto place = sites_.place(lease, recipient);
    if (takes(place, recipient)) {
      places.push_back(std::move(place));
      if (&recipients[kept] != &recipient) recipients[kept] = std::move(recipient);
      ++kept;
    } else {
      turned_back.push_back(recipient.index);
    }
  }
  recipients.resize(kept);
  if (!turned_back.empty()) with_.store.release(lease.id, turned_back, not_before);
  return places;
}

// A message becomes one job for each site, and more where a site would get too many recipients in
// one transaction, or go into too many mailboxes. Domains whose site is not known yet have a
// job each.
void Dispatcher::accept(spool::Lease lease) {
  assert(!lease.recipients.empty());
  lease.overdue |= lease.apart() && consignments_.late(lease);
  auto places = places_in(lease);
  if (places.empty()) return;
  std::vector<Consignments::Part> parts;
  std::unordered_map<std::string_view, std::size_t> open;  // parts with room, of several recipients
  std::vector<std::uint32_t> first;                        // recipient of each part
  for (std::uint32_t i = 0; i < places.size(); ++i) {
    const auto* site = places[i].site;
    auto index = parts.size();
    if (places.size() > 1) {
      const auto& name = site != nullptr ? site->name : lease.recipients[i].domain;
      auto [known, is_new] = open.try_emplace(name, index);
      if (!is_new && parts[known->second].recipients.size() < most_together(*places[i].plan) &&
          (places[first[known->second]].site != nullptr) == (site != nullptr))
        index = known->second;
      else
        known->second = index;
    }
    if (index == parts.size()) {
      parts.push_back({places[i].plan, {}});
      first.push_back(i);
    }
    parts[index].recipients.push_back(i);
  }
  const auto id = lease.id;
  const auto terms = terms_of(lease);
  consignments_.add(std::move(lease), std::move(parts));
  for (std::uint32_t part = 0; part < first.size(); ++part) {
    const auto& place = places[first[part]];
    if (place.site != nullptr)
      add(*place.site, {id, part}, terms);
    else
      ask(consignments_.lease(id).recipients[first[part]].domain, {id, part}, terms, place.known);
  }
}

void Dispatcher::add(const Site& site, queue::Job job, const queue::Terms& terms) {
  if (sites_.ends(site, job))
    scheduler_.end(site.id, job);
  else
    scheduler_.add(site.id, job, terms);
}

void Dispatcher::ask(const std::string& domain, queue::Job job, const queue::Terms& terms,
                     bool first) {
  auto [waiting, is_new] = asking_.try_emplace(domain);
  waiting->second.push_back({job, terms});
  if (is_new) inquiry_.ask(domain, first);
}

void Dispatcher::found(const std::string& domain, net::MxAnswer answer) {
  if (stopping_) return;
  auto waiting = asking_.extract(domain);
  auto& site = sites_.found(domain, std::move(answer));
  for (const auto& [job, terms] : waiting.mapped()) {
    const bool ended = terms.ends_then && terms.deadline <= with_.loop.steady();
    if (ended || sites_.takes(site, domain) || sites_.ends(site, job))
      add(site, job, terms);
    else
      sites_.give_back(site, job);
  }
  if (waiting.mapped().size() >= limits::jobs_per_lookup) with_.store.resume(domain);
  wake();
}

queue::Terms Dispatcher::terms_of(const spool::Lease& lease) const {
  queue::Terms terms;
  terms.sender = lease.sender;
  terms.priority = lease.priority;
  terms.retry = lease.recipients.front().attempts > 0;
  if (const auto& by = lease.deliver_by) {
    terms.deadline = with_.loop.steady() + (by->deadline - with_.loop.wall());
    terms.ends_then = by->return_after;
  }
  return terms;
}

void Dispatcher::start_carriers() {
  // Read anew each time: a reload may have changed it.
  scheduler_.set_probes({std::min(limits::first_probe, with_.settings.retry_first),
                         std::min(limits::longest_probe, with_.settings.retry_max)});
  while (with_.loop.steady() >= no_room_until_) {
    const auto now = with_.loop.steady();
    if (const auto ended = ending_ < ending_at_once ? scheduler_.take_ended(now) : std::nullopt) {
      spawn(end(sites_.by_id(ended->site), *ended));
    } else if (const auto assignment = scheduler_.next(now)) {
      spawn(run_carrier(sites_.by_id(assignment->site), *assignment));
    } else {
      if (const auto ready = scheduler_.next_ready(); ready != never) arm(ready);
      return;
    }
  }
}

Task<void> Dispatcher::run_carrier(Site& site, queue::Assignment first) {
  const bool into_mailboxes = !site.plan->maildir.empty();
  std::unique_ptr<Carrier> carrier;
  if (into_mailboxes)
    carrier = std::make_unique<MailboxCarrier>(depot_, site);
  else
    carrier = std::make_unique<SmtpCarrier>(depot_, site);
  const auto number = ++carriers_begun_;
  carriers_.emplace(number, carrier.get());
  co_await carrier->run(first);
  carriers_.erase(number);
  wake();
}

Task<void> Dispatcher::end(Site& site, queue::Assignment ended) {
  ++ending_;
  ++site.ending;
  co_await depot_.end(site, ended);
  --site.ending;
  --ending_;
  wake();
}

void Dispatcher::say_good_bye(std::unique_ptr<Connection> connection) {
  spawn(good_bye(std::move(connection)));
}

void Dispatcher::wait_for_room() {
  no_room_until_ = with_.loop.steady() + no_room_pause;
  arm(no_room_until_);
}

void Dispatcher::arm(SteadyTime when) {
  if (stopping_ || timer_at_ <= when) return;
  if (timer_ != 0) with_.loop.cancel(timer_);
  timer_at_ = when;
  timer_ = with_.loop.call_at(when, [this] {
    timer_ = 0;
    timer_at_ = never;
    wake();
  });
}

// Closes connections that nobody needed; looks after the sites.
void Dispatcher::sweep() {
  const auto now = with_.loop.steady();
  if (now >= next_sweep_) {
    next_sweep_ = now + sweep_interval;
    while (auto idle = cache_.take_oldest(now - limits::cached_connection_idle))
      say_good_bye(std::move(idle));
  }
  if (now >= next_site_sweep_ || sites_.crowded()) {
    next_site_sweep_ = now + site_sweep_interval;
    sites_.sweep(cache_);
  }
  if (cache_.size() > 0)
    arm(next_sweep_);
  else if (sites_.size() > 0)
    arm(next_site_sweep_);
  if (sites_.next_opening() != never) arm(sites_.next_opening());
}

// A carrier that is stopped may leave at once, and others with it.
void Dispatcher::for_each_carrier(const std::function<void(Carrier&)>& act) {
  std::vector<std::uint64_t> numbers;
  for (const auto& [number, carrier] : carriers_) numbers.push_back(number);
  for (const auto number : numbers)
    if (const auto still = carriers_.find(number); still != carriers_.end()) act(*still->second);
}

Task<std::vector<InDoubt>> Dispatcher::stop() {
  stopping_ = true;
  gatherer_.stop();
  if (timer_ != 0) with_.loop.cancel(std::exchange(timer_, 0));
  while (auto idle = cache_.take_oldest(never)) say_good_bye(std::move(idle));
  patience_ends_ = with_.loop.steady() + limits::delivery_grace;
  for (;;) {
    for_each_carrier([](Carrier& carrier) { carrier.stop(); });
    if (past_final_dot() == 0 || with_.loop.steady() >= patience_ends_) break;
    co_await sleep_until(with_.loop, with_.loop.steady() + stop_poll);
  }
  std::vector<InDoubt> in_doubt;
  for (const auto& [number, carrier] : carriers_)
    if (carrier->past_final_dot()) in_doubt.push_back({carrier->message(), carrier->host()});
  for_each_carrier([](Carrier& carrier) { carrier.abort(); });
  const auto deadline = with_.loop.steady() + limits::outcome_grace;
  while ((consignments_.settling() > 0 || gatherer_.settling()) && with_.loop.steady() < deadline)
    co_await sleep_until(with_.loop, with_.loop.steady() + stop_poll);
  // Delivered, but the spool has not taken it down: they will go out again.
  for (auto id : consignments_.settling_deliveries()) in_doubt.push_back({id, ""});
  co_return in_doubt;
}

void Dispatcher::hasten() {
  patience_ends_ = with_.loop.steady();
}

std::size_t Dispatcher::past_final_dot() const {
  return static_cast<std::size_t>(
      std::count_if(carriers_.begin(), carriers_.end(),
                    [](const auto& entry) { return entry.second->past_final_dot(); }));
}

}  // namespace malleposte::deliver
