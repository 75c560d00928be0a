// The sites: which of them a domain's mail goes to, how each is doing, and whose mail waits in the
// store meanwhile. Loop thread.
//
// Domains share a site when they have the same plan (a route, smart_relay) or, where their own MX
// decides, when DNS names the same hosts with the same order for them: so all domains of a provider
// share its connections, limits and troubles. Nobody waits for DNS here: a domain whose MX is not
// known has no site yet, and whoever has mail for it asks (deliver/mx_inquiry.h) and tells found().
// A domain without MX hosts, or whose look-up fails, is a site of its own; what follows from the
// answer find_candidates decides.
//
// A site that is dead or has asked for less is closed for a while: then, and while it has more mail
// in hand than its share, its domains are paused in the store, so that no site stands in another's
// way. docs/adr/0048, 0049.
//
// What is known of a site is only of use: nothing is lost with it. So there is a bound to how many
// are remembered, whatever their state; a domain that is paused for one that is forgotten goes on.
#pragma once

#include <array>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "deliver/connection_cache.h"
#include "deliver/consignments.h"
#include "deliver/site.h"
#include "deliver/surroundings.h"
#include "monitor/metrics.h"
#include "queue/scheduler.h"

namespace malleposte::deliver {

class Sites {
 public:
  // How many are remembered beside those that have mail in hand (sites), or that wait in the store
  // for theirs to open (domains).
  struct Bounds {
    std::size_t sites = limits::sites_remembered, domains = limits::domains_remembered;
  };
  // `resumed` is called when the store may have more to lease, or the scheduler more to end.
  Sites(const Surroundings& with, queue::Scheduler& scheduler, Consignments& consignments,
        std::function<void()> resumed, Bounds bounds);

  // --- Where mail goes
  struct Place {
    std::shared_ptr<const Plan> plan;
    Site* site = nullptr;  // null: by an MX that has to be asked for
    bool known = false;    // it was a site's before
  };
  Place place(const spool::Lease& lease, const spool::LeasedRecipient& recipient);
  Site& found(const std::string& domain, net::MxAnswer answer);
  Site& by_id(queue::SiteId id) { return *by_id_[id]; }

  // Whether the site takes another recipient of this domain now. Where it has enough the domain is
  // paused; when it returns false the recipient is to go back to the store.
  bool takes(Site& site, const std::string& domain);
  // Mail that no pause holds up (Lease::apart): when it may come; empty: now.
  std::optional<WallTime> apart_waits_until(const Site& site) const;
  // Not all at once: somewhen in the next limits::apart_wait.
  WallTime a_little_later() const;
  // Whether it is not to wait for the site to open, as its sender is to be told: Scheduler::end().
  bool ends(const Site& site, const spool::Lease& lease) const {
    return site.closed(with_.loop.steady()) &&
           (lease.overdue || consignments_.over(lease, lease.arrived));
  }
  bool ends(const Site& site, queue::Job job) const {
    return site.closed(with_.loop.steady()) && ends(site, consignments_.lease(job.message));
  }
  // A job that is in nobody's hands goes back to the store untried.
  void give_back(Site& site, queue::Job job);

  // --- What carriers learn, of which the scheduler is told here. `said`: by whom, in which words.
  void answered(Site& site, bool accepted);
  // No host could be reached, while `site.working` connections work.
  queue::Scheduler::Unreached unreachable(Site& site, const Unreachable& said);
  // One of those has ended with 421.
  void turned_away(Site& site, const Unreachable& said);
  void asked_for_less(Site& site, const Unreachable& said);

  // --- From time to time
  bool any_paused() const;
  void open_due();
  SteadyTime next_opening() const { return closings_.empty() ? never : closings_.begin()->first; }
  // The operator wants to see: the site of the domain, or of mail sent there by him, is not closed
  // any more, and the MX is asked for again.
  void try_now(const std::string& domain, const std::string& next_hop);
  // Routes and limits are those of the settings now. Where mail leaves another way no site is
  // closed any more.
  void reload();
  // Forgets what had no mail for a while, and past the bounds what was not used for longest.
  void sweep(const ConnectionCache& cache);
  // So many are new that it is not to wait any longer.
  bool crowded() const { return new_ > bounds_.sites / 10 && sites_.size() > bounds_.sites; }

  std::size_t size() const { return sites_.size(); }
  std::vector<SiteStatus> all() const;
  std::optional<SiteStatus> of(const std::string& domain) const;
  void figures(monitor::Figures& into) const;

 private:
  // What the settings say of how mail leaves.
  struct Ways {
    std::string net;
    std::vector<config::NextHop> smart_relay;
    std::vector<config::Route> routes;
    bool operator==(const Ways&) const = default;
  };
  static Ways ways(const config::Settings& settings);
  struct Domain {
    std::shared_ptr<const Plan> plan;
    Site* site = nullptr;
    SteadyTime known_until{};  // then the MX is asked for again
    SteadyTime last_used{};
  };

  void assign(const std::string& name, Domain& domain, Site& site);
  Site& site_of(const std::shared_ptr<const Plan>& plan, const std::string& domain,
                std::optional<net::MxAnswer> mx);
  void set_limit(Site& site);
  std::size_t in_hand(const Site& site) const {
    return scheduler_.waiting(site.id) + scheduler_.busy(site.id);
  }
  void try_now(Site& site);
  void pause(Site& site, const std::string& domain);
  void resume_some(Site& site);
  bool died(Site& site, const Unreachable& said);
  void empty(Site& site);
  void close(Site& site, SiteStatus::State state, SteadyTime until, const Unreachable& said);
  void open(Site& site, std::string_view how);
  bool idle(const Site& site, const ConnectionCache& cache) const;
  bool forgettable(const Site& site) const;
  void add_surplus(std::set<const Site*>& leaving, const ConnectionCache& cache);
  void sweep_domains(const std::set<const Site*>& leaving);
  void forget(Site& site);
  SiteStatus::State state(const Site& site) const;
  SiteStatus status(const Site& site) const;
  WallTime on_the_wall(SteadyTime when) const;

  const Surroundings with_;
  queue::Scheduler& scheduler_;
  Consignments& consignments_;
  std::function<void()> resumed_;
  const Bounds bounds_;
  std::size_t new_ = 0;  // sites, since the last sweep
  std::uint64_t forgotten_ = 0;
  LimitTable limits_;
  std::unordered_map<std::string, Domain> domains_;               // canonical
  std::unordered_map<std::string, std::unique_ptr<Site>> sites_;  // by name
  std::vector<Site*> by_id_;
  std::set<std::pair<SteadyTime, queue::SiteId>> closings_;  // may name some that changed since
  Ways ways_;
};

}  // namespace malleposte::deliver
