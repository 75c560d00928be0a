#include "queue/scheduler.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

namespace malleposte::queue {
namespace {

using namespace std::chrono_literals;
using Unreached = Scheduler::Unreached;

constexpr SteadyTime start{std::chrono::hours(1)};
constexpr Terms fresh{}, retry{.retry = true};

Job job(std::uint64_t n) {
  return {mail::MessageId{n}, 0};
}

// A site that has answered, so that it may have Window::quick connections.
SiteId add_known_site(Scheduler& scheduler) {
  const auto site = scheduler.add_site();
  for (unsigned i = 1; i < Window::quick; ++i) scheduler.answered(site);
  return site;
}

// Fails until the site is given up.
void kill(Scheduler& scheduler, SiteId site, SteadyTime now = start) {
  while (scheduler.unreachable(site, 0, now) != Unreached::defer_all) continue;
}

TEST(Scheduler, GivesJobsInOrderOfArrival) {
  Scheduler scheduler(100);
  auto site = add_known_site(scheduler);
  for (std::uint64_t n : {1, 2, 3}) scheduler.add(site, job(n), fresh);
  for (std::uint64_t n : {1, 2, 3}) EXPECT_EQ(scheduler.next(start)->job, job(n));
  EXPECT_FALSE(scheduler.next(start));
  EXPECT_EQ(scheduler.busy(site), 3u);
}

TEST(Scheduler, SitesTakeTurns) {
  Scheduler scheduler(100);
  auto a = add_known_site(scheduler), b = add_known_site(scheduler);
  for (std::uint64_t n = 0; n < 10; ++n) scheduler.add(a, job(n), fresh);
  scheduler.add(b, job(100), fresh);
  scheduler.add(b, job(101), fresh);
  std::vector<SiteId> order;
  for (int i = 0; i < 4; ++i) order.push_back(scheduler.next(start)->site);
  EXPECT_EQ(order, (std::vector<SiteId>{a, b, a, b}));
}

TEST(Scheduler, ASiteHasNoMoreConnectionsThanItsWindow) {
  Scheduler scheduler(100);
  auto site = add_known_site(scheduler);
  for (std::uint64_t n = 0; n < 10; ++n) scheduler.add(site, job(n), fresh);
  for (unsigned i = 0; i < Window::quick; ++i) EXPECT_TRUE(scheduler.next(start));
  EXPECT_FALSE(scheduler.next(start));
  scheduler.release(site, start);
  EXPECT_TRUE(scheduler.next(start));
  EXPECT_FALSE(scheduler.next(start));
}

TEST(Scheduler, AllSitesTogetherHaveTheSlots) {
  Scheduler scheduler(3);
  for (std::uint64_t n = 0; n < 5; ++n) scheduler.add(add_known_site(scheduler), job(n), fresh);
  std::optional<Assignment> last;
  for (int i = 0; i < 3; ++i) last = scheduler.next(start);
  EXPECT_FALSE(scheduler.next(start));
  scheduler.release(last->site, start);
  EXPECT_TRUE(scheduler.next(start));
  EXPECT_FALSE(scheduler.next(start));
}

TEST(Scheduler, AHeldSlotTakesMoreOnlyWhileNobodyElseWaits) {
  Scheduler scheduler(1);
  auto a = add_known_site(scheduler), b = add_known_site(scheduler);
  scheduler.add(a, job(1), fresh);
  scheduler.add(a, job(2), fresh);
  scheduler.add(a, job(3), fresh);
  EXPECT_EQ(scheduler.next(start)->site, a);
  // Its own turn is listed: it counts as waiting, so the round stays fair.
  scheduler.release(a, start);
  EXPECT_EQ(scheduler.next(start)->job, job(2));
  scheduler.add(b, job(9), fresh);
  EXPECT_FALSE(scheduler.more(a, start));
  scheduler.release(a, start);
  EXPECT_EQ(scheduler.next(start)->site, a);
  scheduler.release(a, start);
  EXPECT_EQ(scheduler.next(start)->site, b);
}

TEST(Scheduler, MoreKeepsTheSlot) {
  Scheduler scheduler(10);
  auto a = add_known_site(scheduler);
  for (std::uint64_t n = 0; n < Window::quick + 2; ++n) scheduler.add(a, job(n), fresh);
  while (scheduler.next(start)) continue;
  EXPECT_EQ(scheduler.more(a, start)->job, job(Window::quick));
  EXPECT_EQ(scheduler.busy(a), Window::quick);
  EXPECT_TRUE(scheduler.more(a, start));
  EXPECT_FALSE(scheduler.more(a, start));
}

TEST(Scheduler, WhatIsPutBackIsFirstInLine) {
  Scheduler scheduler(10);
  auto site = add_known_site(scheduler);
  scheduler.add(site, job(1), fresh);
  scheduler.add(site, job(2), fresh);
  auto first = scheduler.next(start);
  scheduler.put_back(*first);
  scheduler.release(site, start);
  EXPECT_EQ(scheduler.next(start)->job, job(1));
  EXPECT_EQ(scheduler.next(start)->job, job(2));
}

// clause: 5321-4.5.4.1-e
TEST(Scheduler, ADeadSiteIsProbedByOneAtATime) {
  Scheduler scheduler(10);
  auto site = add_known_site(scheduler);
  for (std::uint64_t n = 0; n < 7; ++n) scheduler.add(site, job(n), fresh);
  for (unsigned i = 0; i < Window::quick; ++i) ASSERT_TRUE(scheduler.next(start));
  for (unsigned i = 1; i < Window::quick; ++i) {
    EXPECT_EQ(scheduler.unreachable(site, 0, start), Unreached::defer_job);
    scheduler.release(site, start);
  }
  EXPECT_EQ(scheduler.unreachable(site, 0, start), Unreached::defer_all);
  scheduler.release(site, start);
  EXPECT_EQ(scheduler.window(site), 1u);
  EXPECT_FALSE(scheduler.next(start));
  const auto probe = scheduler.next_ready();
  EXPECT_EQ(probe, start + limits::first_probe);
  EXPECT_EQ(scheduler.waits_until(site), probe);
  EXPECT_FALSE(scheduler.next(probe - 1us));
  EXPECT_TRUE(scheduler.next(probe));
  EXPECT_FALSE(scheduler.next(probe));
  EXPECT_EQ(scheduler.unreachable(site, 0, probe), Unreached::defer_all);
  EXPECT_EQ(scheduler.take_waiting(site), job(6));
  EXPECT_EQ(scheduler.take_waiting(site), std::nullopt);
  scheduler.release(site, probe);
  scheduler.add(site, job(7), fresh);
  EXPECT_EQ(scheduler.next_ready(), probe + 2 * limits::first_probe);
}

TEST(Scheduler, ADeadSiteThatAnswersIsServedAgain) {
  Scheduler scheduler(10);
  auto site = add_known_site(scheduler);
  for (std::uint64_t n = 0; n < 9; ++n) scheduler.add(site, job(n), fresh);
  ASSERT_TRUE(scheduler.next(start));
  kill(scheduler, site);
  scheduler.release(site, start);
  ASSERT_FALSE(scheduler.next(start));
  scheduler.probe_now(site);
  ASSERT_TRUE(scheduler.next(start));
  EXPECT_FALSE(scheduler.more(site, start)) << "nothing rides behind a probe";
  scheduler.answered(site);
  EXPECT_FALSE(scheduler.dead(site));
  EXPECT_FALSE(scheduler.next(start)) << "its window is one";
  EXPECT_TRUE(scheduler.more(site, start));
  scheduler.answered(site);
  EXPECT_TRUE(scheduler.next(start));
}

TEST(Scheduler, AJobWaitsForThoseThatWork) {
  Scheduler scheduler(10);
  auto site = add_known_site(scheduler);
  for (std::uint64_t n = 0; n < 9; ++n) scheduler.add(site, job(n), fresh);
  ASSERT_TRUE(scheduler.next(start));
  const auto second = scheduler.next(start);
  EXPECT_EQ(scheduler.unreachable(site, 1, start), Unreached::wait);
  scheduler.put_back(*second);
  scheduler.release(site, start);
  EXPECT_FALSE(scheduler.next(start));
  scheduler.answered(site);
  EXPECT_EQ(scheduler.next(start)->job, second->job);
}

TEST(Scheduler, ASiteKeepsToItsLimits) {
  Scheduler scheduler(10);
  auto site = add_known_site(scheduler);
  for (std::uint64_t n = 0; n < 20; ++n) scheduler.add(site, job(n), fresh);
  scheduler.set_limits(site, {2, 7, 0});
  EXPECT_EQ(scheduler.limits(site).messages, 7u);
  ASSERT_TRUE(scheduler.next(start));
  ASSERT_TRUE(scheduler.next(start));
  EXPECT_FALSE(scheduler.next(start));
  scheduler.set_limits(site, {1, 7, 0});
  EXPECT_FALSE(scheduler.more(site, start)) << "one connection too many";
  scheduler.release(site, start);
  EXPECT_TRUE(scheduler.more(site, start));
}

TEST(Scheduler, ASiteWaitsForItsRate) {
  Scheduler scheduler(10);
  auto site = add_known_site(scheduler);
  scheduler.set_limits(site, {5, 100, 0.5});
  for (std::uint64_t n = 0; n < 3; ++n) scheduler.add(site, job(n), fresh);
  ASSERT_TRUE(scheduler.next(start));
  EXPECT_FALSE(scheduler.more(site, start));
  EXPECT_FALSE(scheduler.next(start));
  EXPECT_EQ(scheduler.next_ready(), start + 2s);
  EXPECT_TRUE(scheduler.next(start + 2s));
  EXPECT_FALSE(scheduler.more(site, start + 3s));
  EXPECT_TRUE(scheduler.more(site, start + 4s));
}

TEST(Scheduler, WhatEndsBeforeItsTurnTakesNoSlot) {
  Scheduler scheduler(1);
  auto site = scheduler.add_site();
  scheduler.add(site, job(1), {.deadline = start + 1min, .ends_then = true});
  kill(scheduler, site);
  EXPECT_FALSE(scheduler.take_ended(start));
  EXPECT_LE(scheduler.next_ready(), start + 1min);
  const auto ended = scheduler.take_ended(start + 1min);
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->job, job(1));
  EXPECT_EQ(scheduler.waiting(), 0u);
  EXPECT_EQ(scheduler.next_ready(), never);
}

// A hundred slow sites would soon hold every slot, as each of their turns takes so long.
TEST(Scheduler, SlowSitesHaveNoMoreSlotsThanTheirShare) {
  constexpr std::size_t slots = 64;
  Scheduler scheduler(slots);
  std::vector<SiteId> quick, tardy;
  std::uint64_t number = 0;
  const auto fill = [&](SiteId site) {
    for (int i = 0; i < 50; ++i) scheduler.add(site, job(++number), fresh);
  };
  for (int i = 0; i < 36; ++i) quick.push_back(add_known_site(scheduler));
  for (int i = 0; i < 12; ++i) tardy.push_back(add_known_site(scheduler));
  for (auto site : tardy) fill(site);
  std::vector<SiteId> held;
  while (auto next = scheduler.next(start)) held.push_back(next->site);
  ASSERT_EQ(held.size(), 60u) << "nobody else wants them";
  const auto now = start + 2 * limits::slow_delivery;
  for (auto site : held) scheduler.release(site, now);
  for (auto site : quick) fill(site);
  const auto later =
      now + 1min;  // what was in use while nobody knew that they are slow is forgotten
  std::size_t quick_ones = 0;
  while (auto next = scheduler.next(later))
    quick_ones += static_cast<std::size_t>(next->site < quick.size());
  EXPECT_EQ(scheduler.busy(), slots);
  EXPECT_EQ(scheduler.busy_with_slow(), slots / 4) << "12 of 48 sites";
  EXPECT_EQ(quick_ones, slots - slots / 4);
}

// Sites that lead nowhere hold their slots for long; those that work go on beside them.
TEST(Scheduler, StrangersLeaveAQuarterOfTheSlots) {
  Scheduler scheduler(8);
  const auto good = add_known_site(scheduler);
  scheduler.add(good, job(1), fresh);
  ASSERT_TRUE(scheduler.next(start));
  scheduler.answered(good);
  scheduler.release(good, start);
  for (std::uint64_t n = 0; n < 20; ++n) scheduler.add(scheduler.add_site(), job(100 + n), fresh);
  std::vector<SiteId> held;
  while (auto assignment = scheduler.next(start)) held.push_back(assignment->site);
  EXPECT_EQ(held.size(), 6u);
  EXPECT_EQ(scheduler.busy_with_strangers(), 6u);
  for (std::uint64_t n = 0; n < 3; ++n) scheduler.add(good, job(n), fresh);
  EXPECT_EQ(scheduler.next(start)->site, good);
  EXPECT_EQ(scheduler.next(start)->site, good);
  EXPECT_FALSE(scheduler.next(start)) << "all slots are in use";
  scheduler.release(held[0], start);
  EXPECT_NE(scheduler.next(start)->site, good) << "the other one's turn";
  EXPECT_FALSE(scheduler.more(held[1], start)) << "others wait for a stranger's slot";
}

TEST(Scheduler, ASlotIsNotGivenUpForStrangersThatMayNotHaveIt) {
  Scheduler scheduler(4);
  const auto good = scheduler.add_site();
  scheduler.set_limits(good, {1, 100, 0});
  scheduler.answered(good);
  for (std::uint64_t n = 0; n < 3; ++n) scheduler.add(good, job(n), fresh);
  ASSERT_EQ(scheduler.next(start)->site, good);
  for (std::uint64_t n = 0; n < 5; ++n) scheduler.add(scheduler.add_site(), job(100 + n), fresh);
  std::vector<SiteId> held;
  while (auto assignment = scheduler.next(start)) held.push_back(assignment->site);
  ASSERT_EQ(held.size(), 3u);
  EXPECT_TRUE(scheduler.more(good, start));
  scheduler.release(held[0], start);
  ASSERT_TRUE(scheduler.next(start));
  EXPECT_TRUE(scheduler.more(good, start));
}

TEST(Scheduler, WhoAnswersIsNoStrangerUntilItCannotBeReached) {
  Scheduler scheduler(8);
  const auto site = scheduler.add_site();
  for (std::uint64_t n = 0; n < 4; ++n) scheduler.add(site, job(n), fresh);
  ASSERT_TRUE(scheduler.next(start));
  EXPECT_FALSE(scheduler.next(start)) << "one at a time";
  EXPECT_EQ(scheduler.busy_with_strangers(), 1u);
  scheduler.answered(site);
  scheduler.answered(site);
  EXPECT_EQ(scheduler.busy_with_strangers(), 0u);
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(scheduler.next(start));
  scheduler.unreachable(site, 2, start);  // it takes no more than these
  EXPECT_EQ(scheduler.busy_with_strangers(), 0u);
  scheduler.release(site, start);
  scheduler.unreachable(site, 0, start);
  EXPECT_EQ(scheduler.busy_with_strangers(), 2u);
  scheduler.release(site, start);
  scheduler.release(site, start);
  EXPECT_EQ(scheduler.busy_with_strangers(), 0u);
}

// Also when strangers, of which it was one when it began to wait, have more than their share.
// clause: 5321-4.5.4.1-f
TEST(Scheduler, ASiteThatAnswersWhileItWaitsIsServedAtOnce) {
  Scheduler scheduler(8);
  const auto gone = add_known_site(scheduler), site = scheduler.add_site();
  for (std::uint64_t n = 0; n < 2; ++n) scheduler.add(gone, job(n), fresh);
  for (int i = 0; i < 2; ++i) ASSERT_EQ(scheduler.next(start)->site, gone);
  for (std::uint64_t n = 0; n < 2; ++n) scheduler.add(site, job(10 + n), fresh);
  for (std::uint64_t n = 0; n < 5; ++n) scheduler.add(scheduler.add_site(), job(100 + n), fresh);
  for (int i = 0; i < 6; ++i) ASSERT_TRUE(scheduler.next(start));
  ASSERT_EQ(scheduler.busy(site), 1u);
  ASSERT_EQ(scheduler.waiting(site), 1u);
  scheduler.unreachable(gone, 0, start);
  scheduler.answered(site);
  scheduler.release(gone, start);
  ASSERT_EQ(scheduler.busy_with_strangers(), 6u);
  const auto next = scheduler.next(start);
  ASSERT_TRUE(next);
  EXPECT_EQ(next->site, site);
}

TEST(Scheduler, SlowSitesLeaveWhatTheOthersLatelyUsed) {
  constexpr std::size_t slots = 20;
  Scheduler scheduler(slots);
  const auto tardy = add_known_site(scheduler);
  std::vector<SiteId> quick;
  for (int i = 0; i < 8; ++i) quick.push_back(add_known_site(scheduler));
  for (int i = 0; i < 200; ++i) scheduler.answered(tardy);
  scheduler.add(tardy, job(1), fresh);
  ASSERT_TRUE(scheduler.next(start));
  auto now = start + 10 * limits::slow_delivery;
  scheduler.release(tardy, now);
  now += 1min;
  for (auto site : quick) scheduler.add(site, job(site), fresh);
  for (auto site : quick) EXPECT_TRUE(scheduler.next(now)) << site;
  now += 1ms;
  for (auto site : quick) scheduler.release(site, now);
  for (std::uint64_t n = 0; n < 60; ++n) scheduler.add(tardy, job(100 + n), fresh);
  while (scheduler.next(now)) continue;
  EXPECT_EQ(scheduler.busy_with_slow(), slots - 10) << "8, and a quarter of that";
  while (scheduler.next(now + 1min)) continue;
  EXPECT_EQ(scheduler.busy_with_slow(), slots - slots / 4) << "it is long ago";
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
  auto now = start;
  for (int step = 0; step < 200'000; ++step) {
    now += Duration(random() % 1'000'000);
    const auto site = sites[random() % sites.size()];
    const auto mine = held.find(site);
    switch (random() % 8) {
      case 0:
      case 1:
        scheduler.add(site, job(++added), random() % 2 ? fresh : retry);
        waiting.insert(added);
        break;
      case 2:
      case 3:
        if (auto next = scheduler.next(now)) {
          EXPECT_EQ(waiting.erase(next->job.message.value), 1u);
          held.emplace(next->site, *next);
        }
        break;
      case 4:
        if (mine == held.end()) break;
        if (auto more = scheduler.more(site, now)) {
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
        scheduler.release(site, now);
        held.erase(mine);
        break;
      case 6:
        if (mine != held.end()) scheduler.answered(site);
        break;
      case 7:
        if (mine != held.end() && random() % 10 == 0)
          scheduler.unreachable(site, static_cast<unsigned>(random() % 4), now);
        break;
    }
    ASSERT_EQ(scheduler.waiting(), waiting.size());
    ASSERT_EQ(scheduler.busy(), held.size());
    ASSERT_LE(scheduler.busy_with_strangers(), held.size());
    ASSERT_LE(held.size(), slots);
  }
  for (const auto& [site, assignment] : held) scheduler.release(site, now);
  for (now += 1h; auto next = scheduler.next(now); now += 1h) {
    EXPECT_EQ(waiting.erase(next->job.message.value), 1u);
    scheduler.release(next->site, now);
  }
  EXPECT_TRUE(waiting.empty()) << "a site with waiting jobs and free slots was forgotten";
}

}  // namespace
}  // namespace malleposte::queue
