// The store on disks that fail: writes and syncs that are refused, full volumes, damage.
#include <gtest/gtest.h>

#include "spool/store_test_kit.h"

namespace malleposte::spool {
namespace {

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
  ASSERT_EQ(second.reports.size(), 2u);
  EXPECT_EQ(second.reports[1],
            "1 recipients were in what is damaged: they are counted as discarded");
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

// One whose length was between the longest that is let in and the longest that is written made the
// writer open one segment after the other.
TEST(LogStore, AMailAboutAsLongAsASegmentIsKeptOrRefused) {
  auto options = small_options();
  options.inline_most = 64 * 1024;
  unsigned kept = 0, refused = 0;
  for (std::size_t octets = 43'000; octets < 45'000; octets += 100) {
    Instance instance(1, {}, nullptr, options);
    const auto sent = instance.send(std::string(octets, 'x'));
    ++(sent.status == CommitStatus::durable ? kept : refused);
    EXPECT_EQ(instance.send("and on it goes").status, CommitStatus::durable);
  }
  EXPECT_GT(kept, 0u);
  EXPECT_GT(refused, 0u);
}

}  // namespace
}  // namespace malleposte::spool
