// Gets due messages out of the store and has them delivered: leases what is due, sorts it by site,
// gives every free slot a carrier, and wakes up when more is due. The one object of deliver/ that
// the appliance knows. Loop thread; it has to live as long as the loop runs, since a look-up or a
// settlement under way comes back to it.
//
// Nothing here decides what becomes of mail: routes and candidates say where to, the scheduler who
// is next, the peer's rulings what happened.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "deliver/carrier.h"
#include "deliver/depot.h"
#include "deliver/gatherer.h"
#include "deliver/mx_inquiry.h"
#include "deliver/notifier.h"
#include "deliver/sites.h"

namespace malleposte::deliver {

// A delivery that the shutdown left without an answer behind its final dot: after the next start it
// may be delivered twice.
struct InDoubt {
  mail::MessageId message;
  std::string host;
};

class Dispatcher {
 public:
  explicit Dispatcher(Surroundings with, Sites::Bounds remembered = {});
  ~Dispatcher();
  Dispatcher(const Dispatcher&) = delete;
  Dispatcher& operator=(const Dispatcher&) = delete;

  // Begins to lease, unless deliveries_suspended.
  void start();
  // Suspended: nothing new is leased; what is leased is still delivered.
  void suspend(bool suspended);
  // The settings have changed: routes and limits hold for what is leased from now on.
  void reload();

  // Starts nothing new, ends what is not past its final dot (it stays queued), waits for the rest,
  // at most limits::delivery_grace, and then for outcomes on their way to the disk, at most
  // limits::outcome_grace.
  Task<std::vector<InDoubt>> stop();
  // While it stops: does not wait any longer for peers, only for the disk.
  void hasten();
  // Deliveries whose peer has the whole message and has not answered.
  std::size_t past_final_dot() const;

  std::size_t leased_messages() const { return consignments_.messages() + gatherer_.messages(); }
  std::size_t connections() const { return carriers_.size() + cache_.size(); }
  // How the sites are doing, by name, and that of a domain; empty: nothing is known of it now.
  std::vector<SiteStatus> sites() const { return sites_.all(); }
  std::optional<SiteStatus> site_of(const std::string& domain) const { return sites_.of(domain); }
  // What was told to senders, and how the sites are doing.
  void figures(monitor::Figures& into) const {
    notifier_.figures(into);
    sites_.figures(into);
  }

 private:
  void wake();
  void pump();
  void lease();
  void lease_overdue();
  void take(std::vector<spool::Lease> leases);
  void accept(spool::Lease lease);
  std::vector<Sites::Place> places_in(spool::Lease& lease);
  void add(const Site& site, queue::Job job, const queue::Terms& terms);
  void ask(const std::string& domain, queue::Job job, const queue::Terms& terms, bool first);
  void found(const std::string& domain, net::MxAnswer answer);
  queue::Terms terms_of(const spool::Lease& lease) const;
  void start_carriers();
  Task<void> run_carrier(Site& site, queue::Assignment first);
  Task<void> end(Site& site, queue::Assignment ended);
  void for_each_carrier(const std::function<void(Carrier&)>& act);
  void say_good_bye(std::unique_ptr<Connection> connection);
  void wait_for_room();
  void arm(SteadyTime when);
  void sweep();

  Surroundings with_;
  bool suspended_;
  bool stopping_ = false;
  bool started_ = false;
  bool pump_posted_ = false;
  bool full_ = false;       // more is due than may be leased
  std::size_t ending_ = 0;  // end() under way
  SteadyTime no_room_until_{};
  SteadyTime next_sweep_{}, next_site_sweep_{}, next_overdue_{};
  std::optional<spool::Overdue> overdue_;  // a round under way
  SteadyTime patience_ends_ = never;       // with peers, once it stops
  Loop::TimerId timer_ = 0;
  SteadyTime timer_at_ = never;
  queue::Scheduler scheduler_;
  Notifier notifier_;
  Consignments consignments_;
  Gatherer gatherer_;
  ConnectionCache cache_;
  HostMemory hosts_;
  Sites sites_;
  MxInquiry inquiry_;
  struct Asking {
    queue::Job job;
    queue::Terms terms;
  };
  std::unordered_map<std::string, std::vector<Asking>> asking_;  // what waits for a look-up
  std::map<std::uint64_t, Carrier*> carriers_;                   // in the order in which they began
  std::uint64_t carriers_begun_ = 0;
  Depot depot_;
};

}  // namespace malleposte::deliver
