// Makes one report of the DSNs that were gathered for one address: takes the leases of those whose
// hour is over, reads them, and replaces them by a report, all in one record, so that a crash
// leaves either them or it. A DSN that is alone, or that cannot be understood, is replaced by
// itself, to go out as it is. What the operator holds or deletes meanwhile goes back untouched.
//
// Loop thread. An Error of the store loses nothing: it is settled again, later and later; and
// without room for a report the DSNs wait.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "deliver/notifier.h"
#include "deliver/surroundings.h"
#include "mail/dsn_report.h"

namespace malleposte::deliver {

class Gatherer {
 public:
  Gatherer(Surroundings with, Notifier& notifier) : with_(with), notifier_(notifier) {}
  ~Gatherer();
  Gatherer(const Gatherer&) = delete;
  Gatherer& operator=(const Gatherer&) = delete;

  // A lease with Lease::gathered.
  void take(spool::Lease lease);
  // Begins nothing more; what is on its way to the disk goes on.
  void stop();

  std::size_t messages() const { return waiting_.size() + in_hand_; }
  bool settling() const { return settling_; }

 private:
  // A DSN that was gathered, read back.
  struct Gathered {
    spool::Lease lease;
    mail::Envelope envelope = {};
    std::optional<mail::GatheredDsn> dsn = {};  // empty: it goes out as it is, with
    std::string content = {};                   // all of it
  };
  using Group = std::vector<Gathered>;

  void arm(Duration wait);
  Task<void> run();
  Task<void> gather();
  Task<bool> read(Gathered& gathered);
  Task<void> replace(Group group);
  Task<void> put_off(Gathered gathered, std::string why);
  Task<void> settle(Group group, mail::Outcome outcome, std::vector<spool::Generated> generated);
  bool reserve(Group& group);

  Surroundings with_;
  Notifier& notifier_;
  std::deque<spool::Lease> waiting_;
  std::size_t in_hand_ = 0;  // leases that gather() works on
  bool running_ = false, settling_ = false, stopping_ = false;
  Loop::TimerId timer_ = 0;
};

}  // namespace malleposte::deliver
