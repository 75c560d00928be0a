// The messages out for delivery: each a lease of the store, split into parts by site. Every part is
// concluded once with a ruling for each of its recipients; what follows from it is settled in the
// store until it is durable, while the connection goes on with the next message.
//
// What was delivered or deferred is settled at once: also when its sender asked to be told of
// success, so that nothing is delivered twice for the sake of a report. Final failures wait for the
// last part of their message, so that its sender gets one notice, and so does the warning that a
// message is late; notices and outcomes are one settlement. Which notices there are the notifier
// decides.
//
// Loop thread. An Error of the store never loses an outcome: it is settled again, later and later.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "deliver/notifier.h"
#include "deliver/outcome_of.h"
#include "deliver/surroundings.h"
#include "queue/scheduler.h"

namespace malleposte::deliver {

class Consignments {
 public:
  // `settled` is called after every settlement: there is room for more leases.
  Consignments(Surroundings with, Notifier& notifier, std::function<void()> settled);

  // A part of a message: recipients of the lease that go to one site together.
  struct Part {
    std::shared_ptr<const Plan> plan;
    std::vector<std::uint32_t> recipients;  // positions in Lease::recipients
  };

  // Takes a lease whose parts are jobs now; Job::part is the index into `parts`.
  void add(spool::Lease lease, std::vector<Part> parts);

  const spool::Lease& lease(mail::MessageId id) const { return find(id).lease; }
  const std::vector<std::uint32_t>& recipients(queue::Job job) const {
    return find(job.message).parts[job.part].recipients;
  }
  const std::shared_ptr<const Plan>& plan(queue::Job job) const {
    return find(job.message).parts[job.part].plan;
  }

  // Takes recipients of a part, by their positions in it (ascending), into a part of their own: the
  // job for that. What recipients() had given is not valid any more.
  queue::Job split(queue::Job job, const std::vector<std::size_t>& positions);

  // The end of a part: one ruling for each of its recipients, in order. `began`: when we turned to
  // it. `message` is null when it could not be read: then nothing is final.
  void conclude(queue::Job job, const std::vector<smtp::Ruling>& rulings, const Target* target,
                const spool::StoredMessage* message, WallTime began);
  // The end of a part that is not wanted any more: its recipients go back to the store untried, not
  // due before that.
  void recall(queue::Job job, WallTime not_before = {});
  // Whether the lifetime of a message that was released then is over.
  bool over(const spool::Lease& lease, WallTime released) const {
    return with_.loop.wall() - released >= lifetime(lease);
  }
  // Whether a warning of a message with this lease is due, as far as can be told without reading
  // it.
  bool late(const spool::Lease& lease) const {
    return !lease.warned && notifier_.late(lease.arrived, with_.loop.wall());
  }
  // Whether somebody is to be told now that this part of a message has not gone out.
  bool to_be_told(queue::Job job, const mail::Envelope& envelope) const;
  // The end of a part during shutdown without an answer worth keeping: its recipients stay leased.
  void abandon(queue::Job job);

  std::size_t messages() const { return consignments_.size(); }
  // Settlements on their way to the disk.
  std::size_t settling() const { return settling_; }
  // Those among them that say of a recipient that it was delivered.
  std::vector<mail::MessageId> settling_deliveries() const {
    return {settling_deliveries_.begin(), settling_deliveries_.end()};
  }

 private:
  // An outcome with what the record of it needs.
  struct Conclusion {
    mail::Outcome outcome;
    std::string address;
  };
  struct Consignment {
    spool::Lease lease;
    std::vector<Part> parts;
    std::size_t parts_open;
    std::size_t recipients_open;             // not settled yet
    std::size_t finals = 0;                  // settled with a final fate
    std::vector<Conclusion> failures;        // waiting for the last part
    std::optional<mail::Envelope> envelope;  // set with the first that its sender is to be told of
    bool late = false;                       // a warning is due, and there is a deferral to tell of
    std::vector<mail::Outcome> concluded;    // while a warning may be due: all so far
    std::size_t recipients_of_message = 0;   // in all; 0 unknown
  };

  Duration lifetime(const spool::Lease& lease) const {
    return lease.lifetime.value_or(with_.settings.queue_lifetime);
  }
  const Consignment& find(mail::MessageId id) const;
  Consignment& find(mail::MessageId id);
  // What the sender is told together with outcomes.
  struct Told {
    std::vector<spool::Generated> notices;
    bool warned = false;  // one of them is the warning
  };
  void settle(mail::MessageId id, std::vector<Conclusion> conclusions, Told told);
  Task<void> settle_until_durable(mail::MessageId id, std::vector<Conclusion> conclusions,
                                  Told told);
  void part_ended(mail::MessageId id, std::vector<Conclusion> conclusions);
  Task<void> notify(mail::MessageId id, std::vector<Conclusion> conclusions, bool last);
  struct Beginning {
    std::string content;
    bool all = false;  // of the message
  };
  Task<Beginning> beginning(mail::MessageId id, std::size_t octets);
  std::vector<mail::Outcome> late_recipients(mail::MessageId id) const;
  void settled(mail::MessageId id, const std::vector<Conclusion>& conclusions);

  Surroundings with_;
  Notifier& notifier_;
  std::function<void()> settled_;
  std::unordered_map<std::uint64_t, Consignment> consignments_;
  std::size_t settling_ = 0;
  std::multiset<mail::MessageId> settling_deliveries_;
};

}  // namespace malleposte::deliver
