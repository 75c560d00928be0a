// A store with a planted fault: now and then it says that an outcome is durable and has not written
// it. The checkers must find that (main.cc, --planted). Stands between the watched store and the
// real one; everything but settle() is handed on.
#pragma once

#include <memory>
#include <utility>

#include "spool/store.h"

namespace malleposte::sim {

class ForgetfulStore final : public spool::Store {
 public:
  // Forgets every `every`th settlement.
  ForgetfulStore(spool::Store& store, unsigned every) : store_(store), every_(every) {}

  Task<Result<void>> settle(spool::Settlement settlement) override {
    if (++settled_ % every_ == 0) co_return Result<void>{};
    co_return co_await store_.settle(std::move(settlement));
  }

  Task<Result<void>> settle_together(std::vector<spool::Settlement> settlements) override {
    return store_.settle_together(std::move(settlements));
  }
  std::vector<spool::WaitingRecipient> waiting(mail::MessageId id) const override {
    return store_.waiting(id);
  }
  Task<Result<std::vector<spool::RecipientAttempts>>> attempts(mail::MessageId id) override {
    return store_.attempts(id);
  }
  Result<std::unique_ptr<spool::Incoming>> begin(mail::Envelope envelope,
                                                 std::uint64_t size) override {
    return store_.begin(std::move(envelope), size);
  }
  Result<void> admits(std::uint64_t size) override { return store_.admits(size); }
  void on_due(std::function<void()> callback) override { store_.on_due(std::move(callback)); }
  std::vector<spool::Lease> lease(WallTime now, std::size_t max) override {
    return store_.lease(now, max);
  }
  std::optional<WallTime> next_due() const override { return store_.next_due(); }
  void release(mail::MessageId id) override { store_.release(id); }
  void release(mail::MessageId id, const std::vector<std::uint32_t>& recipients) override {
    store_.release(id, recipients);
  }
  bool wanted(mail::MessageId id) const override { return store_.wanted(id); }
  bool reserve(mail::MessageId id, std::size_t recipients) override {
    return store_.reserve(id, recipients);
  }
  Task<Result<std::unique_ptr<spool::StoredMessage>>> open(mail::MessageId id) override {
    return store_.open(id);
  }
  bool contains(mail::MessageId id) const override { return store_.contains(id); }
  Task<Result<spool::QueuePage>> query(spool::Filter filter, std::string cursor,
                                       std::size_t limit) override {
    return store_.query(std::move(filter), std::move(cursor), limit);
  }
  Task<std::uint64_t> count(spool::Filter filter) const override {
    return store_.count(std::move(filter));
  }
  Task<Result<std::uint64_t>> apply(spool::Filter filter, spool::Operation operation) override {
    return store_.apply(std::move(filter), operation);
  }
  void bounce_with(MakeDsns make) override { store_.bounce_with(std::move(make)); }
  void on_generated(OnGenerated callback) override { store_.on_generated(std::move(callback)); }
  spool::Health health() const override { return store_.health(); }
  spool::Accounts accounts() const override { return store_.accounts(); }
  spool::Counters counters() const override { return store_.counters(); }

 private:
  spool::Store& store_;
  const unsigned every_;
  unsigned settled_ = 0;
};

}  // namespace malleposte::sim
