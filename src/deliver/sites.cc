#include "deliver/sites.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <cassert>

#include "base/limits.h"

namespace malleposte::deliver {
namespace {

using State = SiteStatus::State;

// A lease takes so many at once: what has come with one is kept, what comes behind it goes back.
constexpr std::size_t most_in_hand = limits::leased_per_site + 500;

// By whom, in which words.
std::string describe(const Unreachable& said) {
  return mail::describe(answer_of(said.ruling, said.target ? &*said.target : nullptr));
}

std::string time_of_day(WallTime when) {
  return fmt::format("{:%H:%M:%S}", std::chrono::floor<std::chrono::seconds>(when));
}

}  // namespace

Sites::Sites(const Surroundings& with, queue::Scheduler& scheduler, Consignments& consignments,
             std::function<void()> resumed, Bounds bounds)
    : with_(with),
      scheduler_(scheduler),
      consignments_(consignments),
      resumed_(std::move(resumed)),
      bounds_(bounds),
      limits_(with.settings),
      ways_(ways(with.settings)) {}

Sites::Ways Sites::ways(const config::Settings& settings) {
  return {settings.net, settings.smart_relay, settings.routes};
}

// --- Where mail goes

Sites::Place Sites::place(const spool::Lease& lease, const spool::LeasedRecipient& recipient) {
  if (recipient.bounced_by != 0) {
    const auto known = sites_.find(bounced_plan(recipient.bounced_by, "")->key);
    if (known != sites_.end()) return {known->second->plan, known->second.get()};
    std::string reason;
    for (const auto& order : with_.store.orders())
      if (order.number == recipient.bounced_by) reason = order.reason;
    auto plan = bounced_plan(recipient.bounced_by, reason);
    return {plan, &site_of(plan, "", {})};
  }
  if (!lease.next_hop.empty()) {
    auto plan = rerouted_plan(lease.next_hop);
    return {plan, &site_of(plan, "", {})};
  }
  const auto now = with_.loop.steady();
  auto& domain = domains_[recipient.domain];
  if (!domain.plan) domain.plan = with_.routes.plan(recipient.domain);
  domain.last_used = now;
  if (domain.site == nullptr && !domain.plan->by_own_mx()) {
    assign(recipient.domain, domain, site_of(domain.plan, recipient.domain, {}));
    domain.known_until = never;
  }
  if (domain.site == nullptr || now >= domain.known_until)
    return {domain.plan, nullptr, domain.site != nullptr};
  domain.site->last_used = now;
  return {domain.plan, domain.site, true};
}

Site& Sites::found(const std::string& domain, net::MxAnswer answer) {
  auto& known = domains_[domain];
  const auto now = with_.loop.steady();
  if (!known.plan) known.plan = with_.routes.plan(domain);  // forgotten meanwhile
  known.last_used = now;
  if (!known.plan->by_own_mx())  // by a reload; who has asked goes by the plan of before
    return site_of(RouteTable(config::Settings{}).plan(domain), domain, std::move(answer));
  known.known_until = now + limits::mx_answer_kept;
  assign(domain, known, site_of(known.plan, domain, std::move(answer)));
  return *known.site;
}

void Sites::assign(const std::string& name, Domain& domain, Site& site) {
  if (domain.site == &site) return;
  if (domain.site != nullptr) domain.site->domains.erase(name);
  domain.site = &site;
  if (site.domains.size() < limits::domains_told) site.domains.insert(name);
}

Site& Sites::site_of(const std::shared_ptr<const Plan>& plan, const std::string& domain,
                     std::optional<net::MxAnswer> mx) {
  auto name = plan->key;
  if (mx) {
    auto hosts = mx->records;
    std::erase_if(hosts, [](const auto& host) { return host.host.empty(); });  // RFC 7505 3
    if (mx->lookup == net::Lookup::found && !hosts.empty()) name = mx_site_name(std::move(hosts));
  }
  const auto limit = plan->by_operator ? nullptr : limits_.of_domain(domain);
  if (limit) name += '#' + limit->pattern;
  auto& site = sites_[name];
  if (!site) {
    ++new_;
    site = std::make_unique<Site>();
    site->name = name;
    site->plan = plan;
    site->mx = std::move(mx);
    if (limit) site->apart = limit->pattern;
    site->id = scheduler_.add_site();
    if (by_id_.size() <= site->id) by_id_.resize(site->id + 1);
    by_id_[site->id] = site.get();
    set_limit(*site);
  } else if (mx) {
    site->mx = std::move(mx);
  }
  site->last_used = with_.loop.steady();
  return *site;
}

void Sites::set_limit(Site& site) {
  const bool route = site.plan->key.starts_with("route:");
  const auto own = std::vector<net::Mx>{{0, site.plan->key}};  // without MX it is its own host
  const auto& hosts = site.mx && site.mx->lookup == net::Lookup::found ? site.mx->records : own;
  site.limit = site.apart.empty() ? nullptr : limits_.of_pattern(site.apart);
  if (!site.limit && !site.plan->by_operator)
    site.limit = limits_.of_site(route ? site.plan->key : "", hosts);
  const bool paced = site.limit && site.limit->backoff_for > Duration{};
  // Not above the distances of retries, unless the operator wants it so.
  site.back_off.set_times(paced ? site.limit->backoff_for
                                : std::min(limits::back_off_first, with_.settings.retry_first),
                          std::min(limits::back_off_most, with_.settings.retry_max));
  scheduler_.set_limits(site.id, site.limit ? site.limit->limits : queue::SiteLimits{});
}

// --- Whose mail waits in the store

bool Sites::takes(Site& site, const std::string& domain) {
  const bool closed = site.closed(with_.loop.steady());
  const auto load = in_hand(site);
  if (!closed && load < limits::leased_per_site) return true;
  pause(site, domain);
  return !closed && load < most_in_hand;
}

void Sites::pause(Site& site, const std::string& domain) {
  with_.store.pause(domain);
  site.paused.add(domain);
}

std::optional<WallTime> Sites::apart_waits_until(const Site& site) const {
  const auto now = with_.loop.steady();
  if (site.closed(now)) return a_little_later() + (site.closed_until() - now);
  if (in_hand(site) < limits::leased_per_site) return std::nullopt;
  return a_little_later();
}

WallTime Sites::a_little_later() const {
  const auto spread = static_cast<std::uint64_t>(limits::apart_wait.count());
  return with_.loop.wall() + Duration(1 + with_.loop.random() % spread);
}

// Not all at once: each brings mail, and there may be very many.
void Sites::resume_some(Site& site) {
  for (std::size_t i = 0; i < limits::leased_per_site && !site.paused.empty(); ++i)
    with_.store.resume(site.paused.take());
  resumed_();
}

void Sites::give_back(Site& site, queue::Job job) {
  const auto& lease = consignments_.lease(job.message);
  if (lease.apart()) return consignments_.recall(job, apart_waits_until(site).value_or(WallTime{}));
  const std::string* last = nullptr;
  for (const auto position : consignments_.recipients(job)) {
    const auto& domain = lease.recipients[position].domain;
    if (last == nullptr || domain != *last) pause(site, domain);
    last = &domain;
  }
  consignments_.recall(job);
}

// --- What carriers learn

void Sites::answered(Site& site, bool accepted) {
  if (site.state == State::dead && !scheduler_.dead(site.id)) {
    site.dead_until = {};
    if (!site.closed(with_.loop.steady())) open(site, "is reached again");
  }
  if (accepted && site.back_off.begun() && !site.closed(with_.loop.steady())) {
    site.back_off.over();
    if (site.state == State::backing_off) open(site, "takes mail again");
  }
  if (!site.paused.empty() && !site.closed(with_.loop.steady()) &&
      in_hand(site) < limits::leased_per_site / 2)
    resume_some(site);
}

queue::Scheduler::Unreached Sites::unreachable(Site& site, const Unreachable& said) {
  const auto what = scheduler_.unreachable(site.id, site.working, with_.loop.steady());
  died(site, said);
  return what;
}

void Sites::turned_away(Site& site, const Unreachable& said) {
  scheduler_.turned_away(site.id, site.working - 1, with_.loop.steady());
  if (died(site, said)) empty(site);
}

// Closed exactly as long as the scheduler begins nothing.
bool Sites::died(Site& site, const Unreachable& said) {
  if (!scheduler_.dead(site.id)) return false;
  site.dead_until = scheduler_.feedback(site.id).next_probe();
  close(site, State::dead, site.dead_until, said);
  return true;
}

void Sites::asked_for_less(Site& site, const Unreachable& said) {
  scheduler_.start_over(site.id);
  close(site, State::backing_off, site.back_off.again(with_.loop.steady()), said);
  empty(site);
}

// What waits goes back to the store, rather than be refused one after the other; but for what is
// too old, which is told the same now (Depot::end).
void Sites::empty(Site& site) {
  while (const auto job = scheduler_.take_waiting(site.id)) {
    if (ends(site, *job))
      scheduler_.end(site.id, *job);
    else
      give_back(site, *job);
  }
  resumed_();
}

void Sites::close(Site& site, State state, SteadyTime until, const Unreachable& said) {
  closings_.emplace(until, site.id);
  site.said = said;
  if (std::exchange(site.state, state) == state) return;
  with_.record.event("log", monitor::Severity::warning,
                     fmt::format("{} {} and is tried again at {}: {}", site.name,
                                 state == State::dead ? "cannot be reached" : "asks for less mail",
                                 time_of_day(on_the_wall(until)), describe(said)));
}

void Sites::open(Site& site, std::string_view how) {
  site.state = State::normal;
  site.said = {};
  with_.record.event("log", monitor::Severity::info, fmt::format("{} {}", site.name, how));
}

// --- From time to time

bool Sites::any_paused() const {
  return std::ranges::any_of(sites_, [](const auto& one) { return !one.second->paused.empty(); });
}

void Sites::open_due() {
  const auto now = with_.loop.steady();
  while (!closings_.empty() && closings_.begin()->first <= now) {
    auto* site = by_id_[closings_.begin()->second];
    closings_.erase(closings_.begin());
    if (site != nullptr && !site->closed(now) && !site->paused.empty()) resume_some(*site);
  }
}

void Sites::try_now(Site& site) {
  site.back_off.cut_short();
  site.dead_until = {};
  scheduler_.probe_now(site.id);
  if (!site.paused.empty()) resume_some(site);
}

void Sites::try_now(const std::string& domain, const std::string& next_hop) {
  if (!next_hop.empty()) {
    const auto site = sites_.find(rerouted_plan(next_hop)->key);
    if (site != sites_.end()) try_now(*site->second);
  } else if (const auto known = domains_.find(domain); known != domains_.end()) {
    if (known->second.known_until != never) known->second.known_until = {};
    if (known->second.site != nullptr) try_now(*known->second.site);
    with_.store.resume(domain);  // before all others of its site
  }
}

// A domain keeps its site as long as its way is the same; its MX is asked for again.
void Sites::reload() {
  limits_ = LimitTable(with_.settings);
  const auto before = std::exchange(ways_, ways(with_.settings));
  for (auto& [name, site] : sites_) {
    set_limit(*site);
    if (before != ways_) try_now(*site);
    while (!site->paused.empty()) resume_some(*site);  // they may go elsewhere now
  }
  for (auto entry = domains_.begin(); entry != domains_.end();) {
    auto& [name, domain] = *entry;
    auto plan = with_.routes.plan(name);
    const bool same = domain.plan && domain.plan->key == plan->key;
    if (!same && domain.site != nullptr) domain.site->domains.erase(name);
    if (!same || domain.site == nullptr) {
      entry = domains_.erase(entry);
      continue;
    }
    domain.site->plan = domain.plan = std::move(plan);
    if (domain.plan->by_own_mx())
      domain.known_until = {};
    else
      assign(name, domain, site_of(domain.plan, name, {}));
    ++entry;
  }
}

// Nobody holds it.
bool Sites::idle(const Site& site, const ConnectionCache& cache) const {
  return in_hand(site) == 0 && site.ending == 0 && !cache.has(site.id);
}

bool Sites::forgettable(const Site& site) const {
  const auto now = with_.loop.steady();
  if (site.state == State::normal) return now - site.last_used >= limits::site_memory;
  // How long it has been dead, or was asked to be spared, is worth more.
  if (site.closed(now) && !site.paused.empty()) return false;
  return now - std::max(site.last_used, site.closed_until()) >= limits::dead_site_memory;
}

void Sites::sweep(const ConnectionCache& cache) {
  new_ = 0;
  const auto now = with_.loop.steady();
  std::set<const Site*> leaving;
  for (auto& [name, site] : sites_) {
    if (idle(*site, cache) && forgettable(*site))
      leaving.insert(site.get());
    else if (site->closed(now) || in_hand(*site) >= limits::leased_per_site / 2)
      continue;
    if (!site->paused.empty()) resume_some(*site);
  }
  add_surplus(leaving, cache);
  sweep_domains(leaving);
  std::erase_if(sites_, [&](const auto& entry) {
    if (!leaving.contains(entry.second.get())) return false;
    forget(*entry.second);
    return true;
  });
}

// Their mail is tried as if nothing was known of them, at the times of its own retries.
void Sites::add_surplus(std::set<const Site*>& leaving, const ConnectionCache& cache) {
  if (sites_.size() <= bounds_.sites) return;
  std::vector<const Site*> others;
  for (const auto& [name, site] : sites_)
    if (idle(*site, cache) && !leaving.contains(site.get())) others.push_back(site.get());
  if (others.size() <= bounds_.sites) return;
  const auto surplus = others.size() - bounds_.sites;
  const auto end = others.begin() + static_cast<std::ptrdiff_t>(surplus);
  std::ranges::nth_element(others, end, {}, &Site::last_used);
  leaving.insert(others.begin(), end);
  forgotten_ += surplus;
}

void Sites::sweep_domains(const std::set<const Site*>& leaving) {
  const auto now = with_.loop.steady();
  using Entry = decltype(domains_)::value_type;
  const auto drop = [&](const auto& which) {
    std::erase_if(domains_, [&](const Entry& entry) {
      if (!which(entry)) return false;
      if (entry.second.site != nullptr) entry.second.site->domains.erase(entry.first);
      return true;
    });
  };
  drop([&](const Entry& entry) {
    const auto* site = entry.second.site;
    if (leaving.contains(site)) return true;
    const bool waits = site != nullptr && site->state != State::normal;  // and is to be explained
    return !waits && now - entry.second.last_used >= limits::site_memory;
  });
  if (domains_.size() <= bounds_.domains) return;
  // What is paused has mail, and is there for whoever flushes it.
  const auto paused = [](const Entry& entry) {
    return entry.second.site != nullptr && entry.second.site->paused.contains(entry.first);
  };
  std::vector<SteadyTime> times;
  for (const auto& entry : domains_)
    if (!paused(entry)) times.push_back(entry.second.last_used);
  if (times.size() <= bounds_.domains) return;
  auto surplus = times.size() - bounds_.domains;
  const auto last = times.begin() + static_cast<std::ptrdiff_t>(surplus - 1);
  std::ranges::nth_element(times, last);
  drop([&](const Entry& entry) {
    if (surplus == 0 || entry.second.last_used > *last || paused(entry)) return false;
    --surplus;
    return true;
  });
}

void Sites::forget(Site& site) {
  while (!site.paused.empty()) resume_some(site);
  closings_.erase({site.back_off.until(), site.id});
  closings_.erase({site.dead_until, site.id});
  by_id_[site.id] = nullptr;
  scheduler_.remove_site(site.id);
}

// --- For people

WallTime Sites::on_the_wall(SteadyTime when) const {
  return with_.loop.wall() + (when - with_.loop.steady());
}

SiteStatus::State Sites::state(const Site& site) const {
  const bool rate = site.state == State::normal && scheduler_.waits_until(site.id);
  return rate ? State::limited : site.state;
}

SiteStatus Sites::status(const Site& site) const {
  SiteStatus status;
  status.name = site.name;
  status.domains.assign(site.domains.begin(), site.domains.end());
  status.rule = site.plan->rule;
  status.window = scheduler_.window(site.id);
  status.most = scheduler_.feedback(site.id).most();
  status.connections = scheduler_.busy(site.id);
  status.waiting = scheduler_.waiting(site.id);
  status.failures = scheduler_.feedback(site.id).failures();
  status.state = state(site);
  if (status.state != State::normal) status.reason = describe(site.said);
  if (site.closed(with_.loop.steady())) status.until = on_the_wall(site.closed_until());
  if (site.limit) status.limits_rule = site.limit->rule;
  if (status.state == State::limited) {
    status.until = on_the_wall(*scheduler_.waits_until(site.id));
    status.reason = "has had what its rate allows";
  }
  return status;
}

std::vector<SiteStatus> Sites::all() const {
  std::vector<SiteStatus> list;
  list.reserve(sites_.size());
  for (const auto& [name, site] : sites_) list.push_back(status(*site));
  std::sort(list.begin(), list.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return list;
}

std::optional<SiteStatus> Sites::of(const std::string& domain) const {
  const auto known = domains_.find(domain);
  if (known == domains_.end() || known->second.site == nullptr) return std::nullopt;
  return status(*known->second.site);
}

void Sites::figures(monitor::Figures& into) const {
  std::array<std::size_t, 4> count{};
  for (const auto& [name, site] : sites_) ++count[static_cast<std::size_t>(state(*site))];
  for (std::size_t state = 0; state < count.size(); ++state)
    into.gauge("malleposte_sites",
               "Sites with mail, or remembered, by state: dead ones cannot be reached, others have "
               "asked for less",
               static_cast<double>(count[state]),
               {{"state", std::string(to_string(static_cast<State>(state)))}});
  into.counter("malleposte_sites_forgotten_total",
               "Sites of which nothing is remembered since there were too many",
               static_cast<double>(forgotten_));
}

}  // namespace malleposte::deliver
