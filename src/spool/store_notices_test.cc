// What the log store keeps of notices: that a message was warned of, which notices are gathered,
// and that several messages are settled together or not at all.
#include <gtest/gtest.h>

#include "spool/store_test_kit.h"

namespace malleposte::spool {
namespace {

Generated notice(Instance& instance, std::string content, std::optional<WallTime> until = {}) {
  Generated made;
  made.envelope.recipients.push_back({"sender", "example.org"});
  made.envelope.arrived = instance.loop.wall();
  made.content = std::move(content);
  made.gathered_until = until;
  return made;
}

std::vector<Lease> due(Instance& instance) {
  return instance.store->lease(instance.loop.wall(), SIZE_MAX);
}

// A message that failed, with its notice gathered until then.
void fail_gathered(Instance& instance, const std::string& content, WallTime until) {
  instance.send("x");
  auto settlement = Instance::settlement(due(instance).at(0), mail::Fate::bounced);
  settlement.generated.push_back(notice(instance, content, until));
  ASSERT_TRUE(instance.run(instance.store->settle(settlement)));
}

void warn(Instance& instance, const Lease& lease) {
  auto settlement = Instance::settlement(lease, mail::Fate::queued, instance.loop.wall() + 1h);
  settlement.generated.push_back(notice(instance, "late"));
  settlement.warned = true;
  ASSERT_TRUE(instance.run(instance.store->settle(settlement)));
}

TEST(StoreNotices, AFailureAndItsNoticeAreOneRecord) {
  Instance instance;
  instance.send("x");
  auto lease = instance.store->lease(instance.loop.wall(), 1).at(0);
  auto settlement = Instance::settlement(lease, mail::Fate::bounced);
  Generated notice;
  notice.envelope.recipients.push_back({"sender", "example.org"});
  notice.envelope.arrived = instance.loop.wall();
  notice.content = "could not be delivered";
  settlement.generated.push_back(notice);
  std::vector<std::uint64_t> told;
  instance.store->on_generated(
      [&](MessageId, const Generated& one) { told.push_back(one.content.size()); });
  auto before = instance.store->counters().syncs;
  ASSERT_TRUE(instance.run(instance.store->settle(settlement)));
  EXPECT_EQ(instance.store->counters().syncs, before + 1);
  EXPECT_EQ(told, std::vector<std::uint64_t>{notice.content.size()});
  auto page = instance.list();
  ASSERT_EQ(page.messages.size(), 1u);
  EXPECT_EQ(page.messages[0].sender, "");
  EXPECT_EQ(instance.content(page.messages[0].id), "could not be delivered");
  auto accounts = instance.store->accounts();
  EXPECT_EQ(accounts.generated, 1u);
  EXPECT_EQ(accounts.bounced, 1u);
  EXPECT_TRUE(instance.balanced());
}

TEST(StoreNotices, ABounceByTheOperatorReturnsTheMessage) {
  Instance instance;
  instance.store->bounce_with([](const Store::Bounced& bounced) {
    std::vector<Generated> notices;
    EXPECT_FALSE(bounced.generated);
    EXPECT_TRUE(bounced.all_of_it);
    if (bounced.envelope.reverse_path.null()) return notices;
    Generated notice;
    notice.envelope.recipients.push_back(bounced.envelope.reverse_path);
    notice.content =
        "returned " + std::to_string(bounced.failed.size()) + ": " + std::string(bounced.content);
    notices.push_back(notice);
    return notices;
  });
  instance.send("Subject: x\r\n", {"a@example.net", "b@example.net"});
  instance.send("from nobody", {"c@example.net"}, "");
  EXPECT_EQ(instance.apply({}, Operation::bounce), 2u);
  auto page = instance.list();
  ASSERT_EQ(page.messages.size(), 1u);
  EXPECT_EQ(instance.content(page.messages[0].id), "returned 2: Subject: x\r\n");
  EXPECT_EQ(instance.store->accounts().bounced, 3u);
  EXPECT_TRUE(instance.balanced());
}

TEST(StoreNotices, ThatAMessageWasWarnedOfIsKnownAtOnceAndAfterARestart) {
  Instance first;
  auto sent = first.send("x");
  auto lease = due(first).at(0);
  EXPECT_FALSE(lease.warned || lease.generated || lease.gathered);
  auto before = first.store->counters().syncs;
  warn(first, lease);
  EXPECT_EQ(first.store->counters().syncs, before + 1) << "warning and flag are one record";
  auto late = due(first).at(0);
  EXPECT_NE(late.id, sent.id);
  EXPECT_TRUE(late.generated);
  first.store->release(late.id);
  // The operator's hand on it changes nothing of that.
  first.apply({.id = to_string(sent.id)}, Operation::hold);
  first.apply({.id = to_string(sent.id)}, Operation::release);
  Instance second(2, first.disk->files());
  second.apply({.id = to_string(sent.id)}, Operation::flush);
  for (const auto& one : due(second)) EXPECT_EQ(one.warned, one.id == sent.id);
  EXPECT_TRUE(second.balanced());
}

TEST(StoreNotices, TheCleanerKeepsThatAMessageWasWarnedOfAndWhatIsGathered) {
  Instance instance;
  auto sent = instance.send("stays");
  warn(instance, due(instance).at(0));
  instance.settle_all(mail::Fate::delivered);  // the warning
  const auto until = instance.loop.wall() + 10h;
  fail_gathered(instance, "gathered", until);
  for (int i = 0; i < 400; ++i) {
    instance.send(std::string(1500, 'x'));
    for (const auto& lease : due(instance)) {
      auto done =
          instance.run(instance.store->settle(Instance::settlement(lease, mail::Fate::delivered)));
      ASSERT_TRUE(done);
    }
  }
  instance.loop.run_for(20s);
  EXPECT_GT(instance.store->counters().cleaned_segments, 0u);
  Instance second(2, instance.disk->files());
  second.loop.run_for(1s);
  ASSERT_EQ(second.list().total, 2u);
  EXPECT_EQ(second.list({.state = QueueState::scheduled}).total, 1u);
  second.apply({}, Operation::flush);
  auto leases = due(second);
  ASSERT_EQ(leases.size(), 2u);
  EXPECT_EQ(leases[0].id, sent.id);
  EXPECT_TRUE(leases[0].warned);
  EXPECT_FALSE(leases[0].gathered);
  EXPECT_TRUE(leases[1].gathered);
  EXPECT_TRUE(second.balanced());
}

TEST(StoreNotices, AGatheredNoticeIsScheduledForItsTimeAlsoAfterARestart) {
  Instance first;
  const auto until = first.loop.wall() + 1h;
  fail_gathered(first, "gathered", until);
  DiskImage image = first.disk->files();
  auto page = first.list();
  ASSERT_EQ(page.messages.size(), 1u);
  EXPECT_EQ(page.messages[0].state, QueueState::scheduled);
  EXPECT_EQ(page.messages[0].reason, "gathered with others into one report");
  EXPECT_GE(*page.messages[0].next_attempt, until);
  EXPECT_TRUE(due(first).empty());
  Instance second(2, image);
  EXPECT_EQ(second.list().messages.at(0).state, QueueState::scheduled);
  EXPECT_TRUE(due(second).empty());
  second.apply({}, Operation::hold);
  EXPECT_EQ(second.list().messages.at(0).state, QueueState::held);
  second.apply({}, Operation::release);
  EXPECT_EQ(second.list().messages.at(0).state, QueueState::scheduled);
  auto leases = second.store->lease(until + 1s, SIZE_MAX);
  ASSERT_EQ(leases.size(), 1u);
  EXPECT_TRUE(leases[0].gathered);
}

TEST(StoreNotices, AReportReplacesWhatWasGatheredInOneRecord) {
  Instance first;
  const auto until = first.loop.wall() + 1s;
  for (int i = 0; i < 5; ++i) fail_gathered(first, "gathered " + std::to_string(i), until);
  first.loop.run_for(2s);
  std::vector<Settlement> together;
  for (const auto& lease : due(first))
    together.push_back(Instance::settlement(lease, mail::Fate::replaced));
  ASSERT_EQ(together.size(), 5u);
  together[0].generated.push_back(notice(first, "the report"));
  auto before = first.store->counters().syncs;
  ASSERT_TRUE(first.run(first.store->settle_together(together)));
  EXPECT_EQ(first.store->counters().syncs, before + 1);
  Instance second(2, first.disk->files());
  for (auto* instance : {&first, &second}) {
    auto page = instance->list();
    ASSERT_EQ(page.messages.size(), 1u);
    EXPECT_EQ(instance->content(page.messages[0].id), "the report");
    auto accounts = instance->store->accounts();
    EXPECT_EQ(accounts.replaced, 5u);
    EXPECT_EQ(accounts.generated, 6u);
    EXPECT_TRUE(instance->balanced());
  }
}

TEST(StoreNotices, WhatCannotBeSettledTogetherIsNotSettledAtAll) {
  Instance instance;
  instance.send("a");
  instance.send("b");
  std::vector<Settlement> together;
  for (const auto& lease : due(instance))
    together.push_back(Instance::settlement(lease, mail::Fate::replaced));
  together[1].generated.push_back(notice(instance, "the report"));
  instance.disk->fault = [](const DiskOperation& operation) -> Result<void> {
    if (operation.kind == DiskOperation::Kind::sync) return fail(Fault::disk, "Input/output error");
    return {};
  };
  EXPECT_FALSE(instance.run(instance.store->settle_together(together)));
  EXPECT_EQ(instance.list().total, 2u);
  instance.disk->fault = nullptr;
  instance.loop.run_for(10s);
  EXPECT_TRUE(instance.run(instance.store->settle_together(together)));
  EXPECT_EQ(instance.list().total, 1u);
  EXPECT_TRUE(instance.balanced());
}

TEST(StoreNotices, ADeletionDuringAReportWaitsForIt) {
  Instance instance;
  fail_gathered(instance, "gathered", instance.loop.wall());
  auto lease = due(instance).at(0);
  EXPECT_EQ(instance.apply({}, remove_at_once()), 1u);
  EXPECT_FALSE(instance.store->wanted(lease.id));
  instance.store->release(lease.id, {0}, {});
  instance.loop.run_for(1s);
  EXPECT_EQ(instance.list().total, 0u);
  EXPECT_EQ(instance.store->accounts().deleted, 1u);
  EXPECT_TRUE(instance.balanced());
}

TEST(StoreNotices, WaitingAreThoseThatAreStillQueuedWithTheirLastAnswer) {
  Instance instance;
  auto sent = instance.send("x", {"a@example.net", "b@example.net", "c@example.net"});
  auto settlement =
      Instance::settlement(due(instance).at(0), mail::Fate::queued, instance.loop.wall() + 1h);
  settlement.outcomes[1].fate = mail::Fate::delivered;
  settlement.outcomes.pop_back();
  ASSERT_TRUE(instance.run(instance.store->settle(settlement)));
  auto waiting = instance.store->waiting(sent.id);
  ASSERT_EQ(waiting.size(), 2u);
  EXPECT_EQ(waiting[0].index, 0u);
  EXPECT_EQ(waiting[0].reply, "mx.example.net[192.0.2.1:25] said: 450 4.2.0 Later");
  EXPECT_EQ(waiting[1].index, 2u);
  EXPECT_EQ(waiting[1].reply, "");
  EXPECT_TRUE(instance.store->waiting({12345}).empty());
}

// Room for a delivery: with whole messages to return, more is kept, once a message.
TEST(StoreNotices, TheReserveKnowsWhatNoticesMayReturn) {
  auto reservations = [](std::size_t returned) {
    SimulatedLoop loop(1);
    auto made = std::make_unique<SimulatedDisk>(DiskImage{});
    made->capacity = (4 << 20) + 4096;  // no more than the segments that are made at the start
    LogStoreOptions options;
    options.segment_octets = 1 << 20;
    options.returned_octets = returned;
    auto opened = LogStore::open(loop, std::move(made), std::move(options));
    EXPECT_TRUE(opened);
    auto& store = **opened;
    std::uint64_t count = 0;
    while (count < 10'000 && store.reserve({count + 1}, 1)) ++count;
    bool drained = false;
    spawn([](LogStore& over, bool& done) -> Task<void> {
      co_await over.drain();
      done = true;
    }(store, drained));
    for (int i = 0; i < 10'000 && !drained; ++i) loop.run_for(5ms);
    loop.run_for(2s);
    return count;
  };
  const auto plain = reservations(0);
  const auto returning = reservations(32 * 1024);
  EXPECT_GT(returning, 10u);
  EXPECT_LT(returning, plain / 2);
}

}  // namespace
}  // namespace malleposte::spool
