// What every store promises, on the log store: coming in, going out, looking and operating, and
// what a failing, full or damaged disk may do.
#include "spool/log_store.h"

#include <gtest/gtest.h>

#include <set>

#include "spool/store_test_kit.h"

namespace malleposte::spool {
namespace {

std::string large(std::size_t octets) {
  std::string text;
  for (std::size_t i = 0; text.size() < octets; ++i) text += "line " + std::to_string(i) + "\r\n";
  return text;
}

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

TEST(LogStore, AFailureAndItsNoticeAreOneRecord) {
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
      [&](MessageId, const mail::Envelope&, std::uint64_t size) { told.push_back(size); });
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
  instance.store->release(sent.id, {0});
  instance.store->release(sent.id, {1});
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

TEST(LogStore, ADeletionIsDurableWhenItIsAnsweredAndMakesNoNotice) {
  Instance first;
  first.send("x", {"a@example.net", "b@example.net"});
  first.send("y", {"c@example.com"});
  EXPECT_EQ(first.apply({.recipient = "B@example.net"}, Operation::remove), 1u);
  EXPECT_EQ(first.list().total, 1u);
  EXPECT_EQ(first.store->accounts().deleted, 2u);
  EXPECT_TRUE(first.balanced());
  Instance second(2, first.disk->files());
  EXPECT_EQ(second.list().total, 1u);
  EXPECT_TRUE(second.balanced());
}

TEST(LogStore, AMessageUnderDeliveryIsDeletedWhenTheDeliveryHasEnded) {
  Instance instance;
  auto sent = instance.send("x", {"a@example.net", "b@example.net"});
  auto lease = instance.store->lease(instance.loop.wall(), 1).at(0);
  EXPECT_EQ(instance.apply({.id = to_string(sent.id)}, Operation::remove), 1u);
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

TEST(LogStore, ABounceByTheOperatorReturnsTheMessage) {
  Instance instance;
  instance.store->bounce_with([](const mail::Envelope& envelope, MessageId, std::string_view header,
                                 const std::vector<mail::Outcome>& failed) {
    Generated notice;
    notice.envelope.recipients.push_back(envelope.reverse_path);
    notice.content = "returned " + std::to_string(failed.size()) + ": " + std::string(header);
    return std::optional(notice);
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
  EXPECT_EQ(instance.list({.recipient = "c@example.net"}).total, 1u);
  EXPECT_EQ(instance.list({.domain = "example.com"}).total, 2u);
  EXPECT_EQ(instance.list({.domain = "example.edu"}).total, 0u);
  EXPECT_EQ(instance.list({.older_than = Duration(50s)}).total, 1u);
  EXPECT_EQ(instance.list({.state = QueueState::active}).total, 3u);
  EXPECT_EQ(instance.run(instance.store->count({.domain = "example.com"})), 2u);
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

// --- Disks that fail -----------------------------------------------------------------------------

// The kernel reports a failed sync once and may have dropped the pages: whatever was answered with
// 250 must be found although nothing of the failed batch survives.
TEST(LogStore, AfterAFailedSyncTheBatchIsWrittenAgainElsewhere) {
  Instance first;
  auto before = first.send("before");
  DiskImage as_synced = first.disk->files();
  bool failed = false;
  std::string poisoned;
  first.disk->fault = [&](const DiskOperation& operation) -> Result<void> {
    if (operation.kind != DiskOperation::Kind::sync || failed) return {};
    failed = true;
    poisoned = operation.name;
    return fail(Fault::disk, "Input/output error");
  };
  auto sent = first.send("during");
  EXPECT_EQ(sent.status, CommitStatus::durable);
  EXPECT_EQ(first.store->counters().sync_failures, 1u);
  EXPECT_EQ(first.reports.size(), 1u);
  auto image = first.disk->files();
  image[poisoned] = as_synced[poisoned];  // what the sync should have kept is gone
  Instance second(2, image);
  EXPECT_EQ(second.content(before.id), "before");
  EXPECT_EQ(second.content(sent.id), "during");
  EXPECT_TRUE(second.reports.empty());
}

// Found by the simulator. What a failed batch left behind the end of its segment can often still be
// read. Where that end is stands in the next segment only, which was used again when all its mail
// had gone: then the batch counted once more, and mail that was delivered came back.
TEST(LogStore, WhatAFailedSyncLeftDoesNotComeBackWhenTheNextSegmentIsUsedAgain) {
  for (const int failures : {1, 2}) {  // of the segment being written; of it and of a fresh one
    Instance first;
    // So large that the cleaner leaves it where it is, in the segment that fails.
    const auto stays = first.send(std::string(16'000, 's')).id;
    int left = failures;
    first.disk->fault = [&left](const DiskOperation& operation) -> Result<void> {
      if (operation.kind != DiskOperation::Kind::sync || left == 0) return {};
      --left;
      return fail(Fault::disk, "Input/output error");
    };
    EXPECT_EQ(first.send("delivered").status, CommitStatus::durable);
    first.disk->fault = nullptr;
    for (int i = 0; i < 150; ++i) {  // more than a few segments hold
      for (const auto& lease : first.store->lease(first.loop.wall(), SIZE_MAX)) {
        if (lease.id == stays) continue;
        EXPECT_TRUE(
            first.run(first.store->settle(Instance::settlement(lease, mail::Fate::delivered))));
      }
      first.send(std::string(1500, 'x'));
    }
    first.loop.run_for(1min);
    // Twice, since a start seals and frees, too.
    DiskImage image = first.disk->files();
    for (int restart = 0; restart < 2; ++restart) {
      Instance second(2, image);
      ASSERT_TRUE(second.store) << second.error;
      EXPECT_EQ(second.list().total, 2u) << failures << " failures";  // stays, and the last x
      EXPECT_TRUE(second.balanced());
      second.loop.run_for(1min);
      image = second.disk->files();
    }
  }
}

TEST(LogStore, WhatCannotBeMadeDurableIsRefusedAndTheStoreGoesOn) {
  Instance instance;
  instance.send("before");
  instance.disk->fault = [](const DiskOperation& operation) -> Result<void> {
    if (operation.kind == DiskOperation::Kind::sync) return fail(Fault::disk, "Input/output error");
    return {};
  };
  EXPECT_EQ(instance.send("during").status, CommitStatus::refused);
  instance.disk->fault = nullptr;
  instance.loop.run_for(10s);
  auto after = instance.send("after");
  EXPECT_EQ(after.status, CommitStatus::durable);
  EXPECT_EQ(instance.list().total, 2u);
  EXPECT_TRUE(instance.balanced());
  Instance second(2, instance.disk->files());
  EXPECT_EQ(second.content(after.id), "after");
}

TEST(LogStore, AnOutcomeThatCannotBeMadeDurableLeavesTheRecipientLeased) {
  Instance instance;
  instance.send("x");
  auto lease = instance.store->lease(instance.loop.wall(), 1).at(0);
  instance.disk->fault = [](const DiskOperation& operation) -> Result<void> {
    if (operation.kind == DiskOperation::Kind::sync) return fail(Fault::disk, "Input/output error");
    return {};
  };
  auto settlement = Instance::settlement(lease, mail::Fate::delivered);
  EXPECT_FALSE(instance.run(instance.store->settle(settlement)));
  instance.disk->fault = nullptr;
  instance.loop.run_for(10s);
  EXPECT_TRUE(instance.run(instance.store->settle(settlement)));
  EXPECT_EQ(instance.list().total, 0u);
  EXPECT_EQ(instance.store->accounts().delivered, 1u);
}

TEST(LogStore, AFullDiskRefusesNewMailAndGoesOnDelivering) {
  Instance instance(1, {}, [](SimulatedDisk& disk) { disk.capacity = 8 * 48 * 1024 + 4096; });
  ASSERT_TRUE(instance.store) << instance.error;
  std::vector<MessageId> kept;
  for (int i = 0; i < 2000; ++i) {
    auto sent = instance.send(large(1000), {"a@example.net"});
    if (sent.status != CommitStatus::durable) break;
    kept.push_back(sent.id);
  }
  ASSERT_GT(kept.size(), 50u);
  ASSERT_LT(kept.size(), 2000u);
  auto refused = instance.store->admits(2000);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().fault, Fault::disk);

  std::size_t delivered = 0;
  for (int round = 0; round < 2000 && delivered < kept.size(); ++round) {
    for (const auto& lease : instance.store->lease(instance.loop.wall(), 5)) {
      if (!instance.store->reserve(lease.id, lease.recipients.size())) {
        instance.store->release(lease.id);
        continue;
      }
      ASSERT_TRUE(
          instance.run(instance.store->settle(Instance::settlement(lease, mail::Fate::delivered))));
      ++delivered;
    }
    instance.loop.run_for(100ms);
  }
  EXPECT_EQ(delivered, kept.size());
  instance.loop.run_for(10s);
  EXPECT_EQ(instance.send("room again").status, CommitStatus::durable);
  EXPECT_TRUE(instance.balanced());
}

TEST(LogStore, AFullDiskStartsAgain) {
  auto small = [](SimulatedDisk& disk) { disk.capacity = 8 * 48 * 1024 + 4096; };
  auto first = std::make_unique<Instance>(1, DiskImage{}, small);
  std::size_t kept = 0;
  while (first->send(large(1000)).status == CommitStatus::durable) ++kept;
  for (std::uint64_t restart = 2; restart < 12; ++restart) {
    auto next = std::make_unique<Instance>(restart, first->disk->files(), small);
    ASSERT_TRUE(next->store) << "restart " << restart << ": " << next->error;
    EXPECT_EQ(next->list().total, kept);
    next->loop.run_for(5s);
    first = std::move(next);
  }
}

TEST(LogStore, AVolumeThatCannotKeepAReserveIsReported) {
  Instance instance(1, {}, [](SimulatedDisk& disk) { disk.copies_on_write = true; });
  ASSERT_EQ(instance.reports.size(), 1u);
  EXPECT_NE(instance.reports[0].find("never overwrites"), std::string::npos);
}

TEST(LogStore, DamageIsSetAsideAndTheRestFlows) {
  Instance first;
  std::vector<MessageId> sent;
  for (int i = 0; i < 5; ++i) sent.push_back(first.send("message " + std::to_string(i)).id);
  auto image = first.disk->files();
  Instance again(2, image);  // seals the segment
  image = again.disk->files();
  for (auto& [name, content] : image) {
    auto at = content.find("message 2");
    if (at != std::string::npos) content[at] ^= 1;
  }
  Instance second(3, image);
  ASSERT_TRUE(second.store);
  EXPECT_EQ(second.store->counters().damaged_records, 1u);
  ASSERT_EQ(second.reports.size(), 1u);
  EXPECT_EQ(second.disk->damaged.size(), 1u);
  EXPECT_EQ(second.list().total, 4u);
  EXPECT_EQ(second.content(sent[3]), "message 3");
}

// Without the windows of the records this would look like the end that a crash has torn, and what
// comes behind would be gone without a word.
TEST(LogStore, DamageInTheLastSegmentIsNotTakenForItsEnd) {
  for (int damaged = 0; damaged < 4; ++damaged) {
    Instance first;
    std::vector<MessageId> sent;
    for (int i = 0; i < 5; ++i) sent.push_back(first.send("message " + std::to_string(i)).id);
    auto image = first.disk->files();
    for (auto& [name, content] : image) {
      auto at = content.find("message " + std::to_string(damaged));
      if (at != std::string::npos) content[at] ^= 1;
    }
    Instance second(2, image);
    ASSERT_TRUE(second.store);
    EXPECT_EQ(second.store->counters().damaged_records, 1u) << damaged;
    EXPECT_EQ(second.list().total, 4u) << damaged;
    EXPECT_EQ(second.content(sent[4]), "message 4");
  }
}

TEST(LogStore, DamageFoundWhileReadingIsAnErrorAndNeverDelivered) {
  Instance instance;
  auto sent = instance.send("precious");
  for (auto& [name, content] : instance.disk->files()) {
    auto at = content.find("precious");
    if (at != std::string::npos) content[at] ^= 1;
  }
  EXPECT_EQ(instance.content(sent.id).substr(0, 6), "error:");
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
