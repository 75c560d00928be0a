// The store as the ledger sees it: stands between the engine and its store, writes down what the
// store was given and what it answered, and changes nothing. From `over` on (the crash) what
// happens is not written down any more, since nobody outside can see it.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <utility>

#include "base/loop.h"
#include "checkers.h"
#include "forwarding_store.h"

namespace malleposte::sim {

class WatchedStore final : public ForwardingStore {
 public:
  WatchedStore(spool::Store& store, Ledger& ledger, Loop& loop, Trace& trace, Findings& findings,
               std::shared_ptr<const bool> alive)
      : ForwardingStore(store),
        ledger_(ledger),
        findings_(findings),
        loop_(loop),
        trace_(trace),
        alive_(std::move(alive)) {}

  Result<std::unique_ptr<spool::Incoming>> begin(mail::Envelope envelope,
                                                 std::uint64_t size) override {
    auto begun = store_.begin(envelope, size);
    if (!begun) return begun;
    if (*alive_) ledger_.begun((*begun)->id(), envelope, loop_.steady());
    return std::make_unique<Watched>(*this, std::move(*begun));
  }
  std::vector<spool::Lease> lease(WallTime now, std::size_t max) override {
    auto leases = store_.lease(now, max);
    if (*alive_)
      for (const auto& lease : leases) check_lease(ledger_, lease, loop_.steady(), findings_);
    return leases;
  }
  bool wanted(MessageId id) const override {
    const bool is_wanted = store_.wanted(id);
    if (*alive_ && is_wanted) ledger_.wanted[id.value] = loop_.steady();
    return is_wanted;
  }
  Task<Result<void>> settle(spool::Settlement settlement) override {
    const auto id = settlement.id;
    const bool seen = *alive_;
    std::size_t group = 0;
    if (seen) group = handed_over({&settlement, 1});
    auto kept = co_await store_.settle(std::move(settlement));
    if (seen && *alive_) answered(group, id, kept);
    co_return kept;
  }
  Task<Result<void>> settle_together(std::vector<spool::Settlement> settlements) override {
    const auto id = settlements.front().id;
    const bool seen = *alive_;
    std::size_t group = 0;
    if (seen) group = handed_over(settlements);
    auto kept = co_await store_.settle_together(std::move(settlements));
    if (seen && *alive_) answered(group, id, kept);
    co_return kept;
  }
  // A bounce by the operator is made inside the store: the notices tell what it is given.
  void bounce_with(MakeDsns make) override {
    store_.bounce_with([this, make = std::move(make)](const Bounced& bounced) {
      auto made = make(bounced);
      if (!made.empty() && *alive_) {
        const spool::Settlement settlement{bounced.id, bounced.failed, made};
        ledger_.group_handed({&settlement, 1}, loop_.steady());
      }
      return made;
    });
  }
  void on_generated(OnGenerated callback) override {
    store_.on_generated(
        [this, callback = std::move(callback)](MessageId id, const spool::Generated& made) {
          if (*alive_) {
            ledger_.generated(id, made, loop_.steady());
            note(fmt::format("generated {} for {}: {}", to_string(id),
                             to_string(made.envelope.recipients.front()), made.why));
          }
          callback(id, made);
        });
  }

 private:
  class Watched final : public spool::Incoming {
   public:
    Watched(WatchedStore& owner, std::unique_ptr<spool::Incoming> incoming)
        : owner_(owner), incoming_(std::move(incoming)) {}
    MessageId id() const override { return incoming_->id(); }
    Task<Result<void>> append(std::string_view bytes) override {
      content_ += bytes;
      return incoming_->append(bytes);
    }
    Task<spool::CommitResult> commit() override {
      const auto id = incoming_->id();
      const bool seen = *owner_.alive_ && owner_.ledger_.kept.contains(id.value);
      if (seen) owner_.ledger_.handed(id, std::move(content_));
      auto result = co_await incoming_->commit();
      if (seen && *owner_.alive_) {
        owner_.ledger_.committed(id, result.status, owner_.loop_.steady());
        owner_.note(fmt::format(
            "commit {} message {} {}", to_string(id), owner_.ledger_.kept.at(id.value).token,
            result.status == spool::CommitStatus::durable ? "durable" : result.why));
      }
      co_return result;
    }

   private:
    WatchedStore& owner_;
    std::unique_ptr<spool::Incoming> incoming_;
    std::string content_;
  };

  std::size_t handed_over(std::span<const spool::Settlement> settlements) {
    for (const auto& settlement : settlements)
      for (const auto& outcome : settlement.outcomes)
        note(fmt::format("settle {} {} {}: {} {} {}", to_string(settlement.id), outcome.recipient,
                         to_string(outcome.fate), outcome.answer.code, outcome.answer.status,
                         outcome.answer.text));
    return ledger_.group_handed(settlements, loop_.steady());
  }
  void answered(std::size_t group, MessageId id, const Result<void>& kept) {
    ledger_.group_answered(group, kept.has_value(), loop_.steady());
    note(fmt::format("settled {} {}", to_string(id), kept ? "durable" : kept.error().text));
  }
  void note(std::string_view line) { trace_.note(loop_.steady(), line); }

  Ledger& ledger_;
  Findings& findings_;
  Loop& loop_;
  Trace& trace_;
  std::shared_ptr<const bool> alive_;
};

}  // namespace malleposte::sim
