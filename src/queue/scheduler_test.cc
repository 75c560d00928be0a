#include "queue/scheduler.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

namespace malleposte::queue {
namespace {

Job job(std::uint64_t n) {
  return {mail::MessageId{n}, 0};
}

TEST(Scheduler, GivesJobsInOrderOfArrival) {
  Scheduler scheduler(100);
  auto site = scheduler.add_site();
  for (std::uint64_t n : {1, 2, 3}) scheduler.add(site, job(n), Priority::fresh);
  for (std::uint64_t n : {1, 2, 3}) EXPECT_EQ(scheduler.next()->job, job(n));
  EXPECT_FALSE(scheduler.next());
  EXPECT_EQ(scheduler.busy(site), 3u);
}

TEST(Scheduler, SitesTakeTurns) {
  Scheduler scheduler(100);
  auto a = scheduler.add_site(), b = scheduler.add_site();
  for (std::uint64_t n = 0; n < 10; ++n) scheduler.add(a, job(n), Priority::fresh);
  scheduler.add(b, job(100), Priority::fresh);
  scheduler.add(b, job(101), Priority::fresh);
  std::vector<SiteId> order;
  for (int i = 0; i < 4; ++i) order.push_back(scheduler.next()->site);
  EXPECT_EQ(order, (std::vector<SiteId>{a, b, a, b}));
}

TEST(Scheduler, ASiteHasNoMoreConnectionsThanItsWindow) {
  Scheduler scheduler(100);
  auto site = scheduler.add_site();
  for (std::uint64_t n = 0; n < 10; ++n) scheduler.add(site, job(n), Priority::fresh);
  for (unsigned i = 0; i < Window::initial; ++i) EXPECT_TRUE(scheduler.next());
  EXPECT_FALSE(scheduler.next());
  scheduler.release(site);
  EXPECT_TRUE(scheduler.next());
  EXPECT_FALSE(scheduler.next());
}

TEST(Scheduler, AllSitesTogetherHaveTheSlots) {
  Scheduler scheduler(3);
  for (std::uint64_t n = 0; n < 5; ++n)
    scheduler.add(scheduler.add_site(), job(n), Priority::fresh);
  std::optional<Assignment> last;
  for (int i = 0; i < 3; ++i) last = scheduler.next();
  EXPECT_FALSE(scheduler.next());
  scheduler.release(last->site);
  EXPECT_TRUE(scheduler.next());
  EXPECT_FALSE(scheduler.next());
}

TEST(Scheduler, AHeldSlotTakesMoreOnlyWhileNobodyElseWaits) {
  Scheduler scheduler(1);
  auto a = scheduler.add_site(), b = scheduler.add_site();
  scheduler.add(a, job(1), Priority::fresh);
  scheduler.add(a, job(2), Priority::fresh);
  scheduler.add(a, job(3), Priority::fresh);
  EXPECT_EQ(scheduler.next()->site, a);
  // Its own turn is listed: it counts as waiting, so the round stays fair.
  scheduler.release(a);
  EXPECT_EQ(scheduler.next()->job, job(2));
  scheduler.add(b, job(9), Priority::fresh);
  EXPECT_FALSE(scheduler.more(a));
  scheduler.release(a);
  EXPECT_EQ(scheduler.next()->site, a);
  scheduler.release(a);
  EXPECT_EQ(scheduler.next()->site, b);
}

TEST(Scheduler, MoreKeepsTheSlot) {
  Scheduler scheduler(10);
  auto a = scheduler.add_site();
  for (std::uint64_t n = 0; n < Window::initial + 2; ++n) scheduler.add(a, job(n), Priority::fresh);
  while (scheduler.next()) continue;
  EXPECT_EQ(scheduler.more(a)->job, job(Window::initial));
  EXPECT_EQ(scheduler.busy(a), Window::initial);
  EXPECT_TRUE(scheduler.more(a));
  EXPECT_FALSE(scheduler.more(a));
}

TEST(Scheduler, EveryFifthPlaceIsARetrys) {
  Scheduler scheduler(100);
  auto site = scheduler.add_site();
  for (std::uint64_t n = 0; n < 20; ++n) scheduler.add(site, job(n), Priority::fresh);
  for (std::uint64_t n = 100; n < 110; ++n) scheduler.add(site, job(n), Priority::retry);
  std::vector<std::uint64_t> order;
  auto first = scheduler.next();
  order.push_back(first->job.message.value);
  while (auto more = scheduler.more(site)) order.push_back(more->job.message.value);
  ASSERT_EQ(order.size(), 30u);
  EXPECT_EQ(std::vector(order.begin(), order.begin() + 10),
            (std::vector<std::uint64_t>{0, 1, 2, 3, 100, 4, 5, 6, 7, 101}));
}

TEST(Scheduler, WhatIsPutBackIsFirstInLine) {
  Scheduler scheduler(10);
  auto site = scheduler.add_site();
  scheduler.add(site, job(1), Priority::fresh);
  scheduler.add(site, job(2), Priority::fresh);
  auto first = scheduler.next();
  scheduler.put_back(*first);
  scheduler.release(site);
  EXPECT_EQ(scheduler.next()->job, job(1));
  EXPECT_EQ(scheduler.next()->job, job(2));
}

// clause: 5321-4.5.4.1-e
TEST(Scheduler, ADeadSiteIsProbedByOneAtATime) {
  Scheduler scheduler(10);
  auto site = scheduler.add_site();
  for (std::uint64_t n = 0; n < 4; ++n) scheduler.add(site, job(n), Priority::fresh);
  scheduler.next();
  EXPECT_FALSE(scheduler.unreachable(site, 0));
  EXPECT_EQ(scheduler.window(site), 1u);
  scheduler.release(site);
  EXPECT_TRUE(scheduler.next());
  EXPECT_FALSE(scheduler.next());
  EXPECT_EQ(scheduler.take_waiting(site), job(2));
  EXPECT_EQ(scheduler.take_waiting(site), job(3));
  EXPECT_EQ(scheduler.take_waiting(site), std::nullopt);
}

// Sites that lead nowhere hold their slots for long; those that work go on beside them.
TEST(Scheduler, StrangersLeaveAQuarterOfTheSlots) {
  Scheduler scheduler(8);
  const auto good = scheduler.add_site();
  scheduler.add(good, job(1), Priority::fresh);
  ASSERT_TRUE(scheduler.next());
  scheduler.answered(good);
  scheduler.release(good);
  for (std::uint64_t n = 0; n < 20; ++n)
    scheduler.add(scheduler.add_site(), job(100 + n), Priority::fresh);
  std::vector<SiteId> held;
  while (auto assignment = scheduler.next()) held.push_back(assignment->site);
  EXPECT_EQ(held.size(), 6u);
  EXPECT_EQ(scheduler.busy_with_strangers(), 6u);
  for (std::uint64_t n = 0; n < 3; ++n) scheduler.add(good, job(n), Priority::fresh);
  EXPECT_EQ(scheduler.next()->site, good);
  EXPECT_EQ(scheduler.next()->site, good);
  EXPECT_FALSE(scheduler.next()) << "all slots are in use";
  scheduler.release(held[0]);
  EXPECT_NE(scheduler.next()->site, good) << "the other one's turn";
  EXPECT_FALSE(scheduler.more(held[1])) << "others wait for a stranger's slot";
}

TEST(Scheduler, ASlotIsNotGivenUpForStrangersThatMayNotHaveIt) {
  Scheduler scheduler(4);
  const auto good = scheduler.add_site();
  scheduler.unreachable(good, 0);  // one connection at a time
  scheduler.answered(good);
  scheduler.unreachable(good, 1);
  for (std::uint64_t n = 0; n < 3; ++n) scheduler.add(good, job(n), Priority::fresh);
  ASSERT_EQ(scheduler.next()->site, good);
  for (std::uint64_t n = 0; n < 5; ++n)
    scheduler.add(scheduler.add_site(), job(100 + n), Priority::fresh);
  std::vector<SiteId> held;
  while (auto assignment = scheduler.next()) held.push_back(assignment->site);
  ASSERT_EQ(held.size(), 3u);
  EXPECT_TRUE(scheduler.more(good));
  scheduler.release(held[0]);
  ASSERT_TRUE(scheduler.next());
  EXPECT_TRUE(scheduler.more(good));
}

TEST(Scheduler, WhoAnswersIsNoStrangerUntilItCannotBeReached) {
  Scheduler scheduler(8);
  const auto site = scheduler.add_site();
  for (std::uint64_t n = 0; n < 3; ++n) scheduler.add(site, job(n), Priority::fresh);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(scheduler.next());
  EXPECT_EQ(scheduler.busy_with_strangers(), 3u);
  scheduler.answered(site);
  EXPECT_EQ(scheduler.busy_with_strangers(), 0u);
  scheduler.unreachable(site, 2);  // it takes no more than these
  EXPECT_EQ(scheduler.busy_with_strangers(), 0u);
  scheduler.release(site);
  scheduler.unreachable(site, 0);
  EXPECT_EQ(scheduler.busy_with_strangers(), 2u);
  scheduler.release(site);
  scheduler.release(site);
  EXPECT_EQ(scheduler.busy_with_strangers(), 0u);
}

// Also when strangers, of which it was one when it began to wait, have more than their share.
// clause: 5321-4.5.4.1-f
TEST(Scheduler, ASiteThatAnswersWhileItWaitsIsServedAtOnce) {
  Scheduler scheduler(8);
  const auto gone = scheduler.add_site(), site = scheduler.add_site();
  scheduler.answered(gone);
  for (std::uint64_t n = 0; n < 2; ++n) scheduler.add(gone, job(n), Priority::fresh);
  for (int i = 0; i < 2; ++i) ASSERT_EQ(scheduler.next()->site, gone);
  for (std::uint64_t n = 0; n < 2; ++n) scheduler.add(site, job(10 + n), Priority::fresh);
  for (std::uint64_t n = 0; n < 5; ++n)
    scheduler.add(scheduler.add_site(), job(100 + n), Priority::fresh);
  for (int i = 0; i < 6; ++i) ASSERT_TRUE(scheduler.next());
  ASSERT_EQ(scheduler.busy(site), 1u);
  ASSERT_EQ(scheduler.waiting(site), 1u);
  scheduler.unreachable(gone, 0);
  scheduler.answered(site);
  scheduler.release(gone);
  ASSERT_EQ(scheduler.busy_with_strangers(), 6u);
  const auto next = scheduler.next();
  ASSERT_TRUE(next);
  EXPECT_EQ(next->site, site);
}

TEST(Window, OpensWithAnswersUpToItsLimit) {
  Window window;
  window.unreachable(0);
  EXPECT_EQ(window.size(), 1u);
  for (int i = 0; i < 4; ++i) window.answered();
  EXPECT_EQ(window.size(), 5u);
  for (int i = 0; i < 4; ++i) window.answered();
  EXPECT_EQ(window.size(), 5u);
  window.answered();
  EXPECT_EQ(window.size(), 6u);
  for (int i = 0; i < 1000; ++i) window.answered();
  EXPECT_EQ(window.size(), limits::connections_per_next_hop);
  window.unreachable(7);
  EXPECT_EQ(window.size(), 7u);
  window.unreachable(19);
  EXPECT_EQ(window.size(), 7u);
}

// A random run against what must always hold.
TEST(Scheduler, NeverLosesAJobNorExceedsALimit) {
  std::mt19937_64 random(7);
  constexpr std::size_t slots = 12;
  Scheduler scheduler(slots);
  std::vector<SiteId> sites;
  for (int i = 0; i < 6; ++i) sites.push_back(scheduler.add_site());
  std::set<std::uint64_t> waiting;
  std::multimap<SiteId, Assignment> held;
  std::uint64_t added = 0;
  for (int step = 0; step < 200'000; ++step) {
    const auto site = sites[random() % sites.size()];
    const auto mine = held.find(site);
    switch (random() % 8) {
      case 0:
      case 1:
        scheduler.add(site, job(++added), random() % 2 ? Priority::fresh : Priority::retry);
        waiting.insert(added);
        break;
      case 2:
      case 3:
        if (auto next = scheduler.next()) {
          EXPECT_EQ(waiting.erase(next->job.message.value), 1u);
          held.emplace(next->site, *next);
        }
        break;
      case 4:
        if (mine == held.end()) break;
        if (auto more = scheduler.more(site)) {
          EXPECT_EQ(waiting.erase(more->job.message.value), 1u);
          mine->second = *more;
        }
        break;
      case 5:
        if (mine == held.end()) break;
        if (random() % 4 == 0) {
          scheduler.put_back(mine->second);
          waiting.insert(mine->second.job.message.value);
        }
        scheduler.release(site);
        held.erase(mine);
        break;
      case 6:
        if (mine != held.end()) scheduler.answered(site);
        break;
      case 7:
        if (mine != held.end() && random() % 10 == 0)
          scheduler.unreachable(site, static_cast<unsigned>(random() % 4));
        break;
    }
    ASSERT_EQ(scheduler.waiting(), waiting.size());
    ASSERT_EQ(scheduler.busy(), held.size());
    ASSERT_LE(scheduler.busy_with_strangers(), held.size());
    ASSERT_LE(held.size(), slots);
  }
  for (const auto& [site, assignment] : held) scheduler.release(site);
  while (auto next = scheduler.next()) {
    EXPECT_EQ(waiting.erase(next->job.message.value), 1u);
    scheduler.release(next->site);
  }
  EXPECT_TRUE(waiting.empty()) << "a site with waiting jobs and free slots was forgotten";
}

}  // namespace
}  // namespace malleposte::queue
