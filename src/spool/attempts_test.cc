// The history of attempts (docs/formats/spool.md, History): that it comes back whatever happened to
// the records it stands in, and that reading it ends whatever stands there.
#include "spool/attempts.h"

#include <gtest/gtest.h>

#include <random>

#include "base/limits.h"
#include "spool/store_test_kit.h"

namespace malleposte::spool {
namespace {

mail::Attempt attempt(int number) {
  const auto at = WallTime(Duration(std::int64_t{number} * 1'000'000));
  return {at,
          at + Duration(number),
          {"mx.example.net", "192.0.2.1:25", 450, "4.2.0", "number " + std::to_string(number),
           mail::OutcomeClass::greylisted}};
}

std::vector<std::string> texts(const RecipientAttempts& attempts) {
  std::vector<std::string> all;
  for (const auto& known : attempts.known) all.push_back(known.answer.text);
  return all;
}

std::vector<std::string> numbers(int from, int to) {
  std::vector<std::string> all;
  for (int i = from; i <= to; ++i) all.push_back("number " + std::to_string(i));
  return all;
}

// What deliveries did, for a store that may be started again.
struct Deliveries {
  std::unique_ptr<Instance> instance = std::make_unique<Instance>(1);
  std::uint64_t starts = 1;

  Instance* operator->() { return instance.get(); }

  void restart() {
    auto image = instance->disk->files();
    instance = std::make_unique<Instance>(++starts, std::move(image));
    ASSERT_TRUE(instance->store) << instance->error;
  }

  // Everything that is due, or this message, whether it is due or not.
  std::vector<Lease> lease(MessageId id) {
    instance->apply({.id = to_string(id)}, Operation::flush);
    auto leases = instance->store->lease(instance->loop.wall(), SIZE_MAX);
    std::erase_if(leases, [&](const auto& lease) {
      if (lease.id == id) return false;
      instance->store->release(lease.id);
      return true;
    });
    return leases;
  }

  // One more attempt for one recipient, or for all that are queued; it fails for now.
  void defer(MessageId id, int number, std::optional<std::uint32_t> only = std::nullopt) {
    for (auto& lease : lease(id)) {
      auto settlement =
          Instance::settlement(lease, mail::Fate::queued, instance->loop.wall() + 24h);
      if (only)
        std::erase_if(settlement.outcomes, [&](const auto& o) { return o.recipient != *only; });
      for (auto& outcome : settlement.outcomes) {
        outcome.answer = attempt(number).answer;
        outcome.began = attempt(number).began;
        outcome.ended = attempt(number).ended;
      }
      ASSERT_TRUE(instance->run(instance->store->settle(settlement)));
      if (instance->store->contains(id)) instance->store->release(id);
    }
  }

  std::vector<RecipientAttempts> attempts(MessageId id) {
    auto all = instance->run(instance->store->attempts(id));
    EXPECT_TRUE(all);
    return all ? *all : std::vector<RecipientAttempts>{};
  }

  // So much mail comes and goes that segments are cleaned and used again.
  void busy(int messages = 300) {
    for (int i = 0; i < messages; ++i) {
      auto sent = instance->send(std::string(2000, 'x'), {"busy@example.net"});
      for (auto& lease : instance->store->lease(instance->loop.wall(), SIZE_MAX)) {
        if (lease.id == sent.id)
          ASSERT_TRUE(instance->run(
              instance->store->settle(Instance::settlement(lease, mail::Fate::delivered))));
        else
          instance->store->release(lease.id);
      }
    }
    instance->loop.run_for(10s);
  }
};

TEST(Attempts, EachIsRememberedWithAllThatIsKnownOfIt) {
  Deliveries on;
  auto id = on->send("content").id;
  EXPECT_EQ(on.attempts(id)[0], (RecipientAttempts{0, {}}));
  for (int i = 1; i <= 3; ++i) on.defer(id, i);
  EXPECT_EQ(on.attempts(id)[0], (RecipientAttempts{3, {attempt(1), attempt(2), attempt(3)}}));
}

TEST(Attempts, TheClassOfTheLastOneIsAFilter) {
  Deliveries on;
  auto id = on->send("content", {"a@example.net", "b@example.net"}).id;
  on->send("content");
  on.defer(id, 1, 1);
  using mail::OutcomeClass;
  EXPECT_EQ(on->list({.outcome_class = OutcomeClass::greylisted}).total, 1u);
  EXPECT_EQ(on->list({.outcome_class = OutcomeClass::network}).total, 0u);
  EXPECT_EQ(on->apply({.outcome_class = OutcomeClass::greylisted}, Operation::hold), 1u);
  on.restart();
  EXPECT_EQ(on->list({.outcome_class = OutcomeClass::greylisted}).messages.at(0).id, id);
  EXPECT_EQ(on->apply({.outcome_class = OutcomeClass::greylisted}, remove_at_once()), 1u);
  EXPECT_EQ(on->list().total, 1u);
}

TEST(Attempts, AreRememberedOverRestarts) {
  Deliveries on;
  auto id = on->send("content").id;
  for (int i = 1; i <= 6; ++i) {
    on.defer(id, i);
    if (i % 2 == 0) on.restart();
    EXPECT_EQ(texts(on.attempts(id)[0]), numbers(1, i));
  }
  auto page = on->list();
  EXPECT_EQ(page.messages[0].attempts, 6u);
  EXPECT_EQ(page.messages[0].recipients[0].outcome_class, mail::OutcomeClass::greylisted);
}

TEST(Attempts, TheLastOnesAreRememberedAndTheOthersCounted) {
  Deliveries on;
  auto id = on->send("content").id;
  constexpr int all = limits::attempts_remembered + 7;
  for (int i = 1; i <= all; ++i) on.defer(id, i);
  for (int starts = 0; starts < 2; ++starts) {
    EXPECT_EQ(on.attempts(id)[0].made, static_cast<unsigned>(all));
    EXPECT_EQ(texts(on.attempts(id)[0]), numbers(8, all));
    on.restart();
  }
}

TEST(Attempts, MoveWithTheirMessage) {
  Deliveries on;
  auto id = on->send("content").id;
  int made = 0;
  for (int moves = 0; moves < 4; ++moves) {
    for (int i = 0; i < 3; ++i) on.defer(id, ++made);
    on.busy();
    EXPECT_GT(on->store->counters().cleaned_segments, 0u);
    EXPECT_EQ(texts(on.attempts(id)[0]), numbers(1, made));
    on.restart();
    EXPECT_EQ(texts(on.attempts(id)[0]), numbers(1, made));
  }
}

// Two parts of a message end at the same time: neither record can name the other.
TEST(Attempts, OfPartsThatEndAtTheSameTimeAreAllRemembered) {
  Deliveries on;
  auto id = on->send("content", {"a@example.net", "b@example.com", "c@example.org"}).id;
  for (int round = 1; round <= 3; ++round) {
    auto leases = on.lease(id);
    ASSERT_EQ(leases.size(), 1u);
    auto whole = Instance::settlement(leases[0], mail::Fate::queued, on->loop.wall() + 24h);
    std::size_t settled = 0;
    for (const auto& outcome : whole.outcomes) {
      Settlement part{id, {outcome}, {}};
      part.outcomes[0].answer.text = "number " + std::to_string(round);
      spawn([](LogStore& store, Settlement one, std::size_t& count) -> Task<void> {
        EXPECT_TRUE(co_await store.settle(std::move(one)));
        ++count;
      }(*on->store, std::move(part), settled));
    }
    for (int i = 0; i < 5000 && settled < 3; ++i) on->loop.run_for(1ms);
    ASSERT_EQ(settled, 3u);
    for (const auto& recipient : on.attempts(id)) EXPECT_EQ(texts(recipient), numbers(1, round));
  }
  on.restart();
  for (const auto& recipient : on.attempts(id)) EXPECT_EQ(texts(recipient), numbers(1, 3));
}

TEST(Attempts, OfARecipientThatIsDoneAreRememberedAsLongAsTheMessageIs) {
  Deliveries on;
  auto id = on->send("content", {"a@example.net", "b@example.net"}).id;
  on.defer(id, 1);
  auto lease = on.lease(id).at(0);
  auto settlement = Instance::settlement(lease, mail::Fate::delivered);
  settlement.outcomes.resize(1);
  settlement.outcomes[0].answer.text = "number 2";
  ASSERT_TRUE(on->run(on->store->settle(settlement)));
  on->store->release(id);
  on.restart();
  auto all = on.attempts(id);
  EXPECT_EQ(texts(all[0]), numbers(1, 2));
  EXPECT_EQ(texts(all[1]), numbers(1, 1));
  EXPECT_EQ(on->list().messages[0].recipients[0].state, "delivered");
}

TEST(Attempts, OfAMessageThatIsGoneAreAnError) {
  Deliveries on;
  auto id = on->send("content").id;
  on->settle_all(mail::Fate::delivered);
  EXPECT_FALSE(on->run(on->store->attempts(id)));
}

// Mail comes and goes, attempts fail for some or all recipients, segments are cleaned and the store
// is started again, in any order: what is remembered is the end of what happened.
TEST(Attempts, AgreeWithAModelOverRandomHappenings) {
  for (unsigned seed = 1; seed <= 6; ++seed) {
    std::mt19937_64 random(seed);
    Deliveries on;
    struct Known {
      MessageId id;
      std::vector<std::vector<std::string>> attempts;  // by recipient
    };
    std::vector<Known> model;
    int number = 0;
    for (int step = 0; step < 150; ++step) {
      switch (random() % 8) {
        case 0:
          if (model.size() < 12) {
            std::vector<std::string> recipients{"a@example.net", "b@example.net", "c@example.net"};
            recipients.resize(1 + random() % 3);
            auto sent = on->send(std::string(random() % 6000, 'x'), recipients);
            ASSERT_EQ(sent.status, CommitStatus::durable) << sent.why;
            model.push_back({sent.id, {recipients.size(), std::vector<std::string>{}}});
          }
          break;
        case 1:
          on.busy(30);
          break;
        case 2:
          on.restart();
          break;
        default:
          if (model.empty()) break;
          auto& known = model[random() % model.size()];
          std::optional<std::uint32_t> only;
          if (random() % 2) only = static_cast<std::uint32_t>(random() % known.attempts.size());
          on.defer(known.id, ++number, only);
          for (std::uint32_t i = 0; i < known.attempts.size(); ++i)
            if (!only || *only == i)
              known.attempts[i].push_back("number " + std::to_string(number));
      }
      if (step % 10 != 9) continue;
      for (const auto& known : model) {
        auto all = on.attempts(known.id);
        ASSERT_EQ(all.size(), known.attempts.size());
        for (std::size_t i = 0; i < all.size(); ++i) {
          auto expected = known.attempts[i];
          ASSERT_EQ(all[i].made, expected.size()) << "seed " << seed << " step " << step;
          if (expected.size() > limits::attempts_remembered)
            expected.erase(expected.begin(), expected.end() - limits::attempts_remembered);
          ASSERT_EQ(texts(all[i]), expected) << "seed " << seed << " step " << step;
        }
      }
    }
    EXPECT_TRUE(on->balanced());
  }
}

// --- The trail -----------------------------------------------------------------------------------

std::string outcome_record(MessageId id, std::uint32_t number, std::vector<RecordRef> earlier,
                           std::uint32_t recipient = 0) {
  OutcomeItem item;
  item.id = id;
  item.recipient = recipient;
  item.attempts = number;
  item.attempt = attempt(static_cast<int>(number));
  item.earlier = std::move(earlier);
  std::string payload;
  append_item(payload, item);
  return payload;
}

TEST(AttemptTrail, GoesFromTheNewestToTheOldestOverAllBranches) {
  AttemptTrail trail({1}, {4}, {{7, 100}, {5, 900}});
  EXPECT_EQ(trail.next(), (RecordRef{7, 100}));
  trail.read(outcome_record({1}, 4, {{6, 10}}));
  EXPECT_EQ(trail.next(), (RecordRef{6, 10}));
  trail.read(outcome_record({1}, 3, {{5, 900}, {5, 8}}));
  EXPECT_EQ(trail.next(), (RecordRef{5, 900}));
  trail.read(outcome_record({1}, 2, {{5, 8}}));
  EXPECT_EQ(trail.next(), (RecordRef{5, 8}));
  trail.read(outcome_record({1}, 1, {}));
  EXPECT_EQ(trail.next(), std::nullopt);
  EXPECT_EQ(texts(trail.take()[0]), numbers(1, 4));
}

TEST(AttemptTrail, ARecordThatNamesItselfOrALaterOneIsNotFollowed) {
  AttemptTrail trail({1}, {3}, {{7, 100}});
  ASSERT_TRUE(trail.next());
  trail.read(outcome_record({1}, 3, {{7, 100}, {7, 108}, {8, 0}, {UINT64_MAX, UINT32_MAX}}));
  EXPECT_EQ(trail.next(), std::nullopt);
}

TEST(AttemptTrail, AnEndlessTrailEnds) {
  AttemptTrail trail({1}, {1'000'000}, {{1'000'000, 0}});
  std::size_t read = 0;
  while (auto ref = trail.next()) {
    ASSERT_LE(++read, limits::attempt_records_read);
    std::string payload;
    for (std::uint32_t i = 1; i <= 50; ++i)  // each names many, none with an attempt that counts
      payload += outcome_record({1}, 1, {{ref->epoch - i, 0}, {ref->epoch - i, 8}});
    trail.read(payload);
  }
  EXPECT_EQ(read, limits::attempt_records_read);
  EXPECT_TRUE(trail.take()[0].known.empty());
}

TEST(AttemptTrail, TakesNoMoreMemoryThanItsLimit) {
  std::vector<std::uint32_t> made(1000, 20);
  AttemptTrail trail({1}, made, {{1000, 0}});
  while (auto ref = trail.next()) {
    auto number = static_cast<std::uint32_t>(ref->epoch - 980);
    std::string payload;
    for (std::uint32_t i = 0; i < made.size(); ++i)
      payload += outcome_record({1}, number, {{ref->epoch - 1, 0}}, i);
    trail.read(payload);
    if (number == 1) break;
  }
  std::size_t known = 0;
  for (const auto& recipient : trail.take()) known += recipient.known.size();
  EXPECT_GT(known, 100u);
  EXPECT_LE(known * sizeof(mail::Attempt), limits::attempts_octets);
}

TEST(AttemptTrail, WhatIsMissingInTheMiddleHidesWhatIsOlder) {
  AttemptTrail trail({1}, {4}, {{7, 100}});
  ASSERT_TRUE(trail.next());
  trail.read(outcome_record({1}, 4, {}) + outcome_record({1}, 3, {}) + outcome_record({1}, 1, {}));
  auto all = trail.take();
  EXPECT_EQ(all[0].made, 4u);
  EXPECT_EQ(texts(all[0]), numbers(3, 4));
}

TEST(AttemptTrail, OtherMessagesAndOddNumbersAreNotTaken) {
  AttemptTrail trail({1}, {2}, {{7, 100}});
  ASSERT_TRUE(trail.next());
  trail.read(outcome_record({2}, 1, {{6, 0}}) + outcome_record({1}, 0, {}) +
             outcome_record({1}, 3, {}) + outcome_record({1}, 2, {}, 9));
  trail.read("no item at all");
  EXPECT_EQ(trail.next(), std::nullopt);
  EXPECT_TRUE(trail.take()[0].known.empty());
}

}  // namespace
}  // namespace malleposte::spool
