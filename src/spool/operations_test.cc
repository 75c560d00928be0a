// What an operator does to messages: removing and second thoughts, other next hops and lifetimes.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "base/limits.h"
#include "spool/directions.h"
#include "spool/removals.h"
#include "spool/store_test_kit.h"

namespace malleposte::spool {
namespace {

Action reroute(std::string next_hop) {
  Action action(Operation::reroute);
  action.next_hop = std::move(next_hop);
  return action;
}

Action lifetime(std::optional<Duration> of) {
  Action action(Operation::lifetime);
  action.lifetime = of;
  return action;
}

TEST(Operations, ARemovalCanBeTakenBackForAMinuteAlsoAfterARestart) {
  Instance first;
  const auto sent = first.send("x", {"a@example.net", "b@example.net"});
  first.send("y", {"c@example.com"});
  EXPECT_EQ(first.apply({.recipient = "B@example.net"}, Operation::remove), 1u);
  EXPECT_EQ(first.apply({.recipient = "B@example.net"}, Operation::remove), 0u) << "it is removed";
  const auto removed = first.list({.state = QueueState::deleting});
  ASSERT_EQ(removed.messages.size(), 1u);
  EXPECT_EQ(removed.messages[0].id, sent.id);
  EXPECT_TRUE(removed.messages[0].reason.starts_with("deleted; it can be brought back until"));
  EXPECT_EQ(first.lease().size(), 1u) << "what is removed is not delivered";
  EXPECT_EQ(first.store->accounts().queued, 3u);
  EXPECT_EQ(first.store->accounts().deleted, 0u);

  Instance second(2, first.disk->files());
  EXPECT_EQ(second.list({.state = QueueState::deleting}).total, 1u);
  second.loop.run_for(limits::undo_time - 2s);
  EXPECT_EQ(second.apply({.state = QueueState::deleting}, Operation::restore), 1u);
  EXPECT_EQ(second.apply({}, Operation::restore), 0u) << "nothing is removed any more";
  second.loop.run_for(1h);
  EXPECT_EQ(second.list().total, 2u);
  Instance third(3, second.disk->files());
  third.loop.run_for(1h);
  EXPECT_EQ(third.lease().size(), 2u);
  EXPECT_TRUE(third.balanced());
}

TEST(Operations, ARemovalEndsWhenItsMinuteIsOver) {
  Instance first;
  first.send("x", {"a@example.net", "b@example.net"});
  EXPECT_EQ(first.apply({}, Operation::remove), 1u);
  const auto image = first.disk->files();
  first.loop.run_for(limits::undo_time - 1s);
  EXPECT_EQ(first.list().total, 1u);
  first.loop.run_for(2s);
  EXPECT_EQ(first.list().total, 0u);
  EXPECT_EQ(first.store->accounts().deleted, 2u);
  EXPECT_TRUE(first.balanced());
  EXPECT_EQ(Instance(2, first.disk->files()).list().total, 0u);

  Instance restarted(2, image);
  EXPECT_EQ(restarted.list().total, 1u);
  restarted.loop.run_for(limits::undo_time + 1s);
  EXPECT_EQ(restarted.list().total, 0u);
  EXPECT_EQ(restarted.store->accounts().deleted, 2u);
}

TEST(Operations, WhatIsRemovedAtOnceIsGoneWhenThatIsAnswered) {
  Instance first;
  first.send("x", {"a@example.net", "b@example.net"});
  first.send("y", {"c@example.com"});
  first.send("z", {"d@example.edu"});
  EXPECT_EQ(first.apply({.domain = "example.net"}, remove_at_once()), 1u);
  EXPECT_EQ(first.list().total, 2u);
  EXPECT_EQ(first.store->accounts().deleted, 2u);
  // Also what is removed already: no second thoughts any more.
  EXPECT_EQ(first.apply({.domain = "example.com"}, Operation::remove), 1u);
  EXPECT_EQ(first.apply({.domain = "example.com"}, remove_at_once()), 1u);
  EXPECT_EQ(first.list().total, 1u);
  EXPECT_TRUE(first.balanced());
  Instance second(2, first.disk->files());
  EXPECT_EQ(second.list().total, 1u);
  EXPECT_TRUE(second.balanced());
}

TEST(Operations, ADeliveryUnderWayEndsAsItEndsAndTheRestIsDeleted) {
  for (const auto& action : {Action(Operation::remove), remove_at_once()}) {
    Instance instance;
    auto sent = instance.send("x", {"a@example.net", "b@example.net"});
    auto lease = instance.lease().at(0);
    EXPECT_EQ(instance.apply({.id = to_string(sent.id)}, action), 1u);
    EXPECT_FALSE(instance.store->wanted(sent.id));
    instance.loop.run_for(limits::undo_time + 1s);
    EXPECT_EQ(instance.list().messages.at(0).state, QueueState::deleting);
    auto settlement = Instance::settlement(lease, mail::Fate::delivered);
    settlement.outcomes[1].fate = mail::Fate::queued;
    ASSERT_TRUE(instance.run(instance.store->settle(settlement)));
    instance.loop.run_for(1s);
    EXPECT_EQ(instance.list().total, 0u);
    auto accounts = instance.store->accounts();
    EXPECT_EQ(accounts.delivered, 1u);
    EXPECT_EQ(accounts.deleted, 1u);
  }
}

TEST(Operations, ManyRemovalsEndInFewRecords) {
  Instance instance;
  for (int i = 0; i < 600; ++i) instance.send("x");
  EXPECT_EQ(instance.apply({}, Operation::remove), 600u);
  const auto before = instance.store->counters().syncs;
  instance.loop.run_for(limits::undo_time + 1s);
  EXPECT_EQ(instance.list().total, 0u);
  EXPECT_LE(instance.store->counters().syncs - before, 12u);
  EXPECT_TRUE(instance.balanced());
}

TEST(Operations, ARemovalThatCannotBeEndedIsTriedAgain) {
  Instance instance;
  instance.send("x");
  instance.apply({}, Operation::remove);
  instance.disk->fault = [](const DiskOperation&) { return fail(Fault::disk, "no"); };
  instance.loop.run_for(limits::undo_time + 10s);
  EXPECT_EQ(instance.list({.state = QueueState::deleting}).total, 1u);
  instance.disk->fault = nullptr;
  instance.loop.run_for(10s);
  EXPECT_EQ(instance.list().total, 0u);
  EXPECT_EQ(instance.store->accounts().deleted, 1u);
}

TEST(Operations, WhatCannotBeMadeDurableIsTakenBack) {
  Instance instance;
  const auto sent = instance.send("x");
  EXPECT_EQ(instance.apply({}, reroute("first.example")), 1u);
  instance.disk->fault = [](const DiskOperation&) { return fail(Fault::disk, "no"); };
  EXPECT_FALSE(instance.run(instance.store->apply({}, Operation::remove)));
  EXPECT_FALSE(instance.run(instance.store->apply({}, Operation::hold)));
  EXPECT_FALSE(instance.run(instance.store->apply({}, reroute("other.example"))));
  instance.disk->fault = nullptr;
  instance.loop.run_for(limits::undo_time + 10s);
  ASSERT_TRUE(instance.store->wanted(sent.id));
  EXPECT_EQ(instance.lease().at(0).next_hop, "first.example");
}

// A word and damage found at the same time: each is kept, or taken back, by itself.
TEST(Operations, WhatIsFoundDamagedMeanwhileStaysHeldWhenAWordIsTakenBack) {
  Instance instance;
  const auto id = instance.send("the mark" + large(9000)).id;
  for (auto& [name, octets] : instance.disk->files())
    if (const auto at = octets.find("the mark"); at != std::string::npos) octets[at] ^= 1;
  instance.disk->fault = [](const DiskOperation&) { return fail(Fault::disk, "no"); };
  bool taken_back = false;
  spawn([](Instance& at, bool& done) -> Task<void> {
    EXPECT_FALSE(co_await at.store->apply({}, reroute("other.example")));
    at.disk->fault = nullptr;
    done = true;
  }(instance, taken_back));
  EXPECT_TRUE(instance.content(id).starts_with("error:"));
  EXPECT_FALSE(taken_back) << "the damage is to be found before that";
  instance.loop.run_for(10s);
  EXPECT_TRUE(taken_back);
  EXPECT_FALSE(instance.store->wanted(id));
  EXPECT_EQ(instance.list().messages.at(0).next_hop, "");
  Instance again(2, instance.disk->files());
  const auto kept = again.list().messages.at(0);
  EXPECT_EQ(kept.state, QueueState::held);
  EXPECT_EQ(kept.next_hop, "");
}

TEST(Operations, AFlushOfManyLetsOthersHaveTheirTurn) {
  Instance instance(1, {}, nullptr, roomy_options());
  for (int i = 0; i < 3; ++i) instance.send("x", to_many_domains(0));
  instance.settle_all(mail::Fate::queued, instance.loop.wall() + 48h);
  EXPECT_TRUE(instance.lease().empty());
  std::map<std::string, int> told;
  instance.store->on_flush([&](const std::string& domain, const std::string&) { ++told[domain]; });
  bool done = false;
  spawn([](Store& store, bool& ended) -> Task<void> {
    EXPECT_EQ((co_await store.apply({}, Operation::flush)).value_or(0), 3u);
    ended = true;
  }(*instance.store, done));
  EXPECT_FALSE(done);
  EXPECT_FALSE(instance.lease().empty());
  instance.loop.run_for(1s);
  EXPECT_TRUE(done);
  EXPECT_TRUE(std::ranges::all_of(told, [](const auto& one) { return one.second == 1; }))
      << "its site may have said meanwhile that it is to be left alone";
}

TEST(Operations, ANextHopIsGivenOutWithTheMailOverRestartsAndCleaning) {
  Instance first;
  const auto sent = first.send("stays", {"old@example.net"});
  first.settle_all(mail::Fate::queued, first.loop.wall() + 24h);
  EXPECT_TRUE(first.lease().empty());
  EXPECT_EQ(first.apply({}, reroute("[192.0.2.7]:2525")), 1u);
  // What waits is due now.
  auto lease = first.lease().at(0);
  EXPECT_EQ(lease.next_hop, "[192.0.2.7]:2525");
  EXPECT_EQ(first.list().messages.at(0).next_hop, "[192.0.2.7]:2525");
  ASSERT_TRUE(first.run(first.store->settle(
      Instance::settlement(lease, mail::Fate::queued, first.loop.wall() + 24h))));
  for (int i = 0; i < 300; ++i) {
    first.send(large(2000));
    first.settle_all(mail::Fate::delivered);
  }
  first.loop.run_for(10s);
  EXPECT_GT(first.store->counters().cleaned_segments, 0u);
  Instance second(2, first.disk->files());
  EXPECT_EQ(second.store->lease(second.loop.wall() + 48h, 1).at(0).next_hop, "[192.0.2.7]:2525");
  second.store->release(sent.id);
  EXPECT_EQ(second.apply({}, reroute("")), 1u);
  EXPECT_EQ(second.lease().at(0).next_hop, "");
  Instance third(3, second.disk->files());
  EXPECT_EQ(third.store->lease(third.loop.wall() + 48h, 1).at(0).next_hop, "");
}

TEST(Operations, WhatIsLeasedForTheOldNextHopIsNotWantedThere) {
  Instance instance;
  const auto sent = instance.send("x");
  EXPECT_EQ(instance.lease().at(0).next_hop, "");
  EXPECT_EQ(instance.apply({}, reroute("other.example")), 1u);
  EXPECT_FALSE(instance.store->wanted(sent.id));
  instance.store->release(sent.id);
  EXPECT_EQ(instance.lease().at(0).next_hop, "other.example");
  EXPECT_TRUE(instance.store->wanted(sent.id));
}

TEST(Operations, ALifetimeIsGivenOutWithTheMailAndTakenBack) {
  Instance first;
  first.send("x");
  first.settle_all(mail::Fate::queued, first.loop.wall() + 24h);
  EXPECT_EQ(first.apply({}, lifetime(48h)), 1u);
  EXPECT_TRUE(first.lease().empty()) << "it is not over";
  first.loop.run_for(2h);
  EXPECT_EQ(first.apply({}, lifetime(1h)), 1u);
  EXPECT_EQ(first.lease().at(0).lifetime, Duration(1h)) << "its time is over: it is due now";
  EXPECT_EQ(first.list().messages.at(0).lifetime, Duration(1h));
  Instance second(2, first.disk->files());
  EXPECT_EQ(second.store->lease(second.loop.wall() + 48h, 1).at(0).lifetime, Duration(1h));
  second.store->release(second.list().messages.at(0).id);
  EXPECT_EQ(second.apply({}, lifetime({})), 1u);
  EXPECT_EQ(second.store->lease(second.loop.wall() + 48h, 1).at(0).lifetime, std::nullopt);
}

TEST(Operations, WhatWasSentElsewhereOrIsTooOldDoesNotWaitForTheSiteOfItsDomain) {
  Instance instance;
  for (const char* to : {"a@example.net", "b@example.net", "c@example.net"})
    instance.send("x", {to});
  instance.store->pause("example.net");
  EXPECT_TRUE(instance.lease().empty());
  EXPECT_EQ(instance.apply({.recipient = "a@example.net"}, reroute("other.example")), 1u);
  EXPECT_EQ(instance.lease().at(0).next_hop, "other.example");
  instance.loop.run_for(2h);
  EXPECT_EQ(instance.apply({.recipient = "b@example.net"}, lifetime(1h)), 1u);
  EXPECT_EQ(instance.lease().at(0).lifetime, Duration(1h));
  EXPECT_TRUE(instance.lease().empty()) << "the other one waits";
}

TEST(Operations, WhatComesBackUntriedWaitsAsLongAsItIsToldUnlessSomebodyFlushesIt) {
  Instance instance;
  const auto sent = instance.send("x");
  instance.apply({}, reroute("other.example"));
  EXPECT_EQ(instance.lease().size(), 1u);
  instance.store->release(sent.id, {0}, instance.loop.wall() + 1h);
  EXPECT_TRUE(instance.lease().empty());
  EXPECT_EQ(instance.list().messages.at(0).state, QueueState::deferred);
  instance.loop.run_for(1h + 1s);
  EXPECT_EQ(instance.lease().size(), 1u);
  instance.store->release(sent.id, {0}, instance.loop.wall() + 1h);
  EXPECT_EQ(instance.apply({}, Operation::flush), 1u);
  EXPECT_EQ(instance.lease().size(), 1u);
}

TEST(Operations, WhatWasPutOffForOneNextHopIsDueAtOnceForAnother) {
  Instance instance;
  const auto sent = instance.send("x");
  instance.apply({}, reroute("dead.example"));
  EXPECT_EQ(instance.lease().size(), 1u);
  instance.store->release(sent.id, {0}, instance.loop.wall() + 1h);
  EXPECT_TRUE(instance.lease().empty());
  instance.apply({}, reroute("other.example"));
  EXPECT_EQ(instance.lease().at(0).next_hop, "other.example");
}

TEST(Operations, AFlushSaysWhoseMailItMakesDue) {
  Instance instance;
  using Told = std::vector<std::pair<std::string, std::string>>;
  Told told;
  instance.store->on_flush([&](const std::string& domain, const std::string& next_hop) {
    told.emplace_back(domain, next_hop);
  });
  const auto first = instance.send("x", {"a@example.net", "b@example.com", "c@example.net"});
  const auto second = instance.send("y", {"d@example.net", "e@example.edu"});
  instance.apply({.id = to_string(second.id)}, reroute("other.example"));
  EXPECT_EQ(instance.apply({.domain = "example.org"}, Operation::flush), 0u);
  EXPECT_EQ(told, Told{});
  EXPECT_EQ(instance.apply({}, Operation::flush), 2u);
  EXPECT_EQ(told, (Told{{"example.net", ""}, {"example.com", ""}, {"", "other.example"}}));
  told.clear();
  EXPECT_EQ(instance.apply({.id = to_string(first.id)}, Operation::flush), 1u);
  EXPECT_EQ(told, (Told{{"example.net", ""}, {"example.com", ""}}));
}

TEST(Operations, SayingOneThingLeavesTheOthers) {
  Instance first;
  const auto sent = first.send("x");
  first.apply({}, reroute("other.example"));
  first.apply({}, lifetime(3h));
  first.apply({}, Operation::hold);
  first.apply({}, Operation::remove);
  Instance second(2, first.disk->files());
  second.apply({}, Operation::restore);
  EXPECT_EQ(second.list().messages.at(0).state, QueueState::held);
  second.apply({}, Operation::release);
  const auto lease = second.lease().at(0);
  EXPECT_EQ(lease.id, sent.id);
  EXPECT_EQ(lease.next_hop, "other.example");
  EXPECT_EQ(lease.lifetime, Duration(3h));
}

TEST(Directions, CostSomethingOnlyForMessagesThatHaveOne) {
  Directions directions;
  const auto give = [&](std::uint64_t from, std::uint64_t to) {
    for (auto id = from; id <= to; ++id)
      directions.set({id}, {false, false, {}, "[192.0.2.1]:2525", {}});
  };
  give(1, 1);
  const auto with_one = directions.octets();  // and what holds the first next hop
  give(2, 101);
  EXPECT_EQ(directions.next_hop({7}), "[192.0.2.1]:2525");
  EXPECT_LE(directions.octets() - with_one, 100u * 60) << "the same next hop is kept once";
  for (std::uint64_t id = 1; id <= 101; ++id) directions.set({id}, {});
  EXPECT_TRUE(directions.empty());
  EXPECT_LT(directions.octets(), with_one);
}

TEST(Removals, AreGivenOutOnceWhenTheirTimeHasCome) {
  Removals removals;
  removals.add({3}, 10);
  removals.add({1}, 10);
  removals.add({2}, 20);
  removals.add({2}, 15);  // another time: the earlier one counts no more
  EXPECT_EQ(removals.next(), 10u);
  EXPECT_TRUE(removals.take(9, 10).empty());
  EXPECT_EQ(removals.take(10, 10), (std::vector<MessageId>{{1}, {3}}));
  EXPECT_TRUE(removals.take(10, 10).empty());
  removals.again({3});
  removals.again({3});
  EXPECT_EQ(removals.take(15, 10), (std::vector<MessageId>{{2}, {3}}));
  removals.cancel({1});
  removals.again({1});
  EXPECT_TRUE(removals.take(99, 10).empty());
  EXPECT_EQ(removals.at({2}), 15u);
}

}  // namespace
}  // namespace malleposte::spool
