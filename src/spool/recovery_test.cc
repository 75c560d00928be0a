// What a start finds: with summaries of sealed segments, without them, and with damaged ones.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "spool/segment_header.h"
#include "spool/store_test_kit.h"
#include "spool/summary.h"

namespace malleposte::spool {
namespace {

std::vector<std::string> summaries_in(const DiskImage& image) {
  std::vector<std::string> names;
  for (const auto& [name, content] : image)
    if (name.starts_with(summary_prefix)) names.push_back(name);
  return names;
}

DiskImage without_summaries(DiskImage image) {
  std::erase_if(image, [](const auto& file) { return file.first.starts_with(summary_prefix); });
  return image;
}

// A queue of which some was delivered, some deferred, held, moved by the cleaner and in chunks,
// long enough after that to have summaries of all sealed segments.
DiskImage lived_in() {
  Instance instance(5);
  for (int i = 0; i < 160; ++i) {
    const auto number = std::to_string(i);
    instance.send(large(i % 9 == 0 ? 9000 : 1000 + 40u * static_cast<unsigned>(i)),
                  {"a" + number + "@example.net", "b" + number + "@d" + number + ".example"},
                  "sender" + number + "@example.org");
    if (i == 10) instance.apply({.sender = "sender3@example.org"}, Operation::hold);
    if (i % 20 == 0) continue;  // its neighbours are delivered, and it is moved
    for (const auto& lease : instance.store->lease(instance.loop.wall(), SIZE_MAX)) {
      auto settlement =
          Instance::settlement(lease, i % 6 == 3 ? mail::Fate::queued : mail::Fate::delivered,
                               instance.loop.wall() + 48h);
      if (i % 5 == 0) settlement.outcomes.resize(1);
      EXPECT_TRUE(instance.run(instance.store->settle(settlement)));
      instance.store->release(lease.id);
    }
  }
  instance.loop.run_for(10min);
  EXPECT_GT(instance.store->counters().cleaned_segments, 0u);
  EXPECT_GT(instance.store->counters().segments, 3u);
  return instance.disk->files();
}

// Changes an octet of this text on the disk, wherever it stands.
void damage(DiskImage& image, const std::string& text) {
  for (auto& [name, content] : image)
    for (auto at = content.find(text); name.starts_with("segment-") && at != std::string::npos;
         at = content.find(text, at + 1))
      content[at] = static_cast<char>(content[at] ^ 1);
}

// What a store says that begins with this.
std::string found(const DiskImage& image) {
  Instance instance(9, image);
  EXPECT_TRUE(instance.store) << instance.error;
  return instance.everything();
}

// Octets of segments that a start reads.
std::uint64_t segment_octets_read(const DiskImage& image) {
  std::uint64_t reads = 0;
  Instance instance(9, image, [&](SimulatedDisk& disk) {
    disk.read_fault = [&](const std::string& name) -> Result<void> {
      reads += name.starts_with("segment-");
      return {};
    };
  });
  EXPECT_TRUE(instance.store) << instance.error;
  return reads;
}

TEST(Recovery, FindsTheSameWithSummariesAndWithoutThem) {
  const auto image = lived_in();
  ASSERT_GT(summaries_in(image).size(), 2u);
  const auto with = found(image);
  EXPECT_GT(with.size(), 1000u);
  EXPECT_EQ(with, found(without_summaries(image)));
}

TEST(Recovery, DoesNotReadSegmentsThatHaveASummary) {
  const auto image = lived_in();
  EXPECT_LT(segment_octets_read(image), segment_octets_read(without_summaries(image)));
}

// Whatever happens to a summary: cut short anywhere, or an octet of it other than it was.
TEST(Recovery, BelievesADamagedSummaryAsFarAsItIsGood) {
  const auto image = lived_in();
  const auto expected = found(without_summaries(image));
  for (const auto& name : summaries_in(image)) {
    const auto octets = image.at(name).size();
    for (std::size_t at = 0; at < octets; at += octets / 7 + 1) {
      auto cut = image, changed = image;
      cut[name].resize(at);
      changed[name][at] = static_cast<char>(changed[name][at] ^ 0x20);
      EXPECT_EQ(found(cut), expected) << name << " cut at " << at;
      EXPECT_EQ(found(changed), expected) << name << " changed at " << at;
    }
  }
}

// Its name says nothing: the checksums cover the epoch.
TEST(Recovery, IgnoresASummaryOfAnotherEpoch) {
  auto image = lived_in();
  const auto expected = found(without_summaries(image));
  const auto names = summaries_in(image);
  for (std::size_t i = 1; i < names.size(); ++i) std::swap(image[names[i - 1]], image[names[i]]);
  EXPECT_EQ(found(image), expected);
}

TEST(Recovery, RemovesSummariesThatAreOfNoUse) {
  auto image = lived_in();
  const auto good = summaries_in(image);
  image["summary-000000"] = "of a segment that is used again";
  image[good.back()].resize(image[good.back()].size() / 2);
  Instance instance(9, image);
  const auto left = summaries_in(instance.disk->files());
  EXPECT_EQ(left, std::vector(good.begin(), good.end() - 1));
}

TEST(Recovery, ASummaryGoesWithItsSegment) {
  Instance instance(9, lived_in());
  instance.loop.run_for(49h);
  instance.apply({}, Operation::release);
  while (instance.settle_all(mail::Fate::delivered) > 0) instance.loop.run_for(1min);
  instance.loop.run_for(1h);
  EXPECT_EQ(instance.store->counters().messages, 0u);
  EXPECT_EQ(summaries_in(instance.disk->files()).size(), 0u);
}

// Mail that is delivered soon costs no summaries.
TEST(Recovery, NothingIsSummedUpWhileMailFlows) {
  Instance instance;
  for (int i = 0; i < 200; ++i) {
    instance.send(large(2000));
    instance.settle_all(mail::Fate::delivered);
    instance.loop.run_for(300ms);
  }
  for (const auto& operation : instance.disk->operations())
    EXPECT_FALSE(operation.name.starts_with(summary_prefix)) << operation.name;
}

// What the index knows and a damaged segment does not say any more: nothing of that is forgotten by
// emptying the segment.
TEST(Recovery, ASegmentThatIsDamagedLaterIsNotEmptied) {
  Instance instance;
  const auto id = instance.send("to two", {"a@example.net", "b@example.net"}).id;
  const auto half = [&] {
    auto settlement = Instance::settlement(instance.store->lease(instance.loop.wall(), 1).front(),
                                           mail::Fate::queued, instance.loop.wall() + 48h);
    settlement.outcomes[0].fate = mail::Fate::delivered;
    settlement.outcomes[0].answer.text = "the mark";
    return settlement;
  }();
  const auto fill = [&](int messages) {  // a segment, and a little of the next
    for (int i = 0; i < messages; ++i) instance.send(large(1900), {"c@example.net"});
  };
  fill(22);
  EXPECT_EQ(instance.apply({.recipient = "c@example.net"}, Operation::hold), 22u);
  EXPECT_TRUE(instance.run(instance.store->settle(half)));
  fill(30);
  instance.loop.run_for(5min);
  damage(instance.disk->files(), "the mark");
  instance.settle_all(mail::Fate::delivered);
  fill(30);  // with the next segment the cleaner looks for work
  instance.settle_all(mail::Fate::delivered);
  instance.loop.run_for(1h);
  EXPECT_GT(instance.reports.size(), 0u);
  Instance again(2, instance.disk->files());
  const auto message = again.list({.id = to_string(id)}).messages.at(0);
  EXPECT_EQ(message.recipients[0].state, "delivered");
  EXPECT_EQ(message.recipients[1].state, "deferred");
}

// --- Messages that come back from an export ------------------------------------------------------

Restored restored(MessageId id) {
  Restored message;
  message.id = id;
  message.envelope.reverse_path = *mail::parse_address("sender@example.org");
  message.envelope.recipients.push_back(*mail::parse_address("a@example.net"));
  message.envelope.held = true;
  message.warned = true;
  message.progress = {{4, {}}};
  return message;
}

Task<CommitResult> bring_back(LogStore& store, Restored message, std::string content) {
  auto incoming = store.restore(std::move(message), content.size());
  if (!incoming) co_return CommitResult{CommitStatus::refused, {}, incoming.error().text};
  (void)co_await (*incoming)->append(content);
  co_return co_await (*incoming)->commit();
}

TEST(Restoring, BringsAMessageBackAsItWas) {
  Instance instance;
  const MessageId id{123456};
  const auto content = large(9000);
  EXPECT_EQ(instance.run(bring_back(*instance.store, restored(id), content)).status,
            CommitStatus::durable);
  Instance again(2, instance.disk->files());
  EXPECT_EQ(again.content(id), content);
  const auto listed = again.list().messages.at(0);
  EXPECT_EQ(listed.id, id);
  EXPECT_EQ(listed.state, QueueState::held);
  EXPECT_EQ(listed.attempts, 4u);
  EXPECT_TRUE(listed.warned);
  EXPECT_TRUE(again.balanced());
}

TEST(Restoring, IsRefusedForWhatIsInTheQueueOrOnItsWay) {
  Instance instance;
  const auto id = instance.send("here").id;
  EXPECT_FALSE(instance.store->restore(restored(id), 1));
  auto first = instance.store->restore(restored({99}), 1);
  EXPECT_TRUE(first);
  EXPECT_FALSE(instance.store->restore(restored({99}), 1));
  first->reset();
  EXPECT_TRUE(instance.store->restore(restored({99}), 1));
}

// A message that has been delivered and comes back from an export, while what the log says of its
// earlier life stands in segments that are kept, and of its later one in others.
struct SecondLife : Instance {
  void fill(int messages, const std::string& recipient) {
    for (int i = 0; i < messages; ++i) send(large(1900), {recipient});
  }
  void fill_and_hold(int messages, const std::string& recipient) {
    fill(messages, recipient);
    apply({.recipient = recipient}, Operation::hold);
  }
  // So many that are gone at once, about a segment full. The cleaner looks for such segments when
  // the next one is begun.
  void pass(int messages) {
    fill(messages, "gone@example.net");
    settle_all(mail::Fate::delivered);
  }
  // The cleaner writes it again, as its next generation.
  void move() {
    apply({.id = to_string(id)}, Operation::hold);
    pass(30);
    pass(30);
    loop.run_for(1min);
    EXPECT_GT(store->counters().cleaned_segments, 0u);
  }
  // Its home is kept. Its outcome stands in a segment after that, in which nothing else counts.
  void end(int held) {
    apply({.id = to_string(id)}, Operation::hold);
    fill_and_hold(held, "first@example.net");
    apply({.id = to_string(id)}, Operation::release);
    EXPECT_EQ(settle_all(mail::Fate::delivered), 1u);
    pass(22);
    EXPECT_FALSE(store->contains(id));
  }
  // Its new home is kept, as is the segment into which the cleaner brings what is said of the old
  // one.
  void come_back() {
    EXPECT_EQ(run(bring_back(*store, restored(id), "again")).status, CommitStatus::durable);
    const auto before = store->counters().cleaned_segments;
    fill_and_hold(12, "second@example.net");
    fill_and_hold(23, "third@example.net");
    loop.run_for(1min);
    EXPECT_GT(store->counters().cleaned_segments, before);
  }
  // The next start finds it as it came back; and not at all when it has gone once more, with all
  // that its new home held.
  void expect_itself() {
    {
      Instance again(2, disk->files());
      EXPECT_EQ(again.content(id), "again");
      EXPECT_TRUE(again.balanced());
    }
    apply({.id = to_string(id)}, Operation::release);
    apply({.recipient = "second@example.net"}, Operation::release);
    EXPECT_EQ(settle_all(mail::Fate::delivered), 13u);
    loop.run_for(1min);
    Instance again(3, disk->files());
    EXPECT_FALSE(again.store->contains(id));
    EXPECT_TRUE(again.balanced());
  }

  MessageId id = send("to be delivered", {"a@example.net", "b@example.net"}).id;
};

// It has fewer recipients now: the outcomes of the others count for what it was all the same.
TEST(Restoring, HasNothingToDoWithWhatItWasBefore) {
  SecondLife message;
  message.end(23);
  message.come_back();
  message.expect_itself();
}

// The cleaner has made one word of its outcomes: that it is gone.
TEST(Restoring, LeavesWhatItWasBeforeGone) {
  SecondLife message;
  message.end(23);
  message.pass(30);
  message.come_back();
  message.expect_itself();
}

// It begins with the first generation again; the second of what it was stands in the log still.
TEST(Restoring, CountsThoughItsEarlierLifeWasMoved) {
  SecondLife message;
  message.move();
  message.end(26);
  message.come_back();
  message.expect_itself();
}

// --- Damage found at the start ------------------------------------------------------------------

// A sealed segment with a message to one recipient, and one to two with the delivery to the first.
DiskImage with_marks() {
  Instance instance;
  instance.send("the mail", {"a@example.net"});
  (void)instance.store->lease(instance.loop.wall(), 1);
  instance.send("to two", {"b@example.net", "c@example.net"});
  auto half = Instance::settlement(instance.store->lease(instance.loop.wall(), 1).front(),
                                   mail::Fate::delivered);
  half.outcomes.resize(1);
  half.outcomes[0].answer.text = "the outcome";
  EXPECT_TRUE(instance.run(instance.store->settle(half)));
  Instance next(2, instance.disk->files());
  next.send("seals the segment before");
  return next.disk->files();
}

// What that segment's store says of its accounts when this is damaged: the same at each start.
Accounts accounts_without(const std::string& text) {
  auto image = with_marks();
  damage(image, text);
  Instance first(3, image);
  const auto accounts = first.store->accounts();
  EXPECT_EQ(accounts.accepted + accounts.generated, ended(accounts) + accounts.queued);
  Instance again(4, first.disk->files());
  EXPECT_EQ(again.store->accounts(), accounts);
  return accounts;
}

TEST(Recovery, RecipientsInWhatIsDamagedAreCountedAsDiscarded) {
  EXPECT_EQ(accounts_without("the mail").discarded, 1u);
}

TEST(Recovery, RecipientsWhoseEndIsDamagedAreInTheQueueAgainAndCountedSo) {
  const auto accounts = accounts_without("the outcome");
  EXPECT_EQ(accounts.generated, 1u);
  EXPECT_EQ(accounts.queued, 4u);  // the mail's, both of the other's, and the last one's
}

TEST(Recovery, RecipientsWhoseBeginningInTheLastSegmentIsDamagedAreCounted) {
  Instance first;
  first.send("the mail", {"a@example.net"});
  EXPECT_EQ(first.settle_all(mail::Fate::delivered), 1u);
  first.send("another");
  auto image = first.disk->files();
  damage(image, "the mail");
  Instance instance(3, image);
  ASSERT_EQ(instance.store->counters().damaged_records, 1u);
  const auto accounts = instance.store->accounts();
  EXPECT_EQ(accounts.delivered, 1u);
  EXPECT_EQ(accounts.generated, 1u);
  EXPECT_EQ(accounts.accepted + accounts.generated, ended(accounts) + accounts.queued);
}

// --- Damage found when a message is read ---------------------------------------------------------

class MessageFoundDamagedIn : public testing::TestWithParam<std::size_t> {};
INSTANTIATE_TEST_SUITE_P(InOneRecordAndInChunks, MessageFoundDamagedIn, testing::Values(100, 9000));

TEST_P(MessageFoundDamagedIn, IsHeldAndKeptAsideWhileTheOthersFlow) {
  Instance instance;
  const auto bad = instance.send("the mark" + large(GetParam())).id;
  const auto good = instance.send("another" + large(GetParam())).id;
  damage(instance.disk->files(), "the mark");
  EXPECT_EQ(instance.content(good), "another" + large(GetParam()));
  EXPECT_THAT(instance.content(bad), testing::HasSubstr("damaged"));
  instance.loop.run_for(1s);
  const auto listed = instance.list({.state = QueueState::held});
  ASSERT_EQ(listed.messages.size(), 1u);
  EXPECT_EQ(listed.messages[0].id, bad);
  EXPECT_EQ(instance.store->counters().damaged_records, 1u);
  EXPECT_EQ(instance.store->health().damaged, 1u);
  ASSERT_EQ(instance.reports.size(), 1u);
  EXPECT_THAT(instance.reports[0], testing::HasSubstr(to_string(bad)));
  ASSERT_TRUE(instance.disk->damaged.contains("message-" + to_string(bad) + "-0"));
  const auto leases = instance.store->lease(instance.loop.wall(), SIZE_MAX);
  ASSERT_EQ(leases.size(), 1u);
  EXPECT_EQ(leases[0].id, good);
  // A restart does not try it again either: it is still held, or its record is damage itself.
  Instance again(2, instance.disk->files());
  EXPECT_EQ(again.store->lease(instance.loop.wall(), SIZE_MAX).size(), 1u);
  EXPECT_NE(again.list({.state = QueueState::held}).messages.size() == 1,
            again.store->counters().messages == 1);
}

// It may have been the memory: whoever releases it has it tried again, and told of again.
TEST(MessageFoundDamaged, IsTriedAgainWhenItIsReleased) {
  Instance instance;
  const auto id = instance.send("the mark").id;
  damage(instance.disk->files(), "the mark");
  EXPECT_THAT(instance.content(id), testing::HasSubstr("damaged"));
  EXPECT_EQ(instance.apply({}, Operation::release), 1u);
  EXPECT_EQ(instance.store->lease(instance.loop.wall(), 1).size(), 1u);
  EXPECT_THAT(instance.content(id), testing::HasSubstr("damaged"));
  EXPECT_FALSE(instance.store->wanted(id));
  EXPECT_EQ(instance.reports.size(), 2u);
}

// A disk that does not answer says nothing of what stands there.
TEST(MessageFoundDamaged, IsNotOneThatCannotBeReadNow) {
  Instance instance;
  const auto id = instance.send("whole").id;
  instance.disk->read_fault = [](const std::string&) -> Result<void> {
    return fail(Fault::disk, "Input/output error");
  };
  EXPECT_THAT(instance.content(id), testing::HasSubstr("Input/output error"));
  EXPECT_TRUE(instance.store->wanted(id));
  instance.disk->read_fault = nullptr;
  EXPECT_EQ(instance.content(id), "whole");
}

}  // namespace
}  // namespace malleposte::spool
