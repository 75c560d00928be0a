// What a failing, full or damaged disk may do to the log store, and what it may not.
#include <gtest/gtest.h>

#include "spool/log_store.h"
#include "spool/store_test_kit.h"

namespace malleposte::spool {
namespace {

// The kernel reports a failed sync once and may have dropped the pages: whatever was answered with
// 250 must be found although nothing of the failed batch survives.
TEST(LogStoreDisk, AfterAFailedSyncTheBatchIsWrittenAgainElsewhere) {
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

TEST(LogStoreDisk, WhatCannotBeMadeDurableIsRefusedAndTheStoreGoesOn) {
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

TEST(LogStoreDisk, AnOutcomeThatCannotBeMadeDurableLeavesTheRecipientLeased) {
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

TEST(LogStoreDisk, AFullDiskRefusesNewMailAndGoesOnDelivering) {
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

TEST(LogStoreDisk, AFullDiskStartsAgain) {
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

TEST(LogStoreDisk, AVolumeThatCannotKeepAReserveIsReported) {
  Instance instance(1, {}, [](SimulatedDisk& disk) { disk.copies_on_write = true; });
  ASSERT_EQ(instance.reports.size(), 1u);
  EXPECT_NE(instance.reports[0].find("never overwrites"), std::string::npos);
}

TEST(LogStoreDisk, DamageIsSetAsideAndTheRestFlows) {
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
TEST(LogStoreDisk, DamageInTheLastSegmentIsNotTakenForItsEnd) {
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

TEST(LogStoreDisk, DamageFoundWhileReadingIsAnErrorAndNeverDelivered) {
  Instance instance;
  auto sent = instance.send("precious");
  for (auto& [name, content] : instance.disk->files()) {
    auto at = content.find("precious");
    if (at != std::string::npos) content[at] ^= 1;
  }
  EXPECT_EQ(instance.content(sent.id).substr(0, 6), "error:");
}

TEST(LogStoreDisk, PastTheMemoryLimitNewMailIsRefused) {
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

}  // namespace
}  // namespace malleposte::spool
