// A store in front of another: hands everything on. What stands between the engine and its store
// derives from it and changes only what it is about.
#pragma once

#include <memory>
#include <utility>

#include "spool/store.h"

namespace malleposte::sim {

class ForwardingStore : public spool::Store {
 public:
  explicit ForwardingStore(spool::Store& store) : store_(store) {}

  Result<std::unique_ptr<spool::Incoming>> begin(mail::Envelope envelope,
                                                 std::uint64_t size) override {
    return store_.begin(std::move(envelope), size);
  }
  Result<std::unique_ptr<spool::Incoming>> restore(spool::Restored message,
                                                   std::uint64_t size) override {
    return store_.restore(std::move(message), size);
  }
  Result<void> admits(std::uint64_t size) override { return store_.admits(size); }
  void on_due(std::function<void()> callback) override { store_.on_due(std::move(callback)); }
  std::vector<spool::Lease> lease(WallTime now, std::size_t max) override {
    return store_.lease(now, max);
  }
  std::optional<WallTime> next_due() const override { return store_.next_due(); }
  std::vector<spool::Lease> lease_overdue(WallTime now, spool::Overdue& round) override {
    return store_.lease_overdue(now, round);
  }
  void pause(std::string_view domain) override { store_.pause(domain); }
  void resume(std::string_view domain) override { store_.resume(domain); }
  void release(mail::MessageId id) override { store_.release(id); }
  void release(mail::MessageId id, const std::vector<std::uint32_t>& recipients,
               WallTime not_before) override {
    store_.release(id, recipients, not_before);
  }
  bool wanted(mail::MessageId id) const override { return store_.wanted(id); }
  bool reserve(mail::MessageId id, std::size_t recipients) override {
    return store_.reserve(id, recipients);
  }
  Task<Result<std::unique_ptr<spool::StoredMessage>>> open(mail::MessageId id) override {
    return store_.open(id);
  }
  Task<Result<void>> settle(spool::Settlement settlement) override {
    return store_.settle(std::move(settlement));
  }
  Task<Result<void>> settle_together(std::vector<spool::Settlement> settlements) override {
    return store_.settle_together(std::move(settlements));
  }
  std::vector<spool::WaitingRecipient> waiting(mail::MessageId id) const override {
    return store_.waiting(id);
  }
  bool contains(mail::MessageId id) const override { return store_.contains(id); }
  Task<Result<spool::QueuePage>> query(spool::Filter filter, std::string cursor,
                                       std::size_t limit) override {
    return store_.query(std::move(filter), std::move(cursor), limit);
  }
  Task<std::uint64_t> count(spool::Filter filter) const override {
    return store_.count(std::move(filter));
  }
  Task<Result<std::vector<spool::RecipientAttempts>>> attempts(mail::MessageId id) override {
    return store_.attempts(id);
  }
  Task<Result<std::uint64_t>> apply(spool::Filter filter, spool::Action action) override {
    return store_.apply(std::move(filter), std::move(action));
  }
  void on_flush(OnFlush callback) override { store_.on_flush(std::move(callback)); }
  std::vector<spool::StandingOrder> orders() const override { return store_.orders(); }
  Task<Result<std::uint64_t>> give(spool::StandingOrder order) override {
    return store_.give(std::move(order));
  }
  Task<Result<bool>> cancel(std::uint64_t order) override { return store_.cancel(order); }
  Task<std::vector<spool::Destination>> destinations(std::size_t most) const override {
    return store_.destinations(most);
  }
  void bounce_with(MakeDsns make) override { store_.bounce_with(std::move(make)); }
  void on_generated(OnGenerated callback) override { store_.on_generated(std::move(callback)); }
  spool::Health health() const override { return store_.health(); }
  spool::Accounts accounts() const override { return store_.accounts(); }
  spool::Counters counters() const override { return store_.counters(); }

 protected:
  spool::Store& store_;
};

}  // namespace malleposte::sim
