// Filters over the index: that they find what a look at everything finds, and look at little.
#include "spool/search.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

namespace malleposte::spool {
namespace {

using namespace std::chrono_literals;

const WallTime start = to_time(10'000);

// A queue that is filled with one message a second.
class Queue {
 public:
  Index index;
  WallTime now = start;

  Index::Slot put(std::string sender, std::vector<std::string> recipients,
                  std::uint64_t size = 100) {
    now += 1s;
    MessageItem item;
    item.id = {first_id_at(now)};
    item.sender = std::move(sender);
    item.size = size;
    for (auto& address : recipients) item.recipients.emplace_back().address = std::move(address);
    items_[item.id.value] = item;
    return index.put(item, {});
  }
  void erase(Index::Slot slot) {
    items_.erase(index[slot].id.value);
    index.erase(slot);
  }
  void defer(Index::Slot slot, std::size_t recipient, std::string reply,
             mail::OutcomeClass outcome_class) {
    index.update(slot, recipient, mail::Fate::queued, 1, now + 1h, reply, outcome_class);
    index.reschedule(slot);
  }
  const std::map<std::uint64_t, MessageItem>& items() const { return items_; }

  struct Found {
    std::vector<std::uint64_t> ids;
    std::optional<std::uint64_t> total;
    std::uint64_t looked_at = 0;
  };
  Found find(const Filter& filter) const {
    Search search(index, filter, now);
    while (!search.prepare()) continue;
    Found result{{}, search.total(), 0};
    std::vector<MessageId> found;
    while (search.step(found)) continue;
    for (auto id : found)
      if (search.matcher().confirm(items_.at(id.value))) result.ids.push_back(id.value);
    if (search.ordered()) EXPECT_TRUE(std::ranges::is_sorted(result.ids));
    std::ranges::sort(result.ids);
    result.looked_at = search.looked_at();
    return result;
  }

  // The same by looking at everything.
  std::vector<std::uint64_t> look_at_all(const Filter& filter) const {
    std::vector<std::uint64_t> ids;
    for (const auto& [id, item] : items_)
      if (fits(index[*index.find({id})], item, filter)) ids.push_back(id);
    return ids;
  }

 private:
  bool fits(const IndexedMessage& message, const MessageItem& item, const Filter& filter) const {
    const auto age = now - arrival_of(item.id);
    if (!filter.id.empty() && to_string(item.id) != filter.id) return false;
    if (filter.sender == "<>" && !item.sender.empty()) return false;
    if (filter.sender.starts_with('@') && !item.sender.ends_with(filter.sender)) return false;
    if (!filter.sender.empty() && filter.sender != "<>" && filter.sender[0] != '@' &&
        item.sender != filter.sender)
      return false;
    if (!filter.recipient.empty() && std::ranges::none_of(item.recipients, [&](const auto& r) {
          return r.address == filter.recipient;
        }))
      return false;
    if (filter.state && state_of(message) != *filter.state) return false;
    if (filter.older_than && age < *filter.older_than) return false;
    if (filter.younger_than && age >= *filter.younger_than) return false;
    if (filter.larger_than && item.size <= *filter.larger_than) return false;
    if (filter.smaller_than && item.size >= *filter.smaller_than) return false;
    if (filter.domain.empty() && filter.domains.empty() && !filter.outcome_class &&
        filter.reply.empty())
      return true;
    return std::ranges::any_of(message.recipients(), [&](const auto& r) {
      const std::string domain(index.domain(r.domain)), reply(index.reply(r.reply));
      return r.queued() && (filter.domain.empty() || domain == filter.domain) &&
             (filter.domains.empty() || std::ranges::count(filter.domains, domain) > 0) &&
             (!filter.outcome_class || r.outcome_class == *filter.outcome_class) &&
             reply.find(filter.reply) != std::string::npos;
    });
  }

  std::map<std::uint64_t, MessageItem> items_;
};

std::string number(const char* before, std::uint64_t n, const char* after = ".example") {
  return before + std::to_string(n) + after;
}

constexpr mail::OutcomeClass classes[] = {mail::OutcomeClass::none, mail::OutcomeClass::greylisted,
                                          mail::OutcomeClass::mailbox_full,
                                          mail::OutcomeClass::network};

class RandomSearch : public testing::TestWithParam<unsigned> {
 protected:
  std::mt19937_64 random{GetParam()};
  std::uint64_t below(std::uint64_t end) { return random() % end; }
  bool one_in(unsigned n) { return random() % n == 0; }
  std::string sender() {
    return one_in(10) ? std::string() : number("s", below(300), "@") + number("from", below(40));
  }
  std::string domain() { return number("to", one_in(2) ? 0 : below(60)); }
  std::string recipient() { return number("r", below(200), "@") + domain(); }
  std::string reply() {
    return one_in(5) ? std::string() : number("come back after ", below(150), " min");
  }

  void change(Queue& queue) {
    auto ids = queue.index.ids().next(first_id_at(start + Duration(1s) * below(4000)), 1);
    if (ids.empty()) return;
    const auto slot = ids[0];
    const auto some = below(queue.index[slot].recipients().size());
    switch (below(6)) {
      case 0:
        if (queue.index.size() > 1000) queue.erase(slot);
        break;
      case 1:
        queue.index[slot].held ^= true;
        queue.index.reschedule(slot);
        break;
      case 2:
        queue.index.lease(to_tick(queue.now), 3);
        break;
      case 3:
        if (queue.index[slot].leased) queue.index.end_lease(slot);
        break;
      case 4:
        if (queue.index[slot].queued() > 1) {
          queue.index.update(slot, some, mail::Fate::delivered, 1, {}, "ok", {});
          queue.index.reschedule(slot);
        }
        break;
      default:
        if (queue.index[slot].recipients()[some].queued())
          queue.defer(slot, some, reply(), classes[1 + below(3)]);
    }
  }

  Filter filter(const Queue& queue) {
    Filter filter;
    if (one_in(4)) filter.sender = sender();
    if (filter.sender.empty() && one_in(20)) filter.sender = "<>";
    if (one_in(15)) filter.sender = "@" + number("from", below(45));
    if (one_in(5)) filter.recipient = recipient();
    if (one_in(5)) filter.domain = domain();
    if (one_in(6)) filter.domains = {domain(), domain(), "nowhere.example"};
    if (one_in(4)) filter.state = static_cast<QueueState>(below(5));
    if (one_in(6)) filter.older_than = Duration(1s) * below(5000);
    if (one_in(6)) filter.younger_than = Duration(1s) * below(5000);
    if (one_in(6)) filter.larger_than = below(1200);
    if (one_in(6)) filter.smaller_than = below(1200);
    if (one_in(5)) filter.outcome_class = classes[below(4)];
    if (one_in(5)) filter.reply = one_in(3) ? "back" : number("after ", below(150), " ");
    if (one_in(20)) {
      auto slots = queue.index.ids().next(first_id_at(start + Duration(1s) * below(4000)), 1);
      if (!slots.empty()) filter.id = to_string(queue.index[slots[0]].id);
    }
    return filter;
  }
};

TEST_P(RandomSearch, EveryFilterFindsWhatALookAtEverythingFinds) {
  Queue queue;
  for (int round = 0; round < 30; ++round) {
    for (int i = 0; i < 120; ++i) {
      std::vector<std::string> recipients(one_in(6) ? 1 + below(4) : 1);
      for (auto& address : recipients) address = recipient();
      queue.put(sender(), recipients, below(1000));
    }
    for (int i = 0; i < 400; ++i) change(queue);
    for (int i = 0; i < 30; ++i) {
      const auto wanted = filter(queue);
      const auto found = queue.find(wanted);
      ASSERT_EQ(found.ids, queue.look_at_all(wanted)) << "round " << round << ", filter " << i;
      if (found.total) ASSERT_EQ(*found.total, found.ids.size()) << "filter " << i;
    }
  }
}
INSTANTIATE_TEST_SUITE_P(Seeds, RandomSearch, testing::Range(1u, 9u));

// 20,000 messages of as many senders to 2,000 domains, all tried; a few are unlike the others.
class LargeQueue : public testing::Test {
 protected:
  static constexpr std::uint64_t count = 20'000;
  Queue queue;
  std::vector<Index::Slot> slots;

  LargeQueue() {
    for (std::uint64_t i = 0; i < count; ++i) {
      slots.push_back(queue.put(number("s@from", i), {number("r", i, "@") + number("to", i % 2000)},
                                100 + i % 900));
      queue.defer(slots.back(), 0, number("450 mailbox ", i % 500, " is busy"),
                  mail::OutcomeClass::mailbox_full);
    }
  }
  // Finds so many, and looks at no more than a tenth of all.
  void expect(const Filter& filter, std::size_t matching) {
    auto found = queue.find(filter);
    EXPECT_EQ(found.ids.size(), matching);
    EXPECT_LE(found.looked_at, count / 10);
  }
};

TEST_F(LargeQueue, AFilterLooksOnlyWhereSomethingCanMatch) {
  queue.defer(slots[7000], 0, "451 Greylisted", mail::OutcomeClass::greylisted);
  queue.index[slots[9000]].held = true;
  queue.index.reschedule(slots[9000]);
  queue.put("large@from.example", {"r@to5.example"}, 50'000);
  expect({.id = to_string(queue.index[slots[77]].id)}, 1);
  expect({.sender = "s@from1234.example"}, 1);
  expect({.sender = "@from1234.example"}, 1);
  expect({.recipient = "r5005@to1005.example"}, 1);
  expect({.domain = "to5.example"}, 11);
  expect({.domains = {"to5.example", "to6.example", "to7.example"}}, 31);
  expect({.state = QueueState::held}, 1);
  expect({.larger_than = 10'000}, 1);
  expect({.outcome_class = mail::OutcomeClass::greylisted}, 1);
  expect({.reply = "GREYLISTED"}, 1);
  expect({.sender = "nobody@example.org"}, 0);
  expect({.domain = "to5.example", .state = QueueState::held}, 0);
  expect({.state = QueueState::scheduled}, 0);
}

TEST_F(LargeQueue, AgesCostOnlyWhatLiesInThem) {
  auto young = queue.find({.sender = "s@from19990.example", .younger_than = Duration(100s)});
  EXPECT_EQ(young.ids.size(), 1u);
  EXPECT_LE(young.looked_at, 100u);
  auto old = queue.find({.older_than = Duration(1s) * (count - 100), .smaller_than = 1'000'000});
  EXPECT_EQ(old.ids.size(), 100u);
  EXPECT_LE(old.looked_at, 100u);
}

TEST_F(LargeQueue, CountsThatAreKnownAreNotTakenByLooking) {
  EXPECT_EQ(queue.find({}).total, count);
  EXPECT_EQ(queue.find({.domain = "to5.example"}).total, 10u);
  EXPECT_EQ(queue.find({.domains = {"to5.example", "to6.example"}}).total, 20u);
  EXPECT_EQ(queue.find({.state = QueueState::deferred}).total, count);
  EXPECT_EQ(queue.find({.younger_than = Duration(50s)}).total, 50u);
  EXPECT_EQ(queue.find({.older_than = Duration(50s), .younger_than = Duration(60s)}).total, 10u);
  EXPECT_EQ(queue.find({.domain = "nowhere.example"}).total, 0u);
  // One with two recipients in the domain counts once, so it must be looked.
  queue.put("s@example.org", {"a@to5.example", "b@to5.example"});
  EXPECT_EQ(queue.find({.domain = "to5.example"}).total, std::nullopt);
  EXPECT_EQ(queue.find({.domain = "to5.example"}).ids.size(), 11u);
}

TEST_F(LargeQueue, TheFirstPageLooksNoFartherThanItsEnd) {
  Search search(queue.index, {.state = QueueState::deferred}, queue.now);
  std::vector<MessageId> found;
  EXPECT_TRUE(search.prepare());
  EXPECT_TRUE(search.step(found, 100));
  EXPECT_EQ(found.size(), 100u);
  EXPECT_EQ(search.looked_at(), 100u);
}

TEST_F(LargeQueue, WhatHasChangedIsForgottenByTheSummaries) {
  for (auto slot : slots) queue.defer(slot, 0, "Other", mail::OutcomeClass::network);
  for (auto slot : slots) queue.defer(slot, 0, "Another", mail::OutcomeClass::network);
  queue.defer(slots[5], 0, "450 mailbox 1 is busy", mail::OutcomeClass::mailbox_full);
  expect({.outcome_class = mail::OutcomeClass::mailbox_full}, 1);
  expect({.reply = "mailbox"}, 1);
}

// The number of a domain that is gone is given to the next one.
// Copying what waits for thousands of domains takes more than one step; meanwhile it changes.
TEST(Search, BeginsInStepsAndMissesNothingThatStays) {
  Queue queue;
  std::vector<Index::Slot> to_one, to_two;
  Filter filter;
  for (int i = 0; i < 4000; ++i) {
    to_one.push_back(queue.put("s@from.example", {number("a@many", i)}));
    to_two.push_back(queue.put("s@from.example", {number("a@many", i), number("b@many", i + 1)}));
    filter.domains.push_back(number("many", i));
  }
  for (int i = 0; i < 40'000; ++i) queue.put("s@from.example", {"c@other.example"});
  Search search(queue.index, filter, queue.now);
  int steps = 0;
  while (!search.prepare()) ++steps;
  EXPECT_GE(steps, 2);
  std::vector<MessageId> found;
  for (int i = 0; search.step(found, found.size() + 10); ++i) {
    if (i >= 1000) continue;
    queue.erase(to_one[4 * i]);
    queue.erase(to_two[4 * i + 1]);
    queue.defer(to_two[4 * i + 2], 0, "Later", mail::OutcomeClass::greylisted);
    queue.put("s@from.example", {number("d@many", i), number("e@many", i)});
  }
  std::set<std::uint64_t> ids;
  for (auto id : found) EXPECT_TRUE(ids.insert(id.value).second) << "twice";
  for (const auto& slots : {to_one, to_two})
    for (int i = 3; i < 4000; i += 4) EXPECT_TRUE(ids.contains(queue.index[slots[i]].id.value));
}

TEST_F(LargeQueue, ASearchUnderWayDoesNotTakeANewDomainForTheOneItWants) {
  for (std::uint64_t i = 5; i < count; i += 2000)
    if (i > 5) queue.erase(slots[i]);
  Search search(queue.index, {.domain = "to5.example"}, queue.now);
  EXPECT_TRUE(search.prepare());
  queue.erase(slots[5]);
  queue.put("s@example.org", {"r@other.example"});
  std::vector<MessageId> found;
  while (search.step(found)) continue;
  EXPECT_TRUE(found.empty());
}

TEST_F(LargeQueue, ASearchUnderWayEndsWellWhenTheQueueBecomesEmpty) {
  for (const Filter& filter : {Filter{.domain = "to1999.example"}, Filter{.larger_than = 1}}) {
    Search search(queue.index, filter, queue.now);
    EXPECT_TRUE(search.prepare());
    std::vector<MessageId> found;
    EXPECT_TRUE(search.step(found));
    for (auto slot : slots) queue.erase(slot);
    slots.clear();
    while (search.step(found)) continue;
    for (std::uint64_t i = 0; i < count; ++i)
      slots.push_back(queue.put("s@example.org", {number("r@to", i % 2000)}));
  }
}

}  // namespace
}  // namespace malleposte::spool
