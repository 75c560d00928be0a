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
    const bool grows = i / 2500 % 2 == 0;
    if (random() % 3 < (grows ? 2 : 1) && !model.contains(id)) {
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
    ASSERT_EQ(ids.rank(probe), std::distance(model.begin(), model.upper_bound(probe)));
    ASSERT_EQ(ids.size(), model.size());
  }
}

TEST(OrderedIds, BlocksStayFullWhenAFewOvertakeOthersAndShrinkWithTheirContent) {
  OrderedIds ids;
  constexpr std::uint64_t count = 20'000;
  for (std::uint64_t i = 0; i < count; i += 2) {
    ids.insert(i + 2, 0);
    ids.insert(i + 1, 0);
  }
  EXPECT_LT(ids.octets() / count, 20u);
  for (std::uint64_t i = 1; i <= count; ++i)
    if (i % 100) ids.erase(i);
  EXPECT_LT(ids.octets() / ids.size(), 80u);
}

TEST(Interner, AgreesWithAMapOverRandomChanges) {
  Interner interner;
  std::map<std::string, std::pair<Interner::Number, int>> model;
  std::mt19937_64 random(5);
  for (int i = 0; i < 20'000; ++i) {
    const auto text = "text " + std::to_string(random() % 500);
    if (random() % 2) {
      auto number = interner.add(text);
      auto& known = model[text];
      if (known.second++ > 0) ASSERT_EQ(number, known.first);
      known.first = number;
    } else if (auto known = model.find(text); known != model.end()) {
      const bool last = --known->second.second == 0;
      ASSERT_EQ(interner.release(known->second.first), last);
      if (last) model.erase(known);
    }
    const auto probe = "text " + std::to_string(random() % 500);
    auto known = model.find(probe);
    ASSERT_EQ(interner.find(probe),
              known == model.end() ? std::nullopt : std::optional(known->second.first));
    if (known != model.end()) ASSERT_EQ(interner.text(known->second.first), probe);
    ASSERT_EQ(interner.size(), model.size());
  }
}

TEST(Interner, ANumberGivenOutAgainIsToldFromBefore) {
  Interner interner;
  auto first = interner.add("first");
  auto born = interner.born(first);
  EXPECT_TRUE(interner.release(first));
  auto second = interner.add("second");
  EXPECT_EQ(first, second);
  EXPECT_NE(interner.born(second), born);
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

TEST(Index, SendersAreKnownByTheirAddressAndByTheirDomain) {
  EXPECT_EQ(sender_key("a@example.org"), sender_key("A@EXAMPLE.org"));
  EXPECT_NE(sender_key("a@example.org").address, sender_key("b@example.org").address);
  EXPECT_EQ(sender_key("a@example.org").domain, sender_key("@example.org").domain);
  EXPECT_EQ(sender_key(""), SenderKey{});
}

TEST(Index, AddressesAreComparedWithoutCaseAndWithoutTheFinalDot) {
  EXPECT_EQ(address_key("Some.One@Example.ORG").domain, "example.org");
  EXPECT_EQ(address_key("Some.One@Example.ORG").local, address_key("some.one@example.org").local);
  EXPECT_NE(address_key("a@example.org").local, address_key("b@example.org").local);
}

// docs/formats/spool.md and the design promise 128 octets a queued message.
TEST(Index, AMessageTakesAtMost128OctetsWhoeverItIsFromAndTo) {
  Index index;
  constexpr std::size_t count = 200'000;
  for (std::size_t i = 0; i < count; ++i) {
    auto made = item(i + 1, {"user@host" + std::to_string(i % (count / 10)) + ".example.net"});
    made.sender = "sender@a-domain-of-its-own-" + std::to_string(i) + ".example.org";
    auto slot = index.put(made, {});
    index.update(slot, 0, mail::Fate::queued, 1, to_time(static_cast<Tick>(5000 + i)),
                 "mx.example.net (192.0.2.1) said: 451 4.7.1 Come back later",
                 mail::OutcomeClass::greylisted);
  }
  EXPECT_LE(index.octets() / count, 128u);
}

TEST(Index, AnEmptyQueueGivesMostOfItsMemoryBack) {
  Index index;
  std::vector<Index::Slot> slots;
  for (std::size_t i = 0; i < 20'000; ++i)
    slots.push_back(index.put(item(i + 1, {"user@host" + std::to_string(i) + ".example.net"}), {}));
  const auto full = index.octets();
  for (auto slot : slots) index.erase(slot);
  EXPECT_LT(index.octets(), full / 5);
}

}  // namespace
}  // namespace malleposte::spool
