// The index of the queue: what is known of each message without reading it. Everything in it can be
// rebuilt from the log. A message with one recipient takes about 120 octets in all, whoever it is
// from and to (docs/adr/0050): domains and replies are kept once, senders and local parts as
// hashes, and of its attempts only where the last record of them stands. Pure; loop thread.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/pool.h"
#include "base/time.h"
#include "spool/domain_queues.h"
#include "spool/indexed_message.h"
#include "spool/interner.h"
#include "spool/items.h"
#include "spool/ordered_ids.h"
#include "spool/overdue.h"

namespace malleposte::spool {

class Index {
 public:
  using Slot = std::uint32_t;

  Index();

  // --- Messages ---
  // Adds the message, or replaces an earlier generation of it, and queues it for its due time.
  Slot put(const MessageItem& item, const Home& home);
  std::optional<Slot> find(MessageId id) const { return ids_.find(id.value); }
  void erase(Slot slot);

  // Whether there is (still) a message.
  bool used(Slot slot) const { return slot < messages_.limit() && messages_[slot].used; }
  IndexedMessage& operator[](Slot slot) { return messages_[slot]; }
  const IndexedMessage& operator[](Slot slot) const { return messages_[slot]; }
  // It will be looked at in a moment.
  void prefetch(Slot slot) const {
    if (slot < messages_.limit()) messages_.fetch(slot);
  }
  const Particulars& particulars(const IndexedMessage& message) const;
  // As people see it. What nobody has tried because standing orders suspend all its domains is
  // deferred, and so is what waits for the site to which an operator has sent it.
  QueueState state(const IndexedMessage& message) const;

  // Takes a recipient's new state in; it is no longer leased. `reply` is the answer as one line. To
  // be followed by end_lease() or reschedule().
  void update(Slot slot, std::size_t recipient, mail::Fate fate, std::uint32_t attempts,
              WallTime next, std::string_view reply, mail::OutcomeClass outcome_class);

  // The records with attempts for the message that no later one names: none before the first
  // attempt, then one, or more when several were on their way to the disk at the same time. A
  // record about it names them (OutcomeItem::earlier), and is then the latest itself.
  std::vector<Place> latest(const IndexedMessage& message) const;
  void attempt_recorded(IndexedMessage& message, Place where, const std::vector<Place>& named);
  // Its history stands in its own item now.
  void forget_latest(IndexedMessage& message);

  // --- What is due ---
  // Takes up to `max` messages that are due, with those of their recipients that are and whose
  // domain is open: marks them leased. A few of one domain, then of the next, and so on. First of
  // all those whose sender wants them back by now (RFC 2852 4.1.4.2), also of paused domains: once,
  // and from then on they are due like others. Then those that go apart, as half of what is asked
  // for while there are others.
  std::vector<Slot> lease(Tick now, std::size_t max);
  // The same of those that are due, but for the pause of their domain; see Store::lease_overdue.
  std::vector<Slot> lease_overdue(Tick now, Overdue& round);
  // Marks one recipient leased, due or not, and its message with it.
  void take(Slot slot, std::size_t recipient);
  // It is no longer leased; it may be again once the lease of its message has ended.
  void give_back(Slot slot, std::size_t recipient);
  void end_lease(Slot slot);
  // To be called after each change of held, deleting or a due time.
  void reschedule(Slot slot);
  // When lease() will have something, `never` if nothing waits.
  Tick next_due() const;

  // Neither costs anything when it is so already. resume: true if something waits for it.
  void pause(std::string_view domain);
  bool resume(std::string_view domain);
  // Whether an operator has said of a message how it is to go (Lease::apart): then no pause holds
  // it up. To be followed by reschedule().
  void set_apart(const IndexedMessage& message, bool apart);
  // What standing orders say of a domain: not leased at all, or leased to be bounced (0: not). To
  // be followed by reschedule() of its messages.
  void set_standing(Interner::Number domain, bool suspended, std::uint32_t bounced_by);
  // Who says what they say, by set_standing: asked within put() for each domain that was not in the
  // index, and while the orders change (true; false: no more) within lease() for what it would
  // give.
  void ask_orders(std::function<void(Interner::Number)> callback) {
    ask_orders_ = callback;
    domains_.on_new(std::move(callback));
  }
  void orders_change(bool under_way) { orders_changing_ += under_way ? 1 : -1; }

  // --- Looking ---
  std::string_view domain(Interner::Number number) const { return domains_.names().text(number); }
  std::string_view reply(Interner::Number number) const { return replies_.text(number); }
  std::optional<Interner::Number> find_domain(std::string_view domain) const {
    return domains_.names().find(domain);
  }
  const DomainQueues& domains() const { return domains_; }
  const Interner& replies() const { return replies_; }
  const OrderedIds& ids() const { return ids_; }
  // The message whose recipient stands there in the queue of a domain, and whether it has others.
  // Of a place that was noted earlier: that, another one, or a slot that is not used().
  Slot slot_of(const Waiting& waiting) const;

  std::vector<Slot> next(MessageId after, std::size_t most) const {
    return ids_.next(after.value, most);
  }
  std::size_t size() const { return ids_.size(); }
  std::size_t count(QueueState state) const { return states_[static_cast<std::size_t>(state)]; }
  // Memory held, about, in octets.
  std::size_t octets() const;

 private:
  static constexpr Slot nobody = UINT32_MAX;
  // A recipient of a message with several, as a node of its domain's queue.
  struct Branch {
    Slot slot = nobody;
    std::uint32_t recipient = 0;
  };
  struct QueueOrder;

  IndexedRecipient& recipient_of(std::uint32_t node);
  void fill(Slot slot, const MessageItem& item);
  void empty(Slot slot, BlockSummary& summary);
  void enter_queue(Slot slot, std::size_t recipient);
  void leave_queue(IndexedRecipient& recipient);
  void set_due(IndexedRecipient& recipient, bool parked);
  bool lease_due(Slot slot, Tick now, bool also_paused = false);
  void lease_apart(Tick now, std::size_t max, std::vector<Slot>& leased);
  void settle_apart(const IndexedMessage& message);
  void follow_orders(Interner::Number domain);
  void follow_orders(const IndexedMessage& message);
  void lease_ended(Slot slot, Tick end);
  bool may_end(const IndexedMessage& message) const;
  void settle_end(const IndexedMessage& message);
  void recount(IndexedMessage& message);
  void add_facts(const IndexedMessage& message, BlockSummary& summary) const;
  void sum_up(OrderedIds::Block& block) const;

  Pool<IndexedMessage> messages_;
  Pool<Branch> branches_of_several_;
  OrderedIds ids_;
  DomainQueues domains_;
  Interner replies_;
  std::array<std::size_t, 5> states_{};  // messages by QueueState
  std::size_t several_octets_ = 0;
  std::unordered_map<std::uint64_t, std::vector<Place>> trails_;  // latest, of the branched ones
  std::unordered_map<std::uint64_t, Particulars> particulars_;    // of the particular ones
  std::unordered_map<std::uint64_t, Tick> apart_;  // what goes apart, and when it is due
  std::set<std::pair<Tick, std::uint64_t>> apart_by_due_;
  std::function<void(Interner::Number)> ask_orders_;
  int orders_changing_ = 0;
  // When senders want mail back, and which: only what may be given out then.
  std::set<std::pair<Tick, std::uint64_t>> ends_;
};

}  // namespace malleposte::spool
