// What every store promises, on the log store: coming in, going out, looking and operating.
#include "spool/log_store.h"

#include <gtest/gtest.h>

#include <set>

#include "spool/store_test_kit.h"

namespace malleposte::spool {
namespace {

TEST(LogStore, KeepsWhatItAcknowledgedAcrossARestart) {
  Instance first;
  auto small = first.send("Subject: hello\r\n\r\nhello\r\n", {"a@example.net", "b@example.com"});
  auto big = first.send(large(20'000));
  ASSERT_EQ(small.status, CommitStatus::durable);
  ASSERT_EQ(big.status, CommitStatus::durable);

  Instance second(2, first.disk->files());
  EXPECT_EQ(second.content(small.id), "Subject: hello\r\n\r\nhello\r\n");
  EXPECT_EQ(second.content(big.id), large(20'000));
  EXPECT_EQ(second.store->accounts().accepted, 3u);
  EXPECT_EQ(second.store->accounts().queued, 3u);
  EXPECT_EQ(second.store->lease(second.loop.wall(), 10).size(), 2u);
}

// A record larger than what recovery reads at once, of a length that is no multiple of 8.
TEST(LogStore, RecordsOfEveryLengthAreFoundAgain) {
  SimulatedLoop loop(1);
  DiskImage image;
  std::vector<std::pair<MessageId, std::size_t>> kept;
  auto options = [] {
    LogStoreOptions large_segments;
    large_segments.segment_octets = 4 << 20;
    large_segments.inline_most = 1 << 20;
    return large_segments;
  };
  auto first_disk = std::make_unique<SimulatedDisk>();
  auto* disk = first_disk.get();
  auto store = *LogStore::open(loop, std::move(first_disk), options());
  auto send = [&](std::size_t octets) -> Task<void> {
    mail::Envelope envelope;
    envelope.recipients.push_back({"a", "example.net"});
    auto incoming = *store->begin(envelope, octets);
    (void)co_await incoming->append(std::string(octets, 'x'));
    auto result = co_await incoming->commit();
    if (result.status == CommitStatus::durable) kept.emplace_back(result.id, octets);
  };
  for (std::size_t octets : {300'001, 300'002, 300'003, 300'004, 300'005, 300'006, 300'007}) {
    spawn(send(octets));
    loop.run_for(1s);
  }
  ASSERT_EQ(kept.size(), 7u);
  image = disk->files();
  auto again = LogStore::open(loop, std::make_unique<SimulatedDisk>(image), options());
  ASSERT_TRUE(again);
  EXPECT_EQ((*again)->counters().messages, 7u);
  loop.run_for(10s);
}

TEST(LogStore, WhatIsNotInTheDisksCacheIsRememberedForItsDelivery) {
  Instance instance(1, {}, [](SimulatedDisk& disk) { disk.cached = false; });
  const auto small = instance.send("small\r\n");
  const auto chunked = instance.send(large(20'000));
  instance.disk->read_fault = [](const std::string&) -> Result<void> {
    return fail(Fault::disk, "it was read");
  };
  EXPECT_EQ(instance.content(small.id), "small\r\n");
  EXPECT_EQ(instance.content(chunked.id), "error: it was read");
  instance.disk->read_fault = nullptr;
  EXPECT_EQ(instance.content(chunked.id), large(20'000));
  Instance restarted(2, instance.disk->files());
  EXPECT_EQ(restarted.content(small.id), "small\r\n");
}

// clause: 4865-4.2-e 4865-4.2-f
TEST(LogStore, AMessageIsNotDueBeforeItsRelease) {
  Instance instance;
  const auto send = [](Instance& to, WallTime until) -> Task<CommitResult> {
    mail::Envelope envelope;
    envelope.arrived = to.loop.wall();
    envelope.requests.held_until = until;
    envelope.recipients.push_back({"a", "example.net"});
    auto incoming = *to.store->begin(envelope, 3);
    (void)co_await incoming->append("x\r\n");
    co_return co_await incoming->commit();
  };
  const auto release = instance.loop.wall() + 48h;
  instance.run(send(instance, release));
  EXPECT_TRUE(instance.store->lease(release - 1s, SIZE_MAX).empty());
  EXPECT_EQ(instance.list().messages.at(0).state, QueueState::scheduled);
  Instance again(2, instance.disk->files());
  EXPECT_TRUE(again.store->lease(release - 1s, SIZE_MAX).empty());
  EXPECT_EQ(again.list({.state = QueueState::scheduled}).total, 1u);
  EXPECT_LE(*again.store->next_due(), release + 1s);
  EXPECT_EQ(again.store->lease(release + 1s, SIZE_MAX).size(), 1u);
  // The operator may send it off before.
  instance.apply({}, Operation::flush);
  EXPECT_EQ(instance.store->lease(instance.loop.wall(), SIZE_MAX).size(), 1u);
}

TEST(LogStore, ForgetsAMessageThatWasNotCommitted) {
  Instance first;
  mail::Envelope envelope;
  envelope.recipients.push_back({"a", "example.net"});
  {
    auto incoming = first.store->begin(envelope, 0);
    ASSERT_TRUE(incoming);
    auto appended = [](Incoming& into, std::string text) -> Task<bool> {
      co_return (co_await into.append(text)).has_value();
    };
    EXPECT_TRUE(first.run(appended(**incoming, large(20'000))));
  }
  EXPECT_EQ(first.store->counters().messages, 0u);
  Instance second(2, first.disk->files());
  EXPECT_EQ(second.store->counters().messages, 0u);
  EXPECT_TRUE(second.reports.empty());
}

TEST(LogStore, ACommitTakesOneSyncAndManyAtOnceShareIt) {
  Instance instance;
  auto before = instance.store->counters().syncs;
  instance.send("one");
  EXPECT_EQ(instance.store->counters().syncs, before + 1);

  before = instance.store->counters().syncs;
  int done = 0;
  for (int i = 0; i < 64; ++i)
    spawn([](Instance& with, int& count) -> Task<void> {
      auto result = co_await with.send_task("many", {"a@example.net"}, "s@example.org");
      count += result.status == CommitStatus::durable;
    }(instance, done));
  instance.loop.run_for(1s);
  EXPECT_EQ(done, 64);
  EXPECT_LE(instance.store->counters().syncs - before, 6u);  // 0.1 a message
}

TEST(LogStore, ALeasedMessageIsNotLeasedAgainUntilItIsSettled) {
  Instance instance;
  auto sent = instance.send("x", {"a@example.net", "b@example.com"});
  auto leases = instance.store->lease(instance.loop.wall(), 10);
  ASSERT_EQ(leases.size(), 1u);
  EXPECT_EQ(leases[0].recipients.size(), 2u);
  EXPECT_EQ(leases[0].recipients[1].domain, "example.com");
  EXPECT_TRUE(instance.store->lease(instance.loop.wall(), 10).empty());
  instance.store->release(sent.id);
  EXPECT_EQ(instance.store->lease(instance.loop.wall(), 10).size(), 1u);
}

TEST(LogStore, ADeferredRecipientComesBackWhenItIsDueAndTheDeliveredOneDoesNot) {
  Instance instance;
  instance.send("x", {"a@example.net", "b@example.com"});
  auto lease = instance.store->lease(instance.loop.wall(), 1).at(0);
  auto settlement = Instance::settlement(lease, mail::Fate::delivered);
  auto next = instance.loop.wall() + 300s;
  settlement.outcomes[1].fate = mail::Fate::queued;
  settlement.outcomes[1].next_attempt = next;
  ASSERT_TRUE(instance.run(instance.store->settle(settlement)));
  EXPECT_TRUE(instance.store->lease(instance.loop.wall(), 1).empty());
  ASSERT_TRUE(instance.store->next_due());
  EXPECT_GE(*instance.store->next_due(), next);
  instance.loop.run_for(301s);
  auto again = instance.store->lease(instance.loop.wall(), 1);
  ASSERT_EQ(again.size(), 1u);
  ASSERT_EQ(again[0].recipients.size(), 1u);
  EXPECT_EQ(again[0].recipients[0].index, 1u);
  EXPECT_EQ(again[0].recipients[0].attempts, 1u);
  EXPECT_TRUE(instance.balanced());
}

TEST(LogStore, AHoldIsInForceAndDurableWhenItIsAnswered) {
  Instance first;
  auto sent = first.send("x");
  first.send("y", {"b@example.com"});
  EXPECT_EQ(first.apply({.domain = "EXAMPLE.net"}, Operation::hold), 1u);
  EXPECT_EQ(first.store->lease(first.loop.wall(), 10).size(), 1u);

  Instance second(2, first.disk->files());
  auto held = second.list({.state = QueueState::held});
  ASSERT_EQ(held.messages.size(), 1u);
  EXPECT_EQ(held.messages[0].id, sent.id);
  EXPECT_EQ(second.apply({.id = to_string(sent.id)}, Operation::release), 1u);
  EXPECT_EQ(second.store->lease(second.loop.wall(), 10).size(), 2u);
  Instance third(3, second.disk->files());
  EXPECT_TRUE(third.list({.state = QueueState::held}).messages.empty());
}

TEST(LogStore, AHeldMessageIsNotWantedAndComesBackWhenReleased) {
  Instance instance;
  auto sent = instance.send("x", {"a@example.net", "b@example.net"});
  auto lease = instance.store->lease(instance.loop.wall(), 1).at(0);
  EXPECT_TRUE(instance.store->wanted(sent.id));
  EXPECT_EQ(instance.apply({}, Operation::hold), 1u);
  EXPECT_FALSE(instance.store->wanted(sent.id));
  instance.store->release(sent.id, {0}, {});
  instance.store->release(sent.id, {1}, {});
  EXPECT_TRUE(instance.store->lease(instance.loop.wall(), 1).empty());
  EXPECT_EQ(instance.apply({}, Operation::release), 1u);
  EXPECT_EQ(instance.store->lease(instance.loop.wall(), 1).size(), 1u);
}

TEST(LogStore, AMessageMayComeInHeld) {
  Instance instance;
  mail::Envelope envelope;
  envelope.recipients.push_back({"postmaster", "example.org"});
  envelope.held = true;
  auto incoming = instance.store->begin(envelope, 0);
  ASSERT_TRUE(incoming);
  EXPECT_EQ(instance.run((*incoming)->commit()).status, CommitStatus::durable);
  EXPECT_TRUE(instance.store->lease(instance.loop.wall(), 1).empty());
  EXPECT_EQ(instance.list().messages.at(0).state, QueueState::held);
  Instance second(2, instance.disk->files());
  EXPECT_EQ(second.list().messages.at(0).state, QueueState::held);
}

TEST(LogStore, APausedDomainIsLeasedAgainWhenItIsResumedAndRings) {
  Instance instance;
  instance.send("x", {"a@slow.example"});
  instance.send("y", {"b@quick.example"});
  instance.store->pause("slow.example");
  EXPECT_EQ(instance.store->lease(instance.loop.wall(), 10).size(), 1u);
  EXPECT_FALSE(instance.store->next_due());
  int rings = 0;
  instance.store->on_due([&] { ++rings; });
  instance.loop.run_for(1ms);
  const int before = rings;
  instance.store->resume("slow.example");
  instance.loop.run_for(1ms);
  EXPECT_EQ(rings, before + 1);
  auto leases = instance.store->lease(instance.loop.wall(), 10);
  ASSERT_EQ(leases.size(), 1u);
  EXPECT_EQ(leases[0].recipients[0].domain, "slow.example");
}

TEST(LogStore, ALeaseTellsSenderPriorityAndDeadlineAlsoAfterARestart) {
  Instance first;
  const auto deadline = first.loop.wall() + 600s;
  const auto send = [&](Instance& to, const char* sender, int priority) -> Task<CommitResult> {
    mail::Envelope envelope;
    envelope.arrived = to.loop.wall();
    envelope.reverse_path = *mail::parse_address(sender);
    envelope.requests.priority = priority;
    if (priority) envelope.requests.deliver_by = mail::DeliverBy{deadline, true, false};
    envelope.recipients.push_back({"a", "example.net"});
    auto incoming = *to.store->begin(envelope, 3);
    (void)co_await incoming->append("x\r\n");
    co_return co_await incoming->commit();
  };
  first.run(send(first, "joe@example.org", 4));
  first.run(send(first, "Joe@Example.org", 0));
  first.run(send(first, "ann@example.org", -2));
  Instance second(2, first.disk->files());
  for (auto* instance : {&first, &second}) {
    auto leases = instance->store->lease(instance->loop.wall(), 10);
    ASSERT_EQ(leases.size(), 3u);
    EXPECT_EQ(leases[0].priority, 4);
    EXPECT_EQ(leases[1].priority, 0);
    EXPECT_EQ(leases[2].priority, -2);
    ASSERT_TRUE(leases[0].deliver_by);
    EXPECT_EQ(leases[0].deliver_by->deadline, deadline);
    EXPECT_FALSE(leases[1].deliver_by);
    EXPECT_EQ(leases[0].sender, leases[1].sender);
    EXPECT_NE(leases[0].sender, leases[2].sender);
  }
}

TEST(LogStore, WhatItsSenderWantsBackByNowIsLeasedThoughItsDomainIsPaused) {
  Instance first;
  mail::Envelope envelope;
  envelope.arrived = first.loop.wall();
  envelope.reverse_path = *mail::parse_address("joe@example.org");
  envelope.requests.deliver_by = mail::DeliverBy{first.loop.wall() + 600s, true, false};
  envelope.recipients.push_back({"a", "slow.example"});
  first.run([](Instance& to, mail::Envelope all) -> Task<CommitResult> {
    auto incoming = *to.store->begin(std::move(all), 3);
    (void)co_await incoming->append("x\r\n");
    co_return co_await incoming->commit();
  }(first, envelope));
  Instance second(2, first.disk->files());
  for (auto* instance : {&first, &second}) {
    instance->store->pause("slow.example");
    EXPECT_TRUE(instance->store->lease(instance->loop.wall(), 10).empty());
    const auto end = instance->store->next_due();
    ASSERT_TRUE(end);
    EXPECT_LT(*end - envelope.requests.deliver_by->deadline, 1s);
    EXPECT_EQ(instance->store->lease(*end + 100ms, 10).size(), 1u);
    EXPECT_FALSE(instance->store->next_due()) << "while it is in somebody's hand";
  }
}

TEST(LogStore, DestinationsShowWhatWaitsTheLargestFirst) {
  Instance instance;
  const auto began = instance.loop.wall();
  instance.send("1", {"a@large.example", "b@large.example", "c@small.example"});
  instance.loop.run_for(7min);
  instance.send("2", {"d@large.example", "e@middle.example"});
  instance.send("3", {"f@middle.example"});
  auto all = instance.run(instance.store->destinations(10));
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0].domain, "large.example");
  EXPECT_EQ(all[0].recipients, 3u);
  EXPECT_LT(all[0].oldest - began, 1s);
  EXPECT_EQ(all[0].by_age[0], 1u) << "younger than 5 minutes";
  EXPECT_EQ(all[0].by_age[1], 2u) << "5 to 10 minutes";
  EXPECT_EQ(all[1].domain, "middle.example");
  EXPECT_EQ(all[2].domain, "small.example");
  EXPECT_EQ(instance.run(instance.store->destinations(1)).size(), 1u);
  instance.settle_all(mail::Fate::delivered);
  EXPECT_TRUE(instance.run(instance.store->destinations(10)).empty());
}

TEST(LogStore, PagesOfAFilterContinueWhereTheLastOneEnded) {
  Instance instance;
  std::vector<MessageId> expected, listed;
  for (int i = 0; i < 40; ++i) {
    const bool wanted = i % 3 == 0;
    auto sent = instance.send("x", {wanted ? "a@wanted.example" : "a@other.example"});
    if (wanted) expected.push_back(sent.id);
  }
  for (Filter filter :
       {Filter{.domain = "wanted.example"}, Filter{.recipient = "a@wanted.example"}}) {
    listed.clear();
    std::string cursor;
    do {
      auto page = instance.list(filter, cursor, 4);
      EXPECT_EQ(page.total, expected.size());
      for (const auto& message : page.messages) listed.push_back(message.id);
      cursor = page.next;
    } while (!cursor.empty());
    EXPECT_EQ(listed, expected);
  }
  EXPECT_EQ(instance.list({.domain = "wanted.example"}, "", SIZE_MAX).messages.size(), 14u);
}

TEST(LogStore, ListsInOrderOfArrivalPageByPage) {
  Instance instance;
  std::vector<MessageId> sent;
  for (int i = 0; i < 25; ++i) sent.push_back(instance.send("x").id);
  std::vector<MessageId> listed;
  std::string cursor;
  do {
    auto page = instance.list({}, cursor, 10);
    EXPECT_EQ(page.total, 25u);
    for (const auto& message : page.messages) listed.push_back(message.id);
    cursor = page.next;
  } while (!cursor.empty());
  EXPECT_EQ(listed, sent);
}

TEST(LogStore, FiltersBySenderRecipientDomainStateAndAge) {
  Instance instance;
  instance.send("1", {"a@example.net"}, "one@example.org");
  instance.loop.run_for(100s);
  instance.send("2", {"b@example.com", "c@example.net"}, "two@example.org");
  instance.send("3", {"d@example.com"}, "");
  EXPECT_EQ(instance.list({.sender = "ONE@example.org"}).total, 1u);
  EXPECT_EQ(instance.list({.sender = "<>"}).total, 1u);
  EXPECT_EQ(instance.list({.sender = "@Example.org"}).total, 2u);
  EXPECT_EQ(instance.list({.recipient = "c@example.net"}).total, 1u);
  EXPECT_EQ(instance.list({.domain = "example.com"}).total, 2u);
  EXPECT_EQ(instance.list({.domain = "example.edu"}).total, 0u);
  EXPECT_EQ(instance.list({.older_than = Duration(50s)}).total, 1u);
  EXPECT_EQ(instance.list({.state = QueueState::active}).total, 3u);
  EXPECT_EQ(instance.run(instance.store->count({.domain = "example.com"})), 2u);
}

TEST(LogStore, AnInternationalDomainIsFoundInEitherForm) {
  Instance instance;
  instance.send("x", {"jörg@bücher.example"}, "a@XN--BCHER-KVA.example");
  instance.send("x", {"b@xn--bcher-kva.example", "c@else.example"});
  for (const char* domain : {"bücher.example", "Bücher.Example", "xn--bcher-kva.example"}) {
    const std::string name = domain;
    EXPECT_EQ(instance.list({.domain = name}).total, 2u) << name;
    EXPECT_EQ(instance.list({.sender = "a@" + name}).total, 1u) << name;
    EXPECT_EQ(instance.list({.recipient = "jörg@" + name}).total, 1u) << name;
    EXPECT_EQ(instance.list({.recipient = "B@" + name}).messages.size(), 1u) << name;
  }
  // What is asked for at the DNS, and by routes.
  for (const auto& lease : instance.store->lease(instance.loop.wall(), 10))
    EXPECT_EQ(lease.recipients.at(0).domain, "xn--bcher-kva.example");
  const auto found = instance.list({.recipient = "jörg@bücher.example"});
  ASSERT_EQ(found.messages.size(), 1u);
  EXPECT_EQ(found.messages[0].recipients.at(0).address, "jörg@bücher.example");
}

TEST(LogStore, SegmentsAreUsedAgainSoThatTheSpoolDoesNotGrow) {
  Instance instance;
  for (int i = 0; i < 400; ++i) {
    ASSERT_EQ(instance.send(large(1500)).status, CommitStatus::durable);
    instance.settle_all(mail::Fate::delivered);
  }
  instance.loop.run_for(10s);
  EXPECT_LE(instance.disk->files().size(), 9u);
  EXPECT_EQ(instance.store->counters().messages, 0u);
}

TEST(LogStore, OneOldMessageDoesNotKeepTheWholeLog) {
  Instance instance;
  auto old = instance.send("the old one", {"old@example.net"});
  auto later = instance.loop.wall() + 24h;
  instance.settle_all(mail::Fate::queued, later);
  for (int i = 0; i < 300; ++i) {
    instance.send(large(2000));
    instance.settle_all(mail::Fate::delivered);
  }
  instance.loop.run_for(10s);
  EXPECT_LE(instance.disk->files().size(), 10u);
  EXPECT_GT(instance.store->counters().cleaned_segments, 0u);
  EXPECT_EQ(instance.content(old.id), "the old one");
  Instance second(2, instance.disk->files());
  auto page = second.list();
  ASSERT_EQ(page.messages.size(), 1u);
  EXPECT_EQ(page.messages[0].attempts, 1u);
  EXPECT_EQ(page.messages[0].reason, "mx.example.net[192.0.2.1:25] said: 450 4.2.0 Later");
  EXPECT_TRUE(second.balanced());
}

TEST(LogStore, PastTheMemoryLimitNewMailIsRefused) {
  SimulatedLoop loop(1);
  auto options = small_options();
  options.memory_limit = 20'000;
  auto store = LogStore::open(loop, std::make_unique<SimulatedDisk>(), std::move(options));
  ASSERT_TRUE(store);
  EXPECT_TRUE((*store)->admits(100));
  auto fill = [](Store& into) -> Task<void> {
    for (int i = 0; i < 200; ++i) {
      mail::Envelope envelope;
      envelope.recipients.push_back({"a", "host" + std::to_string(i) + ".example.net"});
      auto incoming = into.begin(envelope, 0);
      if (!incoming) co_return;
      (void)co_await (*incoming)->commit();
    }
  };
  spawn(fill(**store));
  loop.run_for(10s);
  auto refused = (*store)->admits(100);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().fault, Fault::resource);
}

TEST(LogStore, AnIdIsNeverGivenOutTwice) {
  std::set<std::uint64_t> seen;
  DiskImage image;
  for (std::uint64_t round = 1; round <= 5; ++round) {
    Instance instance(7, image);  // same seed, same clock: the worst that can happen
    for (int i = 0; i < 50; ++i) EXPECT_TRUE(seen.insert(instance.send("x").id.value).second);
    image = instance.disk->files();
  }
}

// Found by the simulator: all that tells of the latest mail had been used again, and the clock was
// set back before the next start.
TEST(LogStore, AnIdIsNotGivenOutAgainWhenItsMailHasGoneAndTheClockIsSetBack) {
  Instance before(1);
  MessageId last{};
  before.loop.run_for(24h);
  for (int i = 0; i < 200; ++i) {
    last = before.send(std::string(1500, 'x')).id;
    before.settle_all(mail::Fate::delivered);
  }
  before.loop.run_for(10s);
  // Of the last mail nothing is left but that there is none.
  before.run(before.store->apply({}, Operation::flush));
  DiskImage image = before.disk->files();
  for (int restart = 2; restart < 5; ++restart) {
    Instance after(restart, image);
    after.loop.run_for(10s);
    if (restart == 4) EXPECT_GT(after.send("y").id, last);
    image = after.disk->files();
  }
}

}  // namespace
}  // namespace malleposte::spool
