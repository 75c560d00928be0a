// For tests: a store that keeps nothing and gives nothing. A fake derives from it and does what its
// tests are about.
#pragma once

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "spool/store.h"

namespace malleposte::spool {

class StubStore : public Store {
 public:
  std::set<std::string> paused;  // domains
  std::vector<StandingOrder> orders_given;
  std::uint64_t last_order = 0;
  std::vector<Destination> waiting_by_domain;

  Result<std::unique_ptr<Incoming>> begin(mail::Envelope, std::uint64_t) override {
    return fail(Fault::resource, "nothing comes in here");
  }
  Result<std::unique_ptr<Incoming>> restore(Restored, std::uint64_t) override {
    return fail(Fault::resource, "nothing comes back here");
  }
  Result<void> admits(std::uint64_t) override { return {}; }
  void on_due(std::function<void()>) override {}
  std::vector<Lease> lease(WallTime, std::size_t) override { return {}; }
  std::optional<WallTime> next_due() const override { return std::nullopt; }
  std::vector<Lease> lease_overdue(WallTime, Overdue& round) override {
    round.through = true;
    return {};
  }
  void pause(std::string_view domain) override { paused.emplace(domain); }
  void resume(std::string_view domain) override { paused.erase(std::string(domain)); }
  void release(MessageId) override {}
  void release(MessageId, const std::vector<std::uint32_t>&, WallTime) override {}
  bool wanted(MessageId) const override { return true; }
  bool reserve(MessageId, std::size_t) override { return false; }
  Task<Result<std::unique_ptr<StoredMessage>>> open(MessageId) override {
    co_return fail(Fault::disk, "there is nothing to open here");
  }
  Task<Result<void>> settle(Settlement) override { co_return Result<void>{}; }
  Task<Result<void>> settle_together(std::vector<Settlement>) override { co_return Result<void>{}; }
  std::vector<WaitingRecipient> waiting(MessageId) const override { return {}; }
  bool contains(MessageId) const override { return false; }
  Task<Result<QueuePage>> query(Filter, std::string, std::size_t) override {
    co_return QueuePage{};
  }
  Task<std::uint64_t> count(Filter) const override { co_return std::uint64_t{0}; }
  Task<Result<std::vector<RecipientAttempts>>> attempts(MessageId) override {
    co_return std::vector<RecipientAttempts>{};
  }
  Task<Result<std::uint64_t>> apply(Filter, Action) override { co_return std::uint64_t{0}; }
  void on_flush(OnFlush) override {}
  std::vector<StandingOrder> orders() const override { return orders_given; }
  Task<Result<std::uint64_t>> give(StandingOrder order) override {
    order.number = ++last_order;
    orders_given.push_back(order);
    co_return order.number;
  }
  Task<Result<bool>> cancel(std::uint64_t order) override {
    co_return std::erase_if(orders_given, [&](const auto& o) { return o.number == order; }) > 0;
  }
  Task<std::vector<Destination>> destinations(std::size_t) const override {
    co_return waiting_by_domain;
  }
  void bounce_with(MakeDsns) override {}
  void on_generated(OnGenerated) override {}
  Health health() const override { return {}; }
  Accounts accounts() const override { return {}; }
  Counters counters() const override { return {}; }
};

}  // namespace malleposte::spool
