// For tests: a store in memory that checks what delivery owes it: every leased recipient is settled
// exactly once, with room taken before.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "deliver/fake_loop.h"
#include "spool/stub_store.h"

namespace malleposte::deliver {

class FakeStore final : public spool::StubStore {
 public:
  explicit FakeStore(FakeLoop& loop) : loop_(loop) {}

  struct Message {
    mail::Envelope envelope;
    std::string content;
    std::vector<WallTime> due;
    std::vector<std::uint32_t> attempts;
    std::vector<std::vector<mail::Outcome>> history;  // by recipient
    std::set<std::uint32_t> leased;
    std::size_t reserved = 0;
    bool generated = false, warned = false, gathered = false;
    std::string next_hop;
    std::optional<Duration> lifetime;
    bool apart() const { return !next_hop.empty() || lifetime; }
    mail::Fate fate(std::size_t i) const {
      return history[i].empty() ? mail::Fate::queued : history[i].back().fate;
    }
  };
  std::map<std::uint64_t, Message> messages;
  std::vector<spool::Settlement> settlements;
  std::vector<spool::Generated> generated;

  // How it behaves.
  int failing_settlements = 0, failing_opens = 0, refused_reservations = 0;
  Duration settle_delay{};
  std::size_t block = 65536;                        // octets read at once
  std::optional<std::size_t> damaged_at;            // read() fails behind so many octets
  bool queues_generated = false;                    // what is generated is mail like any other
  std::size_t opens = 0, released = 0;              // released: recipients
  std::map<std::string, std::uint64_t> bounced_by;  // domains under an order to be bounced

  mail::MessageId put(const std::string& from, const std::vector<std::string>& to,
                      std::string content = "Subject: x\r\n\r\n.hello\r\n") {
    Message message;
    if (!from.empty()) message.envelope.reverse_path = *mail::parse_address(from);
    for (const auto& one : to) message.envelope.recipients.push_back(*mail::parse_address(one));
    message.envelope.arrived = loop_.wall();
    message.content = std::move(content);
    message.due.assign(to.size(), loop_.wall());
    message.attempts.assign(to.size(), 0);
    message.history.resize(to.size());
    messages.emplace(++last_id_, std::move(message));
    if (on_due_) loop_.post(on_due_);
    return {last_id_};
  }

  void on_due(std::function<void()> callback) override { on_due_ = std::move(callback); }
  void on_flush(OnFlush callback) override { on_flush_ = std::move(callback); }
  void flush(mail::MessageId id) {
    auto& message = messages.at(id.value);
    for (std::size_t i = 0; i < message.due.size(); ++i) {
      if (message.fate(i) != mail::Fate::queued) continue;
      message.due[i] = loop_.wall();
      const auto domain = mail::canonical_domain(message.envelope.recipients[i].domain);
      on_flush_(message.next_hop.empty() ? domain : "", message.next_hop);
    }
    loop_.post(on_due_);
  }

  std::vector<spool::Lease> lease(WallTime now, std::size_t max) override {
    std::vector<spool::Lease> leases;
    for (auto& [id, message] : messages) {
      if (leases.size() == max) break;
      if (!message.leased.empty() || held.contains(id)) continue;
      auto lease = lease_of(id, message);
      for (std::uint32_t i = 0; i < message.due.size(); ++i) {
        const bool ended = end_of(message) <= now;
        if (message.fate(i) != mail::Fate::queued || (message.due[i] > now && !ended)) continue;
        auto domain = mail::canonical_domain(message.envelope.recipients[i].domain);
        if (paused.contains(domain) && !ended && !message.apart() && !bounced_by.contains(domain))
          continue;
        message.leased.insert(i);
        const auto order = bounced_by.find(domain);
        lease.recipients.push_back({i, std::move(domain), message.attempts[i],
                                    order == bounced_by.end() ? 0 : order->second});
      }
      if (!lease.recipients.empty()) leases.push_back(std::move(lease));
    }
    return leases;
  }
  std::vector<spool::Lease> lease_overdue(WallTime now, spool::Overdue& round) override {
    std::vector<spool::Lease> leases;
    for (auto& [id, message] : messages) {
      const auto& envelope = message.envelope;
      const bool late =
          envelope.arrived < round.late && !message.warned && !envelope.reverse_path.null();
      if (!(late || envelope.arrived < round.expired)) continue;
      if (!message.leased.empty() || held.contains(id)) continue;
      auto lease = lease_of(id, message);
      lease.overdue = true;
      for (std::uint32_t i = 0; i < message.due.size(); ++i) {
        auto domain = mail::canonical_domain(envelope.recipients[i].domain);
        if (message.fate(i) != mail::Fate::queued || message.due[i] > now) continue;
        if (!paused.contains(domain)) continue;
        message.leased.insert(i);
        lease.recipients.push_back({i, std::move(domain), message.attempts[i], 0});
      }
      if (!lease.recipients.empty()) leases.push_back(std::move(lease));
    }
    round.through = true;
    return leases;
  }
  std::optional<WallTime> next_due() const override {
    auto first = WallTime::max();
    for (const auto& [id, message] : messages)
      for (std::uint32_t i = 0; i < message.due.size(); ++i) {
        if (!message.leased.empty() || message.fate(i) != mail::Fate::queued) continue;
        first = std::min(first, end_of(message));
        if (message.apart() ||
            !paused.contains(mail::canonical_domain(message.envelope.recipients[i].domain)))
          first = std::min(first, message.due[i]);
      }
    return first == WallTime::max() ? std::nullopt : std::optional(first);
  }
  static spool::Lease lease_of(std::uint64_t id, const Message& message) {
    spool::Lease lease{{id}, message.content.size(), message.envelope.arrived, {}};
    lease.generated = message.generated;
    lease.warned = message.warned;
    lease.gathered = message.gathered;
    lease.next_hop = message.next_hop;
    lease.lifetime = message.lifetime;
    lease.priority = message.envelope.requests.priority;
    lease.deliver_by = message.envelope.requests.deliver_by;
    return lease;
  }
  // When its sender wants it back.
  static WallTime end_of(const Message& message) {
    const auto& by = message.envelope.requests.deliver_by;
    return by && by->return_after ? by->deadline : WallTime::max();
  }
  void release(mail::MessageId id) override { messages.at(id.value).leased.clear(); }
  void release(mail::MessageId id, const std::vector<std::uint32_t>& recipients,
               WallTime not_before) override {
    auto& message = messages.at(id.value);
    for (auto recipient : recipients) {
      EXPECT_EQ(message.leased.erase(recipient), 1u) << "released, but not leased";
      message.due[recipient] = std::max(message.due[recipient], not_before);
    }
    if (unwanted.contains(id.value)) held.insert(id.value);
    released += recipients.size();
    if (on_due_) loop_.post(on_due_);
  }
  void resume(std::string_view domain) override {
    spool::StubStore::resume(domain);
    if (on_due_) loop_.post(on_due_);
  }
  std::set<std::uint64_t> unwanted, held;
  bool wanted(mail::MessageId id) const override { return !unwanted.contains(id.value); }
  bool reserve(mail::MessageId id, std::size_t recipients) override {
    if (refused_reservations > 0) return --refused_reservations, false;
    auto& message = messages.at(id.value);
    message.reserved = std::max(message.reserved, recipients);
    return true;
  }

  Task<Result<std::unique_ptr<spool::StoredMessage>>> open(mail::MessageId id) override {
    ++opens;
    if (failing_opens > 0) {
      --failing_opens;
      co_return fail(Fault::disk, "damaged");
    }
    co_return std::make_unique<Stored>(*this, messages.at(id.value));
  }

  Task<Result<void>> settle(spool::Settlement settlement) override {
    std::vector<spool::Settlement> one;
    one.push_back(std::move(settlement));
    return settle_together(std::move(one));
  }

  Task<Result<void>> settle_together(std::vector<spool::Settlement> together) override {
    if (settle_delay > Duration::zero()) co_await sleep_until(loop_, loop_.steady() + settle_delay);
    if (failing_settlements > 0) {
      --failing_settlements;
      co_return fail(Fault::disk, "no space");
    }
    // Room for all of them is taken under the first one's name.
    EXPECT_GE(messages.at(together.front().id.value).reserved,
              std::max(together.size(), together.front().outcomes.size()))
        << "settled without room";
    for (auto& settlement : together) {
      auto& message = messages.at(settlement.id.value);
      EXPECT_FALSE(settlement.outcomes.empty());
      for (const auto& outcome : settlement.outcomes) {
        EXPECT_EQ(message.leased.erase(outcome.recipient), 1u) << "settled twice, or not leased";
        EXPECT_FALSE(outcome.answer.status.empty());
        message.history[outcome.recipient].push_back(outcome);
        message.due[outcome.recipient] = outcome.next_attempt;
        ++message.attempts[outcome.recipient];
      }
      EXPECT_FALSE(message.warned && settlement.warned) << "warned twice";
      message.warned |= settlement.warned;
      if (message.leased.empty()) message.reserved = 0;
      for (const auto& one : settlement.generated) {
        generated.push_back(one);
        if (queues_generated) queue(one);
      }
      settlements.push_back(std::move(settlement));
    }
    if (on_due_) loop_.post(on_due_);
    co_return Result<void>{};
  }

  std::vector<spool::WaitingRecipient> waiting(mail::MessageId id) const override {
    std::vector<spool::WaitingRecipient> list;
    const auto& message = messages.at(id.value);
    for (std::uint32_t i = 0; i < message.due.size(); ++i)
      if (message.fate(i) == mail::Fate::queued)
        list.push_back(
            {i, message.history[i].empty() ? "" : message.history[i].back().answer.text});
    return list;
  }

  bool contains(mail::MessageId id) const override {
    const auto& message = messages.at(id.value);
    for (std::size_t i = 0; i < message.due.size(); ++i)
      if (message.fate(i) == mail::Fate::queued) return true;
    return false;
  }
  MakeDsns make_dsns;
  void bounce_with(MakeDsns make) override { make_dsns = std::move(make); }

 private:
  void queue(const spool::Generated& made) {
    Message message;
    message.envelope = made.envelope;
    message.content = made.content;
    message.generated = true;
    message.gathered = made.gathered_until.has_value();
    message.due.assign(1, made.gathered_until.value_or(loop_.wall()));
    message.attempts.assign(1, 0);
    message.history.resize(1);
    messages.emplace(++last_id_, std::move(message));
  }

  class Stored final : public spool::StoredMessage {
   public:
    Stored(FakeStore& store, const Message& message) : store_(store), message_(message) {}
    const mail::Envelope& envelope() const override { return message_.envelope; }
    std::uint64_t size() const override { return message_.content.size(); }
    Task<Result<std::string_view>> read() override {
      if (store_.damaged_at && at_ >= *store_.damaged_at) co_return fail(Fault::disk, "checksum");
      last_ = message_.content.substr(at_, store_.block);  // a copy: lifetimes are checked
      at_ += last_.size();
      co_return std::string_view(last_);
    }

   private:
    FakeStore& store_;
    const Message& message_;
    std::size_t at_ = 0;
    std::string last_;
  };

  FakeLoop& loop_;
  std::uint64_t last_id_ = 0;
  std::function<void()> on_due_;
  OnFlush on_flush_;
};

}  // namespace malleposte::deliver
