// Standing orders as the store keeps them and carries them out.
#include <gtest/gtest.h>

#include <set>

#include "base/limits.h"
#include "spool/store_test_kit.h"

namespace malleposte::spool {
namespace {

using Kind = StandingOrder::Kind;

TEST(StoreOrders, NothingForASuspendedDomainIsLeasedUntilThatEnds) {
  Instance instance;
  instance.send("x", {"a@example.net", "b@example.com"});
  instance.send("y", {"c@sub.example.net"});
  const auto order = instance.give(Kind::suspend, "example.net");
  EXPECT_EQ(order, 1u);
  auto leases = instance.lease();
  ASSERT_EQ(leases.size(), 2u);
  std::set<std::string> domains;
  for (const auto& lease : leases)
    for (const auto& recipient : lease.recipients) domains.insert(recipient.domain);
  EXPECT_EQ(domains, (std::set<std::string>{"example.com", "sub.example.net"}));
  for (const auto& lease : leases)
    instance.run(instance.store->settle(Instance::settlement(lease, mail::Fate::delivered)));
  const auto sent = instance.send("new", {"d@example.net"}).id;
  EXPECT_TRUE(instance.lease().empty());
  EXPECT_EQ(instance.store->next_due(), std::nullopt);
  const auto waits = instance.list({.id = to_string(sent)}).messages.at(0);
  EXPECT_EQ(waits.reason, "suspended by order 1 (suspend example.net) of anna: a test");
  EXPECT_EQ(waits.next_attempt, std::nullopt);
  bool rung = false;
  instance.store->on_due([&] { rung = true; });
  instance.loop.run_for(1s);
  rung = false;
  EXPECT_TRUE(instance.cancel(order));
  instance.loop.run_for(1s);
  EXPECT_TRUE(rung);
  EXPECT_EQ(instance.lease().size(), 2u);
  EXPECT_FALSE(instance.cancel(order));
}

TEST(StoreOrders, WhatIsLeasedWhenAnOrderIsGivenIsNotWantedAnyMore) {
  for (const auto kind : {Kind::suspend, Kind::bounce}) {
    Instance instance;
    const auto meant = instance.send("x", {"a@example.net", "b@example.com"}).id;
    const auto other = instance.send("y", {"b@example.com"}).id;
    EXPECT_EQ(instance.lease().size(), 2u);
    instance.give(kind, "example.net");
    EXPECT_FALSE(instance.store->wanted(meant));
    EXPECT_TRUE(instance.store->wanted(other));
    instance.store->release(meant);
    const auto again = instance.lease();
    ASSERT_EQ(again.size(), 1u);
    EXPECT_TRUE(instance.store->wanted(meant));
    EXPECT_EQ(again[0].recipients.size(), kind == Kind::suspend ? 1u : 2u);
    if (kind == Kind::bounce) EXPECT_EQ(again[0].recipients[0].bounced_by, 1u);
    EXPECT_EQ(again[0].recipients.back().bounced_by, 0u);
  }
}

// Telling thousands of domains takes a while, in which others have their turn.
TEST(StoreOrders, AnOrderIsInForceBeforeEveryDomainFollowsIt) {
  Instance instance(1, {}, nullptr, roomy_options());
  for (int i = 0; i < 3; ++i) instance.send("x", to_many_domains(i));
  bool done = false;
  spawn([](Store& store, bool& ended) -> Task<void> {
    EXPECT_TRUE(co_await store.give({0, Kind::suspend, "*", "a test", "anna", {}, {}}));
    ended = true;
  }(*instance.store, done));
  EXPECT_EQ(instance.store->orders().size(), 1u);
  EXPECT_TRUE(instance.lease().empty());
  EXPECT_FALSE(done);
  instance.loop.run_for(1s);
  EXPECT_TRUE(done);
  EXPECT_EQ(instance.store->next_due(), std::nullopt);
  EXPECT_TRUE(instance.cancel(1));
  EXPECT_EQ(instance.lease().size(), 3u);
}

TEST(StoreOrders, AnOrderIsOutOfForceBeforeEveryDomainFollows) {
  Instance instance(1, {}, nullptr, roomy_options());
  for (int i = 0; i < 3; ++i) instance.send("x", to_many_domains(i));
  instance.give(Kind::bounce, "*", instance.loop.wall() + 1h);
  instance.loop.set_wall_by(2h);
  std::size_t given = 0;
  for (const auto& lease : instance.lease())
    for (const auto& recipient : lease.recipients) {
      ++given;
      EXPECT_EQ(recipient.bounced_by, 0u);
    }
  EXPECT_EQ(given, 3000u);
}

TEST(StoreOrders, AnOrderIsKeptOverRestartsAndWhateverBecomesOfItsSegment) {
  Instance first;
  const auto order = first.give(Kind::suspend, "example.net", first.loop.wall() + 1000h);
  first.give(Kind::bounce, "example.edu");
  EXPECT_TRUE(first.cancel(2));
  const auto kept = first.store->orders();
  ASSERT_EQ(kept.size(), 1u);
  EXPECT_EQ(kept[0].who, "anna");
  EXPECT_EQ(kept[0].given, first.loop.wall() - (first.loop.wall() - kept[0].given));
  for (int i = 0; i < 400; ++i) {
    ASSERT_EQ(first.send(large(1500), {"a@example.com"}).status, CommitStatus::durable);
    first.settle_all(mail::Fate::delivered);
  }
  first.loop.run_for(10s);
  auto image = first.disk->files();
  for (int restart = 2; restart < 5; ++restart) {
    Instance again(restart, image);
    EXPECT_EQ(again.store->orders(), kept);
    again.send("x");
    EXPECT_TRUE(again.lease().empty());
    again.loop.run_for(10s);
    image = again.disk->files();
  }
  Instance last(5, image);
  EXPECT_TRUE(last.cancel(order));
  EXPECT_EQ(last.lease().size(), 3u);
  EXPECT_EQ(Instance(6, last.disk->files()).store->orders().size(), 0u);
  EXPECT_EQ(Instance(7, last.disk->files()).give(Kind::hold, "<>"), 3u) << "2 was given before";
}

TEST(StoreOrders, AnOrderEndsByItselfAlsoAfterARestart) {
  Instance first;
  first.send("x");
  first.give(Kind::suspend, "*", first.loop.wall() + 1h);
  EXPECT_TRUE(first.lease().empty());
  EXPECT_EQ(first.list().messages.at(0).next_attempt, first.store->orders().at(0).until);
  const auto image = first.disk->files();
  bool rung = false;
  first.store->on_due([&] { rung = true; });
  first.loop.run_for(59min);
  rung = false;
  EXPECT_TRUE(first.lease().empty());
  first.loop.run_for(2min);
  EXPECT_TRUE(rung);
  EXPECT_EQ(first.lease().size(), 1u);
  EXPECT_TRUE(first.store->orders().empty());
  // The clock is set back: it is over all the same.
  EXPECT_TRUE(Instance(2, first.disk->files()).store->orders().empty());

  Instance second(2, image);
  EXPECT_EQ(second.store->orders().size(), 1u);
  second.loop.run_for(2h);
  EXPECT_EQ(second.lease().size(), 1u);
}

TEST(StoreOrders, RecipientsToBeBouncedAreGivenOutAsSuchAlsoThoseThatWait) {
  Instance instance;
  instance.send("x", {"a@example.net", "b@example.com"});
  instance.settle_all(mail::Fate::queued, instance.loop.wall() + 24h);
  EXPECT_TRUE(instance.lease().empty());
  const auto order = instance.give(Kind::bounce, ".net");
  auto leases = instance.lease();
  ASSERT_EQ(leases.size(), 1u);
  ASSERT_EQ(leases[0].recipients.size(), 1u) << "the other one waits on";
  EXPECT_EQ(leases[0].recipients[0].bounced_by, order);
  // Suspended it is not even bounced.
  instance.store->release(leases[0].id);
  instance.give(Kind::suspend, "example.net");
  EXPECT_TRUE(instance.lease().empty());
}

TEST(StoreOrders, MailOfAHeldSenderIsHeldWhatIsThereAndWhatComes) {
  Instance first;
  first.send("there", {"a@example.net"}, "joe@example.org");
  first.send("of another", {"a@example.net"}, "jim@example.org");
  const auto order = first.give(Kind::hold, "joe@example.org");
  first.send("later", {"a@example.net"}, "JOE@example.org");
  EXPECT_EQ(first.list({.state = QueueState::held}).total, 2u);
  EXPECT_EQ(first.list({.state = QueueState::held}).messages.at(0).reason,
            "held until it is released: held by order 1 (hold joe@example.org) of anna: a test");
  EXPECT_EQ(first.lease().size(), 1u);
  Instance second(2, first.disk->files());
  EXPECT_EQ(second.list({.state = QueueState::held}).total, 2u);
  EXPECT_EQ(second.lease().size(), 1u);
  // The end of the order releases nothing: somebody has to look at it.
  EXPECT_TRUE(second.cancel(order));
  EXPECT_EQ(second.list({.state = QueueState::held}).total, 2u);
  second.send("free", {"a@example.net"}, "joe@example.org");
  EXPECT_EQ(second.lease().size(), 1u);
}

TEST(StoreOrders, MailOfAHeldDomainOrOfNobodyIsHeld) {
  Instance instance;
  instance.send("1", {"a@example.net"}, "joe@example.org");
  instance.send("2", {"a@example.net"}, "jim@example.com");
  instance.send("3", {"a@example.net"}, "");
  instance.give(Kind::hold, "@example.org");
  EXPECT_EQ(instance.list({.state = QueueState::held}).total, 1u);
  instance.give(Kind::hold, "<>");
  EXPECT_EQ(instance.list({.state = QueueState::held}).total, 2u);
  const auto leases = instance.lease();
  ASSERT_EQ(leases.size(), 1u);
  auto settlement = Instance::settlement(leases[0], mail::Fate::bounced);
  settlement.generated.push_back({});
  settlement.generated.back().envelope.recipients.push_back({"jim", "example.com"});
  EXPECT_TRUE(instance.run(instance.store->settle(settlement)));
  EXPECT_EQ(instance.list({.state = QueueState::held}).total, 2u + 1u) << "also our own notices";
}

// Its record may stand before that of the order, and be durable only with it.
TEST(StoreOrders, MailThatIsJustBeingCommittedIsHeldToo) {
  Instance instance;
  unsigned held = 0;
  for (int turn = 0; turn < 20; ++turn) {
    std::optional<CommitResult> result;
    const auto send = [](Instance& on, std::optional<CommitResult>& into) -> Task<void> {
      into = co_await on.send_task("x", {"a@example.net"}, "joe@example.org");
    };
    spawn(send(instance, result));
    const auto order = instance.give(Kind::hold, "@example.org");
    instance.loop.run_for(1s);
    ASSERT_EQ(result->status, CommitStatus::durable);
    held += instance.list({.id = to_string(result->id)}).messages.at(0).state == QueueState::held;
    EXPECT_TRUE(instance.cancel(order));
  }
  EXPECT_EQ(held, 20u);
}

TEST(StoreOrders, AnOrderThatCannotBeKeptIsNotInForce) {
  Instance instance;
  instance.send("x");
  instance.disk->fault = [](const DiskOperation&) { return fail(Fault::disk, "no"); };
  EXPECT_FALSE(instance.run(instance.store->give({0, Kind::suspend, "*", "", "", {}, {}})));
  EXPECT_TRUE(instance.store->orders().empty());
  instance.disk->fault = nullptr;
  instance.loop.run_for(10s);
  EXPECT_EQ(instance.lease().size(), 1u);
  EXPECT_EQ(instance.give(Kind::suspend, "*"), 2u);
}

TEST(StoreOrders, PastTheirLimitsOneMoreIsRefused) {
  Instance instance;
  const std::string reason(limits::order_text_octets, 'x');
  std::uint64_t given = 0;
  Result<std::uint64_t> last = 0;
  for (int i = 0; i < 50 && last; ++i) {
    last = instance.run(instance.store->give(
        {0, Kind::suspend, "d" + std::to_string(i) + ".example", reason, "", {}, {}}));
    given += last.has_value();
  }
  EXPECT_GT(given, 5u);  // an eighth of a segment of 48 KB
  EXPECT_LT(given, 12u);
  ASSERT_FALSE(last);
  EXPECT_EQ(last.error().fault, Fault::resource);
  EXPECT_EQ(instance.store->orders().size(), given);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(instance.send(large(2500)).status, CommitStatus::durable);
  EXPECT_EQ(Instance(2, instance.disk->files()).store->orders().size(), given);
}

}  // namespace
}  // namespace malleposte::spool
