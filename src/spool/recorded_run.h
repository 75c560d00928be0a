// A run of the store on a simulated disk, recorded for power cuts, with a ledger kept outside of
// it. Test code.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <utility>

#include "spool/crash_ledger.h"
#include "spool/store_test_kit.h"

namespace malleposte::spool {

// A disk on which mail has come and gone: its free segments are full of what they held before.
inline DiskImage used_disk(std::uint64_t seed) {
  Instance before(seed);
  for (int i = 0; i < 120; ++i) {
    before.send(std::string(1500, static_cast<char>('a' + i % 26)));
    before.settle_all(mail::Fate::delivered);
  }
  before.loop.run_for(10s);
  EXPECT_EQ(before.store->counters().messages, 0u);
  return before.disk->files();
}

// One recorded run: clients that send and import, deliveries that settle, an operator that holds
// and deletes.
class RecordedRun {
 public:
  // `only_says_so` plants the bug that the tests must find: syncs that do nothing.
  RecordedRun(std::uint64_t seed, std::size_t messages, DiskImage disk,
              const std::function<bool(const DiskOperation&)>& only_says_so = {})
      : instance_(seed, std::move(disk),
                  [&](SimulatedDisk& made) { made.only_says_so = only_says_so; }),
        random_(seed),
        left_(messages) {
    EXPECT_TRUE(instance_.store) << instance_.error;
    instance_.store->on_generated(
        [this](MessageId id, const Generated& made) { notices_[id.value] = made.content; });
    instance_.store->on_due([this] { deliver(); });
    for (int client = 0; client < 6; ++client) spawn(send());
    spawn(operate());
    instance_.loop.run_for(1h);
    EXPECT_EQ(clients_, 0u);
  }

  CrashLedger ledger;
  std::size_t warnings = 0, reported = 0;
  SimulatedDisk& disk() { return *instance_.disk; }
  LogStore& store() { return *instance_.store; }

 private:
  std::size_t now() const { return instance_.disk->operations().size(); }

  std::string content() {
    auto octets = random_() % 8 == 0 ? random_() % 9000 : random_() % 1200;
    std::string text;
    while (text.size() < octets) text += std::to_string(random_());
    return text;
  }

  Task<void> send() {
    ++clients_;
    while (left_ > 0) {
      --left_;
      mail::Envelope envelope;
      envelope.reverse_path = {"sender" + std::to_string(random_() % 4), "example.org"};
      envelope.arrived = instance_.loop.wall();
      auto recipients = 1 + random_() % 3;
      for (std::size_t i = 0; i < recipients; ++i)
        envelope.recipients.push_back({"user" + std::to_string(random_() % 50), "example.net"});
      const auto known = random_() % 2 == 0 ? one_that_has_ended() : std::nullopt;
      auto begun = known ? instance_.store->restore(export_of(*known, envelope), 0)
                         : instance_.store->begin(envelope, 0);
      if (!begun) {
        co_await sleep_until(instance_.loop, instance_.loop.steady() + 100ms);
        continue;
      }
      auto& incoming = *begun;
      auto& message = ledger.messages[incoming->id().value];
      if (known) {
        message.came_back = now();
        ledger.earlier.emplace(known->value, std::exchange(message, {}));
      }
      message.content = content();
      message.recipients.resize(recipients);
      message.sender = to_string(envelope.reverse_path);
      for (const auto& recipient : envelope.recipients)
        message.addresses.push_back(to_string(recipient));
      message.begun = now();
      std::string_view rest = message.content;
      while (!rest.empty()) {
        auto part = rest.substr(0, 1 + random_() % 2000);
        if (random_() % 5 == 0)
          co_await sleep_until(instance_.loop, instance_.loop.steady() + 50us * (random_() % 40));
        if (!co_await incoming->append(part)) break;
        rest.remove_prefix(part.size());
      }
      if (!known && random_() % 20 == 0) {  // the client goes away
        ledger.messages.erase(incoming->id().value);
        incoming.reset();
        continue;
      }
      auto result = co_await incoming->commit();
      if (result.status == CommitStatus::durable) message.acknowledged = now();
      if (random_() % 4 == 0)
        co_await sleep_until(instance_.loop, instance_.loop.steady() + 100ms * (random_() % 10));
    }
    --clients_;
  }

  // It may come back from an export: with other recipients and another content here, so that it is
  // not taken for what it was.
  std::optional<MessageId> one_that_has_ended() {
    std::vector<MessageId> ended;
    for (const auto& [id, message] : ledger.messages)
      if (message.acknowledged != CrashLedger::not_yet && !instance_.store->contains({id}) &&
          std::ranges::all_of(message.recipients, [](const auto& recipient) {
            return recipient.settling == CrashLedger::not_yet ||
                   recipient.settled != CrashLedger::not_yet;
          }))
        ended.push_back({id});
    if (ended.empty()) return std::nullopt;
    return ended[random_() % ended.size()];
  }
  static Restored export_of(MessageId id, const mail::Envelope& envelope) {
    Restored restored;
    restored.id = id;
    restored.envelope = envelope;
    return restored;
  }

  void deliver() {
    std::vector<Lease> gathered;
    for (auto& lease : instance_.store->lease(instance_.loop.wall(), 5)) {
      instance_.store->reserve(lease.id, lease.recipients.size());
      if (lease.gathered)
        gathered.push_back(std::move(lease));
      else
        spawn(settle(std::move(lease)));
    }
    if (!gathered.empty()) spawn(report(std::move(gathered)));
    if (auto next = instance_.store->next_due(); next && timer_ == 0)
      timer_ = instance_.loop.call_at(
          instance_.loop.steady() + std::max<Duration>(*next - instance_.loop.wall(), 1ms), [this] {
            timer_ = 0;
            deliver();
          });
  }

  Task<void> settle(Lease lease) {
    co_await sleep_until(instance_.loop, instance_.loop.steady() + 1ms * (random_() % 200));
    Settlement settlement;
    settlement.id = lease.id;
    for (const auto& recipient : lease.recipients) {
      mail::Outcome outcome;
      outcome.recipient = recipient.index;
      auto chance = random_() % 10;
      if (chance < 5) {
        outcome.fate = mail::Fate::delivered;
      } else if (chance < 6) {
        outcome.fate = mail::Fate::bounced;
      } else {
        outcome.next_attempt = instance_.loop.wall() + 1s * (1 + random_() % 300);
      }
      outcome.answer.status = "4.0.0";
      outcome.answer.text = "as chance would have it";
      settlement.outcomes.push_back(outcome);
    }
    auto known = ledger.messages.find(lease.id.value);
    auto* message = known == ledger.messages.end() ? nullptr : &known->second;
    auto* notice = message ? nullptr : &ledger.notices.at(notices_.at(lease.id.value));
    bool bounced = false, deferred = false;
    for (const auto& outcome : settlement.outcomes) {
      bounced |= outcome.fate == mail::Fate::bounced;
      deferred |= outcome.fate == mail::Fate::queued;
      if (outcome.fate == mail::Fate::queued) continue;
      (message ? message->recipients[outcome.recipient].settling : notice->ending) = now();
    }
    std::vector<CrashLedger::Notice*> made;
    if (bounced && message) {
      settlement.generated.push_back(notice_about(lease.id, "notice", made));
      if (random_() % 2)
        settlement.generated.back().gathered_until =
            instance_.loop.wall() + 100ms * (1 + random_() % 50);
    }
    if (deferred && message && !lease.warned && random_() % 3 == 0) {
      EXPECT_TRUE(message->warning.empty()) << "warned again";
      settlement.generated.push_back(notice_about(lease.id, "warning", made));
      settlement.warned = true;
      message->warning = settlement.generated.back().content;
      ++warnings;
    }
    auto settled = co_await instance_.store->settle(settlement);
    EXPECT_TRUE(settled);
    for (auto* one : made) one->kept = now();
    for (const auto& outcome : settlement.outcomes) {
      if (outcome.fate == mail::Fate::queued) continue;
      (message ? message->recipients[outcome.recipient].settled : notice->ended) = now();
    }
  }

  Generated notice_about(MessageId id, const std::string& what,
                         std::vector<CrashLedger::Notice*>& made) {
    Generated dsn;
    dsn.envelope.arrived = instance_.loop.wall();
    dsn.envelope.recipients.push_back({"sender", "example.org"});
    dsn.content = "the " + what + " about " + to_string(id) + " " + std::to_string(random_());
    made.push_back(&ledger.notices[dsn.content]);
    made.back()->made = now();
    return dsn;
  }

  // Replaces gathered notices by one, as at the end of their hour.
  Task<void> report(std::vector<Lease> gathered) {
    co_await sleep_until(instance_.loop, instance_.loop.steady() + 1ms * (random_() % 200));
    std::vector<CrashLedger::Notice*> made, replaced;
    auto dsn = notice_about(gathered.front().id, "report", made);
    std::vector<Settlement> settlements;
    for (const auto& lease : gathered) {
      settlements.push_back(Instance::settlement(lease, mail::Fate::replaced));
      const auto& content = notices_.at(lease.id.value);
      made.front()->replaces.push_back(content);
      replaced.push_back(&ledger.notices.at(content));
      replaced.back()->ending = now();
    }
    settlements.back().generated.push_back(std::move(dsn));
    EXPECT_TRUE(co_await instance_.store->settle_together(std::move(settlements)));
    made.front()->kept = now();
    for (auto* one : replaced) one->ended = now();
    reported += replaced.size();
  }

  Task<void> operate() {
    for (int i = 0; i < 30; ++i) {
      co_await sleep_until(instance_.loop, instance_.loop.steady() + 30ms * (random_() % 10));
      const auto address = "user" + std::to_string(random_() % 50) + "@example.net";
      switch (random_() % 11) {
        case 0:
          co_await say(Operation::hold, address);
          break;
        case 1:
          co_await say(Operation::release, address);
          break;
        case 2:
          co_await say(Operation::flush, address);
          break;
        case 3:
          co_await say(remove_at_once(), address);
          break;
        case 4:
        case 5:
          removed_.push_back(address);
          co_await say(Operation::remove, address);
          break;
        case 6:
          if (!removed_.empty())
            co_await say(Operation::restore, removed_[random_() % removed_.size()]);
          break;
        case 7: {
          Action action(Operation::reroute);
          if (random_() % 3) action.next_hop = "hop" + std::to_string(i) + ".example";
          co_await say(action, address);
          break;
        }
        case 8: {
          Action action(Operation::lifetime);
          if (random_() % 3) action.lifetime = 1h * (1 + i);
          co_await say(action, address);
          break;
        }
        case 9:
          co_await give();
          break;
        default:
          if (!ledger.orders.empty()) co_await cancel(random_() % ledger.orders.size());
      }
    }
    for (std::size_t i = 0; i < ledger.orders.size(); ++i) co_await cancel(i);
    co_await say(Operation::release, "");
  }

  Task<void> say(Action action, std::string address) {
    const auto number = ledger.words.size();
    ledger.words.push_back({action, address, {}, instance_.loop.wall(), {}, now()});
    (void)co_await instance_.store->apply({.recipient = address}, action);
    ledger.words[number].ended = now();
    ledger.words[number].ended_at = instance_.loop.wall();
  }

  Task<void> give() {
    using Kind = StandingOrder::Kind;
    StandingOrder order;
    order.kind = static_cast<Kind>(random_() % 3);
    order.pattern = order.kind == Kind::hold
                        ? "sender" + std::to_string(random_() % 4) + "@example.org"
                        : std::string(random_() % 2 ? "example.net" : "*");
    order.reason = "number " + std::to_string(ledger.orders.size());
    if (random_() % 3 == 0) order.until = instance_.loop.wall() + 20ms * (1 + random_() % 20);
    const auto number = ledger.orders.size();
    ledger.orders.push_back({order, now()});
    // It says so of what is there, too.
    const auto word = ledger.words.size();
    const bool holds = order.kind == Kind::hold;
    if (holds)
      ledger.words.push_back(
          {Operation::hold, {}, order.pattern, instance_.loop.wall(), {}, now()});
    if (order.until)
      instance_.loop.call_at(instance_.loop.steady() + (*order.until - instance_.loop.wall()),
                             [this, number] { ledger.orders[number].over = now(); });
    auto given = co_await instance_.store->give(order);
    EXPECT_TRUE(given);
    ledger.orders[number].order.number = given.value_or(0);
    ledger.orders[number].given = now();
    if (holds) ledger.words[word].ended = now();
  }

  Task<void> cancel(std::size_t number) {
    auto& order = ledger.orders[number];
    if (order.cancelling != CrashLedger::not_yet) co_return;
    order.cancelling = now();
    EXPECT_TRUE(co_await instance_.store->cancel(order.order.number));
    ledger.orders[number].cancelled = now();
  }

  Instance instance_;
  std::mt19937_64 random_;
  std::map<std::uint64_t, std::string> notices_;  // by id: content
  std::vector<std::string> removed_;              // addresses
  std::size_t left_;
  std::size_t clients_ = 0;
  Loop::TimerId timer_ = 0;
};

}  // namespace malleposte::spool
