// What the index gives out: in which order, and what it keeps back.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "spool/queue_fixture.h"

namespace malleposte::spool {
namespace {

MessageItem wanted_back(std::uint64_t id, std::vector<std::string> domains, Tick end) {
  auto made = item(id, std::move(domains), now + 1000);
  made.requests.deliver_by = mail::DeliverBy{to_time(end), true, false};
  return made;
}

TEST(IndexQueue, WithinADomainWhatIsDueFirstAndAmongEqualsTheOldest) {
  Index index;
  for (std::uint64_t id : {5, 3, 9, 1, 7})
    index.put(item(id, {"a.example"}, id == 1 ? 1000 : 0), {});
  EXPECT_EQ(lease(index), (Ids{3, 5, 7, 9, 1}));
}

TEST(IndexQueue, WhatIsNotDueWaitsAndTellsUntilWhen) {
  Index index;
  index.put(item(1, {"a.example"}, now + 10), {});
  index.put(item(2, {"b.example"}, now + 20), {});
  EXPECT_EQ(lease(index), Ids{});
  EXPECT_EQ(index.next_due(), now + 10);
  EXPECT_EQ(lease(index, 10, now + 10), Ids{1});
  EXPECT_EQ(index.next_due(), now + 20);
  EXPECT_EQ(lease(index, 10, now + 20), Ids{2});
  EXPECT_EQ(index.next_due(), never_due);
}

TEST(IndexQueue, HeldLeasedAndDeletedMessagesAreNotDue) {
  Index index;
  auto slot = index.put(item(1, {"a.example"}), {});
  for (bool by_hold : {true, false}) {
    auto set = [&](bool value) {
      if (by_hold)
        index[slot].held = value;
      else
        index[slot].deleting = value;
      index.reschedule(slot);
    };
    set(true);
    EXPECT_EQ(index.next_due(), never_due);
    EXPECT_EQ(lease(index), Ids{});
    set(false);
    EXPECT_EQ(lease(index), Ids{1});
    EXPECT_EQ(lease(index), Ids{});
    index.end_lease(slot);
  }
}

TEST(IndexQueue, AMessageHeldDuringItsLeaseIsNotDueWhenThatEnds) {
  Index index;
  auto slot = index.put(item(1, {"a.example", "b.example"}), {});
  EXPECT_EQ(lease(index), Ids{1});
  index[slot].held = true;
  index.reschedule(slot);
  index.end_lease(slot);
  EXPECT_EQ(lease(index), Ids{});
  index[slot].held = false;
  index.reschedule(slot);
  EXPECT_EQ(lease(index), Ids{1});
  EXPECT_EQ(leased_recipients(index, 1), (std::vector<std::size_t>{0, 1}));
}

TEST(IndexQueue, ADomainWithAMillionDueMessagesHidesNoOther) {
  Index index;
  for (std::uint64_t id = 1; id <= 1000; ++id) index.put(item(id, {"large.example"}), {});
  // Due later than all of those.
  for (std::uint64_t id = 2001; id <= 2005; ++id)
    index.put(item(id, {"small" + std::to_string(id) + ".example"}, now - 1), {});
  auto first = lease(index, 80);
  EXPECT_EQ(first.size(), 80u);
  for (std::uint64_t id = 2001; id <= 2005; ++id)
    EXPECT_EQ(std::ranges::count(first, id), 1) << "domain of " << id;
  EXPECT_EQ(lease(index).size(), 925u);
}

TEST(IndexQueue, LargeDomainsTakeTurnsWithEachOtherAndWithThoseThatBecomeDue) {
  Index index;
  for (std::uint64_t id = 1; id <= 3000; ++id)
    index.put(item(id, {"large" + std::to_string(id % 3) + ".example"}), {});
  std::map<std::uint64_t, int> taken;
  for (int i = 0; i < 30; ++i)
    for (auto id : lease(index, 10)) ++taken[id % 3];
  for (auto rest : {0u, 1u, 2u}) EXPECT_NEAR(taken[rest], 100, 10);
  // One that comes now is not behind their thousands.
  index.put(item(5000, {"small.example"}), {});
  auto next = lease(index, 40);
  EXPECT_EQ(std::ranges::count(next, 5000u), 1);
}

TEST(IndexQueue, APausedDomainIsNotLeasedAndNotWaitedFor) {
  Index index;
  index.put(item(1, {"a.example"}), {});
  auto slot = index.put(item(2, {"a.example", "b.example"}, now - 1), {});
  index.pause("a.example");
  index.pause("a.example");
  index.pause("unknown.example");
  EXPECT_EQ(lease(index), Ids{2});
  EXPECT_EQ(leased_recipients(index, 2), std::vector<std::size_t>{1});
  EXPECT_EQ(index.next_due(), never_due);
  EXPECT_TRUE(index.resume("a.example"));
  EXPECT_FALSE(index.resume("a.example"));
  EXPECT_EQ(lease(index), Ids{1});
  EXPECT_EQ(lease(index), Ids{}) << "2 is leased already";
  index.update(slot, 1, mail::Fate::delivered, 1, {}, "", mail::OutcomeClass::delivered);
  index.end_lease(slot);
  EXPECT_EQ(lease(index), Ids{2});
  EXPECT_EQ(leased_recipients(index, 2), std::vector<std::size_t>{0});
}

TEST(IndexQueue, APauseEndsWhenNothingIsQueuedForTheDomain) {
  Index index;
  auto slot = index.put(item(1, {"a.example"}), {});
  index.pause("a.example");
  index.erase(slot);
  index.put(item(2, {"a.example"}), {});
  EXPECT_EQ(lease(index), Ids{2});
}

TEST(IndexQueue, StandingOrdersApplyToDomainsAndReachThoseThatComeLater) {
  Index index;
  std::vector<std::string> seen;
  index.ask_orders([&](Interner::Number number) {
    seen.emplace_back(index.domain(number));
    index.set_standing(number, index.domain(number) == "down.example", 0);
  });
  index.put(item(1, {"down.example"}), {});
  auto slot = index.put(item(2, {"up.example", "down.example"}), {});
  EXPECT_EQ(seen, (std::vector<std::string>{"down.example", "up.example"}));
  EXPECT_EQ(lease(index), Ids{2});
  EXPECT_EQ(leased_recipients(index, 2), std::vector<std::size_t>{0});
  index.end_lease(slot);
  index.pause("down.example");
  index.set_standing(*index.find_domain("down.example"), false, 7);
  EXPECT_EQ(index.domains()[*index.find_domain("down.example")].bounced_by, 7u);
  index.pause("down.example");
  EXPECT_EQ(lease(index).size(), 2u) << "to bounce it takes no site";
}

TEST(IndexQueue, WhatGoesApartIsLeasedThoughItsDomainIsPaused) {
  Index index;
  auto slot = index.put(item(1, {"a.example", "b.example"}), {});
  auto later = index.put(item(2, {"a.example"}, now + 5), {});
  index.put(item(3, {"a.example"}), {});
  auto held = index.put(item(4, {"a.example"}), {});
  index.pause("a.example");
  index.pause("b.example");
  for (auto one : {slot, later, held}) {
    index.set_apart(index[one], true);
    index[one].held = one == held;
    index.reschedule(one);
  }
  EXPECT_EQ(index.next_due(), 0u);
  EXPECT_EQ(lease(index), Ids{1});
  EXPECT_EQ(leased_recipients(index, 1), (std::vector<std::size_t>{0, 1}));
  EXPECT_EQ(index.next_due(), now + 5);
  EXPECT_EQ(lease(index), Ids{});
  index.end_lease(slot);
  index.set_standing(*index.find_domain("a.example"), true, 0);
  index.reschedule(slot);
  index.reschedule(later);
  EXPECT_EQ(lease(index), Ids{1});
  EXPECT_EQ(leased_recipients(index, 1), std::vector<std::size_t>{1}) << "suspended is suspended";
  EXPECT_EQ(index.next_due(), never_due);
  index.end_lease(slot);
  index.set_apart(index[slot], false);
  index.reschedule(slot);
  EXPECT_EQ(lease(index), Ids{});
  index.erase(slot);
  index.set_standing(*index.find_domain("a.example"), false, 0);
  index.resume("a.example");
  index.erase(later);
  EXPECT_EQ(lease(index), Ids{3});
}

TEST(IndexQueue, WhatGoesApartTakesHalfOfALeaseWhileThereAreOthers) {
  Index index;
  for (std::uint64_t id = 1; id <= 100; ++id) {
    auto slot = index.put(item(id, {"a.example"}), {});
    index.set_apart(index[slot], true);
    index.reschedule(slot);
  }
  index.pause("a.example");
  for (std::uint64_t id = 101; id <= 110; ++id) index.put(item(id, {"b.example"}), {});
  const auto first = lease(index, 40);
  EXPECT_EQ(first.size(), 40u);
  EXPECT_EQ(std::ranges::count_if(first, [](auto id) { return id > 100; }), 10);
}

TEST(IndexQueue, OrdersThatAreBeingChangedHoldForWhatIsGivenOut) {
  Index index;
  bool given = false;
  index.ask_orders([&](Interner::Number number) {
    const auto name = index.domain(number);
    index.set_standing(number, given && name == "down.example",
                       given && name == "gone.example" ? 7 : 0);
  });
  index.put(item(1, {"down.example"}), {});
  index.put(item(2, {"up.example", "down.example", "gone.example"}), {});
  index.put(wanted_back(3, {"down.example"}, now - 10), {});
  given = true;
  index.orders_change(true);
  EXPECT_EQ(lease(index), Ids{2});
  EXPECT_EQ(leased_recipients(index, 2), (std::vector<std::size_t>{0, 2}));
  EXPECT_EQ(index.domains()[*index.find_domain("gone.example")].bounced_by, 7u);
  index.orders_change(false);
  EXPECT_EQ(lease(index), Ids{});
}

TEST(IndexQueue, EachDomainListsItsQueuedRecipientsAlsoThoseInHand) {
  Index index;
  auto slot = index.put(item(1, {"a.example", "a.example", "b.example"}), {});
  index.put(item(2, {"a.example"}, now + 5), {});
  const auto waiting = [&](std::string_view domain) {
    return index.domains()[*index.find_domain(domain)].waiting.size();
  };
  EXPECT_EQ(waiting("a.example"), 3u);
  lease(index);
  EXPECT_EQ(waiting("a.example"), 3u);
  index.update(slot, 0, mail::Fate::delivered, 1, {}, "", mail::OutcomeClass::delivered);
  EXPECT_EQ(waiting("a.example"), 2u);
  index.erase(slot);
  EXPECT_EQ(waiting("a.example"), 1u);
}

// What it took is given back once, however often it is looked at afterwards.
TEST(IndexQueue, TheQueueOfADomainThatHasEmptiedTakesNothing) {
  Index index;
  auto slot = index.put(item(1, {"a.example", "b.example"}), {});
  const auto full = index.octets();
  lease(index);
  index.update(slot, 0, mail::Fate::delivered, 1, {}, "", mail::OutcomeClass::delivered);
  const auto emptied = index.octets();
  EXPECT_LT(emptied, full);
  for (bool suspended : {true, false, true})
    index.set_standing(*index.find_domain("a.example"), suspended, 0);
  EXPECT_EQ(index.octets(), emptied);
}

TEST(IndexQueue, StatesAreCountedAsTheyChange) {
  Index index;
  auto slot = index.put(item(1, {"a.example"}), {});
  auto scheduled = index.put(item(2, {"a.example"}, now + 5), {});
  EXPECT_EQ(index.count(QueueState::active), 1u);
  EXPECT_EQ(index.count(QueueState::scheduled), 1u);
  lease(index);
  index.update(slot, 0, mail::Fate::queued, 1, to_time(now + 9), "Later",
               mail::OutcomeClass::greylisted);
  index.end_lease(slot);
  EXPECT_EQ(index.count(QueueState::deferred), 1u);
  index[slot].held = true;
  index.reschedule(slot);
  EXPECT_EQ(index.count(QueueState::held), 1u);
  index[scheduled].deleting = true;
  index.reschedule(scheduled);
  EXPECT_EQ(index.count(QueueState::deleting), 1u);
  index.erase(slot);
  index.erase(scheduled);
  for (int state = 0; state < 5; ++state)
    EXPECT_EQ(index.count(static_cast<QueueState>(state)), 0u) << state;
}

TEST(IndexQueue, PriorityAndDeadlineOfFewMessagesAreKeptBesideTheRest) {
  Index index;
  auto urgent = item(1, {"a.example"});
  urgent.requests.priority = 5;
  urgent.requests.deliver_by = mail::DeliverBy{to_time(now + 100), true, false};
  auto slot = index.put(urgent, {});
  auto plain = index.put(item(2, {"a.example"}), {});
  EXPECT_EQ(index.particulars(index[slot]).priority, 5);
  EXPECT_EQ(index.particulars(index[slot]).deliver_by, urgent.requests.deliver_by);
  EXPECT_EQ(index.particulars(index[plain]), Particulars{});
}

TEST(IndexQueue, WhatItsSenderWantsBackIsGivenOutOnceAndIsThenDueLikeOthers) {
  Index index;
  auto slot = index.put(wanted_back(1, {"a.example", "b.example"}, now + 10), {});
  index.pause("a.example");
  EXPECT_EQ(index.next_due(), now + 10);
  EXPECT_EQ(lease(index, 1, now + 10), Ids{}) << "that is rounded up";
  EXPECT_EQ(lease(index, 1, now + 11), Ids{1});
  EXPECT_EQ(leased_recipients(index, 1), (std::vector<std::size_t>{0, 1}));
  EXPECT_EQ(index.next_due(), never_due) << "while it is in somebody's hand";
  // It could not be read, say: that costs an attempt, not one every second.
  for (auto i : {0u, 1u})
    index.update(slot, i, mail::Fate::queued, 1, to_time(now + 500), "Input/output error", {});
  index.end_lease(slot);
  EXPECT_EQ(lease(index, 1, now + 499), Ids{});
  EXPECT_EQ(index.next_due(), now + 500);
  EXPECT_EQ(lease(index, 1, now + 500), Ids{1});
  EXPECT_EQ(leased_recipients(index, 1), std::vector<std::size_t>{1});
}

TEST(IndexQueue, WhatItsSenderWantsBackIsDueAgainAtOnceWhenItWasNotSettled) {
  Index index;
  auto slot = index.put(wanted_back(1, {"a.example"}, now + 10), {});
  EXPECT_EQ(lease(index, 1, now + 11), Ids{1});
  index.end_lease(slot);
  EXPECT_LE(index.next_due(), now + 11);
  EXPECT_EQ(lease(index, 1, now + 11), Ids{1});
}

TEST(IndexQueue, WhatIsKeptBackIsNotWaitedForThoughItsSenderWantsItBack) {
  Index index;
  auto slot = index.put(wanted_back(1, {"a.example"}, now + 10), {});
  const auto a = *index.find_domain("a.example");
  const auto change = [&](auto how) {
    how();
    index.reschedule(slot);
    return index.next_due();
  };
  EXPECT_EQ(change([&] { index[slot].held = true; }), never_due);
  EXPECT_EQ(change([&] { index[slot].held = false; }), now + 10);
  EXPECT_EQ(change([&] { index[slot].deleting = true; }), never_due);
  EXPECT_EQ(change([&] { index[slot].deleting = false; }), now + 10);
  EXPECT_EQ(change([&] { index.set_standing(a, true, 0); }), never_due);
  EXPECT_EQ(lease(index, 1, now + 11), Ids{});
  EXPECT_EQ(change([&] { index.set_standing(a, false, 0); }), now + 10);
  index.set_standing(a, true, 0);  // its messages have not been told yet
  EXPECT_EQ(lease(index, 1, now + 11), Ids{});
  index.erase(slot);
  EXPECT_EQ(index.next_due(), never_due);
}

// Each of its deliveries ends at another time and is deferred to another one.
TEST(IndexQueue, AMessageWithThousandsOfRecipientsTakesLittleEachTime) {
  Index index;
  std::vector<std::string> domains;
  constexpr std::size_t count = 5000;
  for (std::size_t i = 0; i < count; ++i)
    domains.push_back("host" + std::to_string(i % 3000) + ".example");
  const auto before = index.octets();
  auto slot = index.put(item(1, domains), {});
  EXPECT_LT(index.octets() - before, count * 350) << "mostly the domains";
  for (Tick at = now; at < now + 20; ++at) {
    ASSERT_EQ(lease(index, 10, at), Ids{1});
    for (auto i : leased_recipients(index, 1))
      index.update(slot, i, mail::Fate::queued, 1, to_time(at + 1 + static_cast<Tick>(i % 7)),
                   "Later", mail::OutcomeClass::greylisted);
    EXPECT_EQ(index[slot].leased_recipients(), 0u);
    index.end_lease(slot);
  }
  for (auto i : {0u, 1u}) index.update(slot, i, mail::Fate::delivered, 3, {}, "", {});
  EXPECT_EQ(index[slot].queued(), count - 2);
  index.erase(slot);
  EXPECT_EQ(index.next_due(), never_due);
}

// Against a model that looks at everything.
TEST(IndexQueue, GivesOutWhatIsDueAndNothingElseOverRandomChanges) {
  std::mt19937_64 random(11);
  Index index;
  std::set<std::string> paused;
  std::set<std::uint64_t> ids;
  std::uint64_t last = 0;
  Tick at = now;
  const auto domain = [&] { return "host" + std::to_string(random() % 8) + ".example"; };
  const auto queued = [&](const std::string& name) {
    return std::ranges::any_of(ids, [&](auto id) {
      return std::ranges::any_of(index[*index.find({id})].recipients(), [&](const auto& r) {
        return r.queued() && index.domain(r.domain) == name;
      });
    });
  };
  const auto due = [&] {
    std::set<std::uint64_t> expected;
    for (auto id : ids) {
      const auto& message = index[*index.find({id})];
      if (message.in_hand()) continue;
      for (const auto& r : message.recipients())
        if (r.queued() && r.due <= at && !paused.contains(std::string(index.domain(r.domain))))
          expected.insert(id);
    }
    return expected;
  };
  for (int step = 0; step < 20'000; ++step) {
    std::optional<Index::Slot> slot;
    if (!ids.empty()) {
      auto known = ids.lower_bound(random() % (last + 1));
      if (known != ids.end()) slot = index.find({*known});
    }
    switch (random() % 9) {
      case 0: {
        std::vector<std::string> domains(1 + random() % 4 % 3);
        for (auto& name : domains) name = domain();
        ids.insert(++last);
        index.put(item(last, domains, random() % 2 ? at + random() % 20 : 0), {});
        break;
      }
      case 1:
        if (slot && ids.size() > 60) {
          ids.erase(index[*slot].id.value);
          index.erase(*slot);
        }
        break;
      case 2:
        if (auto name = domain(); queued(name)) {
          index.pause(name);
          paused.insert(name);
        }
        break;
      case 3: {
        auto name = domain();
        index.resume(name);
        paused.erase(name);
        break;
      }
      case 4:
        if (slot) {
          index[*slot].held ^= true;
          index.reschedule(*slot);
        }
        break;
      case 5:
        if (slot && index[*slot].leased) {
          auto recipients = index[*slot].recipients();
          for (std::size_t i = 0; i < recipients.size(); ++i)
            if (recipients[i].leased)
              index.update(*slot, i, random() % 3 ? mail::Fate::queued : mail::Fate::delivered, 1,
                           to_time(at + static_cast<Tick>(random() % 20)), "x", {});
          if (index[*slot].queued() == 0) {
            ids.erase(index[*slot].id.value);
            index.erase(*slot);
          } else {
            index.end_lease(*slot);
          }
        }
        break;
      case 6:
        ++at;
        break;
      default: {
        auto expected = due();
        const auto max = random() % 2 ? SIZE_MAX : random() % 4;
        auto given = lease(index, max, at);
        ASSERT_EQ(given.size(), std::min<std::size_t>(max, expected.size())) << step;
        for (auto id : given) ASSERT_TRUE(expected.contains(id)) << step;
        if (max == SIZE_MAX && index.next_due() != never_due)
          ASSERT_GT(index.next_due(), at) << step;
      }
    }
    std::erase_if(paused, [&](const auto& name) { return !queued(name); });
  }
}

}  // namespace
}  // namespace malleposte::spool
