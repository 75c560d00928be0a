#include "spool/index.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

namespace malleposte::spool {
namespace {

using namespace std::chrono_literals;

MessageItem item(std::uint64_t id, std::vector<std::string> recipients = {"a@example.net"}) {
  MessageItem made;
  made.id = {id};
  made.sender = "sender" + std::to_string(id) + "@example.org";
  for (auto& recipient : recipients) made.recipients.emplace_back().address = recipient;
  return made;
}

TEST(OrderedIds, AgreesWithAMapOverRandomChanges) {
  OrderedIds ids;
  std::map<std::uint64_t, std::uint32_t> model;
  std::mt19937_64 random(3);
  for (int i = 0; i < 20'000; ++i) {
    auto id = 1 + random() % 3000;
    if (random() % 3 && !model.contains(id)) {
      ids.insert(id, static_cast<std::uint32_t>(i));
      model[id] = static_cast<std::uint32_t>(i);
    } else {
      ids.erase(id);
      model.erase(id);
    }
    auto probe = random() % 3000;
    auto known = model.find(probe);
    ASSERT_EQ(ids.find(probe), known == model.end() ? std::nullopt : std::optional(known->second));
    if (i % 100) continue;
    std::vector<std::uint32_t> expected;
    for (auto next = model.upper_bound(probe); next != model.end() && expected.size() < 700; ++next)
      expected.push_back(next->second);
    ASSERT_EQ(ids.next(probe, 700), expected);
    ASSERT_EQ(ids.size(), model.size());
  }
}

TEST(Index, GivesWhatIsDueFirstAndAmongEqualsTheOldest) {
  Index index;
  auto wall = to_time(1000);
  std::vector<std::uint64_t> ids{5, 3, 9, 1, 7};
  for (auto id : ids) {
    auto made = item(id);
    if (id == 1) made.recipients[0].next_attempt = wall;
    index.put(made, {});
  }
  std::vector<std::uint64_t> order;
  while (auto slot = index.first_due()) {
    order.push_back(index[*slot].id.value);
    index.erase(*slot);
  }
  EXPECT_EQ(order, (std::vector<std::uint64_t>{3, 5, 7, 9, 1}));
  EXPECT_EQ(index.size(), 0u);
}

TEST(Index, HeldLeasedAndDeletedMessagesAreNotDue) {
  Index index;
  auto slot = index.put(item(1), {});
  for (auto flag : {0, 1, 2}) {
    auto set = [&](bool value) {
      if (flag == 0) index[slot].held = value;
      if (flag == 1) index[slot].leased = value;
      if (flag == 2) index[slot].deleting = value;
      index.reschedule(slot);
    };
    set(true);
    EXPECT_FALSE(index.first_due());
    set(false);
    EXPECT_TRUE(index.first_due());
  }
}

TEST(Index, AMessageIsDueWhenItsFirstQueuedRecipientIs) {
  Index index;
  auto made = item(1, {"a@example.net", "b@example.net", "c@example.net"});
  made.recipients[0].fate = mail::Fate::delivered;
  made.recipients[1].next_attempt = to_time(500);
  made.recipients[2].next_attempt = to_time(400);
  auto slot = index.put(made, {});
  EXPECT_EQ(Index::due(index[slot]), 400u);
}

TEST(Index, ALaterGenerationReplacesTheEarlierOne) {
  Index index;
  auto slot = index.put(item(1, {"a@example.net", "b@example.net"}), {1, 2, 3, 4});
  auto moved = item(1);
  moved.generation = 1;
  EXPECT_EQ(index.put(moved, {5, 6, 7, 8}), slot);
  EXPECT_EQ(index.size(), 1u);
  EXPECT_EQ(index[slot].home.segment, 5u);
  EXPECT_EQ(index[slot].recipients().size(), 1u);
}

TEST(Index, TicksAreRoundedUpSoThatNothingIsDueTooEarly) {
  WallTime time = to_time(1000) + 1us;
  EXPECT_GE(to_time(to_tick(time)), time);
  EXPECT_EQ(to_tick(to_time(1000)), 1000u);
  EXPECT_EQ(to_tick(WallTime{}), 0u);
}

TEST(Index, AddressesAreComparedWithoutCaseAndWithoutTheFinalDot) {
  EXPECT_EQ(address_key("Some.One@Example.ORG").domain, "example.org");
  EXPECT_EQ(address_key("Some.One@Example.ORG").local, address_key("some.one@example.org").local);
  EXPECT_NE(address_key("a@example.org").local, address_key("b@example.org").local);
}

// docs/formats/spool.md and the design promise 128 octets a queued message.
TEST(Index, AMessageTakesAtMost128OctetsWhoeverItIsFromAndTo) {
  Index index;
  constexpr std::size_t count = 1 << 17;
  for (std::size_t i = 0; i < count; ++i)
    index.put(item(i + 1, {"user@host" + std::to_string(i % 1000) + ".example.net"}), {});
  EXPECT_LE(index.octets() / count, 128u);
}

}  // namespace
}  // namespace malleposte::spool
