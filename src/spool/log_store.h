// The store on a local volume: a log of segments with group commit, and an index of it in memory.
// How it works is in docs/formats/spool.md; this class only puts the parts together:
//
//   incoming_message  a message on its way in         group_commit   records onto stable storage
//   stored_message    a message read back             segment_table  what still counts where
//   queue_view        filters and listings            recycler       segments used again
//   room              who may still write             cleaner        segments emptied
//   recovery          everything from the log alone   summariser     what makes that quick
//   operations.cc     what an operator does to messages
//   orders.cc         and until further notice
//
// Loop thread; the blocking parts run on the loop's lanes. Must outlive its Incoming and
// StoredMessage objects; await drain() before destroying it.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <unordered_set>

#include "spool/cleaner.h"
#include "spool/incoming_message.h"
#include "spool/recycler.h"
#include "spool/store.h"
#include "spool/summariser.h"
#include "spool/turns.h"

namespace malleposte::spool {

struct LogStoreOptions {
  std::uint64_t segment_octets = 0;         // 0: chosen by the size of the volume
  std::uint64_t memory_limit = UINT64_MAX;  // of the index, octets
  std::size_t inline_most = 0;              // 0: limits::inline_body_octets
  std::size_t returned_octets = 0;          // of a message in its DSN, beside its header
  std::function<void(std::string)> report = [](const std::string&) {};  // damage and disk trouble
};

class LogStore final : public Store {
 public:
  // Recovers what the disk holds; blocking, before the loop runs. Errors: Fault::disk, with what
  // and where.
  static Result<std::unique_ptr<LogStore>> open(Loop& loop, std::unique_ptr<Disk> disk,
                                                LogStoreOptions options);
  ~LogStore() override;

  Result<std::unique_ptr<Incoming>> begin(mail::Envelope envelope, std::uint64_t size) override;
  Result<std::unique_ptr<Incoming>> restore(Restored message, std::uint64_t size) override;
  Result<void> admits(std::uint64_t size) override;
  void on_due(std::function<void()> callback) override;
  std::vector<Lease> lease(WallTime now, std::size_t max) override;
  std::optional<WallTime> next_due() const override;
  std::vector<Lease> lease_overdue(WallTime now, Overdue& round) override;
  void pause(std::string_view domain) override;
  void resume(std::string_view domain) override;
  void release(MessageId id) override;
  void release(MessageId id, const std::vector<std::uint32_t>& recipients,
               WallTime not_before) override;
  bool wanted(MessageId id) const override;
  bool reserve(MessageId id, std::size_t recipients) override;
  Task<Result<std::unique_ptr<StoredMessage>>> open(MessageId id) override;
  Task<Result<void>> settle(Settlement settlement) override;
  Task<Result<void>> settle_together(std::vector<Settlement> settlements) override;
  std::vector<WaitingRecipient> waiting(MessageId id) const override;
  bool contains(MessageId id) const override { return state_.index.find(id).has_value(); }
  Task<Result<QueuePage>> query(Filter filter, std::string cursor, std::size_t limit) override;
  Task<std::uint64_t> count(Filter filter) const override;
  Task<Result<std::vector<RecipientAttempts>>> attempts(MessageId id) override;
  Task<Result<std::uint64_t>> apply(Filter filter, Action action) override;
  void on_flush(OnFlush callback) override { flushed_ = std::move(callback); }
  std::vector<StandingOrder> orders() const override;
  Task<Result<std::uint64_t>> give(StandingOrder order) override;
  Task<Result<bool>> cancel(std::uint64_t order) override;
  Task<std::vector<Destination>> destinations(std::size_t most) const override;
  void bounce_with(MakeDsns make) override;
  void on_generated(OnGenerated callback) override { generated_ = std::move(callback); }
  Health health() const override;
  Accounts accounts() const override;
  Counters counters() const override;

  // Begins nothing more of its own (cleaning, the end of removals) and returns once
  // nothing is on its way to the disk.
  Task<void> drain();

 private:
  LogStore(Loop& loop, std::unique_ptr<Disk> disk, std::uint64_t segment_octets,
           LogStoreOptions options);
  Result<void> recover_and_start();
  void look(bool for_cleaning);
  void notify_due();

  using Slot = Index::Slot;
  // One record about known messages; `durable` runs when it is.
  Task<Result<void>> write(std::string items, std::vector<MessageId> about,
                           std::function<void(const Written&)> durable,
                           Urgency urgency = Urgency::soon);
  void take_outcome(Slot slot, std::uint32_t recipient, mail::Fate fate, WallTime next,
                    const mail::Answer& answer, const Written& written);
  void after_outcomes(MessageId id);
  std::vector<Lease> leases_of(const std::vector<Index::Slot>& slots) const;
  void end_lease(Slot slot);
  Task<void> not_moving(MessageId id);
  Task<void> not_moving(const std::vector<MessageId>& ids);
  void found_damaged(MessageId id, const Error& error);
  Task<void> set_aside(MessageId id);
  // operations.cc
  struct Change {
    // Changes the marks; false: this message is left as it is.
    std::function<bool(const IndexedMessage&, Marks&)> marks;
    std::function<void(IndexedMessage&)> durable = {};  // what follows from it
  };
  Task<Result<std::uint64_t>> mark(std::vector<MessageId> ids, Change change);
  Change change_of(const Action& action);
  Task<std::uint64_t> flush(std::vector<MessageId> ids);
  Task<Result<std::uint64_t>> remove_at_once(std::vector<MessageId> ids);
  Task<Result<std::uint64_t>> bounce(std::vector<MessageId> ids);
  Task<Result<bool>> bounce_one(MessageId id);
  void append_deletion(std::string& items, Slot slot) const;
  void take_deletion(Slot slot, const Written& where);
  Task<void> end_removals();
  void watch_times(Duration at_least = {});
  void times_have_come();

  // orders.cc
  Task<Result<void>> keep(const StandingOrders& orders, Urgency urgency);
  Task<Result<void>> apply_order(StandingOrder order);
  void end_orders();
  Task<void> order_ended(StandingOrder order);
  void stand_as_recovered();
  Task<void> stand(const StandingOrder& order);
  void stand(Interner::Number domain);
  Task<void> each_message(std::function<void(Slot)> look);

  std::unique_ptr<Disk> disk_;
  LogStoreOptions options_;
  SpoolState state_;
  std::unique_ptr<GroupCommit> commits_;
  std::unique_ptr<Room> room_;
  std::unique_ptr<Recycler> recycler_;
  std::unique_ptr<Cleaner> cleaner_;
  std::unique_ptr<Summariser> summariser_;
  std::unique_ptr<Intake> intake_;
  std::function<void()> due_;
  bool due_posted_ = false;
  bool closing_ = false;
  Turns turns_;              // of those who write marks and orders
  Loop::TimerId times_ = 0;  // the next removal or order ends
  // Leased, and not to be delivered as they were leased: an operator has spoken since.
  std::unordered_set<std::uint64_t> outdated_;
  std::string opening_;         // the orders as they were kept last: every segment begins with them
  unsigned looks_ = 0;          // long walks through the queue under way
  unsigned setting_aside_ = 0;  // set_aside() under way
  MakeDsns make_dsns_;
  OnGenerated generated_;
  OnFlush flushed_;
};

}  // namespace malleposte::spool
