#include "queue/waiting_jobs.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace malleposte::queue {
namespace {

using namespace std::chrono_literals;

constexpr SteadyTime start{std::chrono::hours(1)};
constexpr SiteId site = 0;

Job job(std::uint64_t n) {
  return {mail::MessageId{n}, 0};
}

// The numbers of up to `most` jobs as they are taken.
std::vector<std::uint64_t> take(WaitingJobs& jobs, std::size_t most = 1000) {
  std::vector<std::uint64_t> order;
  while (order.size() < most) {
    const auto next = jobs.take(site);
    if (!next) break;
    order.push_back(next->message.value);
  }
  return order;
}

using Order = std::vector<std::uint64_t>;

TEST(WaitingJobs, EveryFifthPlaceIsARetrys) {
  WaitingJobs jobs;
  for (std::uint64_t n = 0; n < 20; ++n) jobs.add(site, job(n), {});
  for (std::uint64_t n = 100; n < 110; ++n) jobs.add(site, job(n), {.retry = true});
  EXPECT_EQ(take(jobs, 10), (Order{0, 1, 2, 3, 100, 4, 5, 6, 7, 101}));
  EXPECT_EQ(take(jobs).size(), 20u);
}

TEST(WaitingJobs, SendersTakeTurns) {
  WaitingJobs jobs;
  for (std::uint64_t n = 0; n < 40; ++n) jobs.add(site, job(n), {.sender = 1});
  for (std::uint64_t n = 100; n < 108; ++n) jobs.add(site, job(n), {.sender = 2});
  for (std::uint64_t n = 200; n < 208; ++n) jobs.add(site, job(n), {.sender = 3});
  take(jobs, 3 * limits::newcomer_jobs);
  EXPECT_EQ(take(jobs, 11), (Order{5, 105, 205, 6, 106, 206, 7, 107, 207, 8, 9}));
}

// The trickle of small senders while a thousand others have thousands waiting.
TEST(WaitingJobs, SmallSendersGoBeforeBulk) {
  WaitingJobs jobs;
  for (std::uint64_t n = 0; n < 10'000; ++n)
    jobs.add(site, job(n), {.sender = 1 + static_cast<std::uint32_t>(n) % 1000});
  take(jobs, 1000 * limits::newcomer_jobs);
  for (std::uint64_t n = 0; n < 3; ++n) jobs.add(site, job(20'000 + n), {.sender = 5000});
  EXPECT_EQ(take(jobs, 3), (Order{20'000, 20'001, 20'002}));
}

TEST(WaitingJobs, NewcomersTakeNoMoreThanAFifthFromTheOthers) {
  WaitingJobs jobs;
  for (std::uint64_t n = 0; n < 100'000; ++n)
    jobs.add(site, job(n), {.sender = 1 + static_cast<std::uint32_t>(n) % 1000});
  take(jobs, 1000 * limits::newcomer_jobs);
  std::size_t before_others = 0, places = 0;
  for (std::uint32_t n = 0; n < 10'000; ++n) {  // a new one for every place
    jobs.add(site, job(1'000'000 + n), {.sender = 10'000 + n});
    ++places;
    before_others += static_cast<std::size_t>(take(jobs, 1)[0] >= 1'000'000);
    if (places == 900) break;  // then their usual turns come
  }
  EXPECT_GE(before_others, places / 5);
  EXPECT_LE(before_others, places / 5 + 20);
}

TEST(WaitingJobs, ASenderIsForgottenWithTheLastOfHisJobs) {
  WaitingJobs jobs;
  for (std::uint32_t n = 0; n < 1000; ++n) jobs.add(site, job(n), {.sender = n});
  EXPECT_EQ(jobs.senders(), 1000u);
  take(jobs);
  EXPECT_EQ(jobs.senders(), 0u);
  EXPECT_EQ(jobs.size(), 0u);
}

TEST(WaitingJobs, AWaitingJobTakes32Octets) {
  WaitingJobs jobs;
  constexpr std::size_t many = 100'000;
  for (std::uint32_t n = 0; n < many; ++n) jobs.add(site, job(n), {.sender = n % 100});
  EXPECT_LE(jobs.octets(), 33 * many + 100'000);
  take(jobs, many);
  EXPECT_LE(jobs.octets(), 100'000u) << "what a peak took is given back";
}

// MT-PRIORITY (RFC 6710): two steps are worth twice the places.
TEST(WaitingJobs, PriorityIsAShareOfThePlaces) {
  WaitingJobs jobs;
  for (std::uint64_t n = 0; n < 1000; ++n) {
    jobs.add(site, job(1000 + n), {.priority = 0});
    jobs.add(site, job(5000 + n), {.priority = 4});
    jobs.add(site, job(9000 + n), {.priority = -4});
  }
  std::size_t high = 0, low = 0;
  const auto order = take(jobs, 420);
  for (auto n : order) high += static_cast<std::size_t>(n / 1000 == 5), low += n / 1000 == 9;
  EXPECT_EQ(order.front(), 5000u);
  EXPECT_NEAR(static_cast<double>(high), 320, 4);
  EXPECT_NEAR(static_cast<double>(low), 20, 4);
}

TEST(WaitingJobs, TheLowestPriorityIsNotStarved) {
  WaitingJobs jobs;
  jobs.add(site, job(1), {.priority = -9, .retry = true});
  for (int priority = -9; priority <= 9; ++priority)
    for (std::uint64_t n = 0; n < 5000; ++n) jobs.add(site, job(100 + n), {.priority = priority});
  std::size_t place = 0;
  while (jobs.take(site)->message.value != 1) ++place;
  EXPECT_LE(place, 8000u);
}

TEST(WaitingJobs, ALatePriorityDoesNotCatchUpOnWhatItDidNotAskFor) {
  WaitingJobs jobs;
  for (std::uint64_t n = 0; n < 1000; ++n) jobs.add(site, job(n), {});
  take(jobs, 900);
  for (std::uint64_t n = 0; n < 100; ++n) jobs.add(site, job(5000 + n), {.priority = -2});
  std::size_t low = 0;
  for (auto n : take(jobs, 90)) low += static_cast<std::size_t>(n >= 5000);
  EXPECT_NEAR(static_cast<double>(low), 30, 1);
}

TEST(WaitingJobs, WhatIsSoonToBeThereGoesFirst) {
  WaitingJobs jobs;
  for (std::uint64_t n = 0; n < 20; ++n) jobs.add(site, job(n), {});
  jobs.add(site, job(100), {.deadline = start + 30min});
  jobs.add(site, job(101), {.deadline = start + 40min, .ends_then = true});
  jobs.pass(start);
  EXPECT_EQ(take(jobs, 2), (Order{0, 1}));
  EXPECT_EQ(jobs.next_change(), start + 30min - limits::deadline_near);
  jobs.pass(start + 35min);
  EXPECT_EQ(take(jobs, 4), (Order{100, 2, 101, 3})) << "but not in every place";
  EXPECT_EQ(jobs.next_change(), never);
  EXPECT_FALSE(jobs.take_ended());
}

TEST(WaitingJobs, WhatHasEndedIsInNoLine) {
  WaitingJobs jobs;
  jobs.add(3, job(1), {.deadline = start + 1min, .ends_then = true});
  jobs.add(3, job(2), {.deadline = start + 1min});
  jobs.pass(start);
  EXPECT_EQ(jobs.next_change(), start + 1min);
  jobs.pass(start + 1min);
  const auto ended = jobs.take_ended();
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->site, 3u);
  EXPECT_EQ(ended->job, job(1));
  EXPECT_FALSE(jobs.take_ended());
  EXPECT_EQ(jobs.size(3), 1u);
  EXPECT_EQ(jobs.take(3), job(2));
}

// Anything in any order: nothing is lost, nothing given twice, and nothing left behind.
TEST(WaitingJobs, WhatHasEndedCountsUntilItIsTaken) {
  WaitingJobs jobs;
  jobs.add(site, job(1), {.deadline = start + 1h, .ends_then = true});
  jobs.add_ended(site, job(2));
  jobs.pass(start + 1h);
  jobs.pass(start + 2h);
  EXPECT_EQ(jobs.size(site), 0u) << "neither has a turn";
  EXPECT_EQ(jobs.ended(site), 2u);
  EXPECT_EQ(jobs.size(), 2u);
  EXPECT_FALSE(jobs.take(site));
  EXPECT_TRUE(jobs.take_ended());
  EXPECT_EQ(jobs.ended(site), 1u);
  EXPECT_TRUE(jobs.take_ended());
  EXPECT_FALSE(jobs.take_ended());
  EXPECT_EQ(jobs.size(), 0u);
}

TEST(WaitingJobs, GivesEveryJobOnce) {
  std::mt19937_64 random(11);
  WaitingJobs jobs;
  std::set<std::uint64_t> waiting;
  std::uint64_t number = 0;
  auto now = start;
  const auto gone = [&](std::uint64_t value) { EXPECT_EQ(waiting.erase(value), 1u); };
  for (int step = 0; step < 200'000; ++step) {
    now += Duration(random() % 2'000'000);
    const auto line = static_cast<SiteId>(random() % 3);
    if (random() % 100 < 52) {
      Terms terms{static_cast<std::uint32_t>(random() % 20), static_cast<int>(random() % 19) - 9,
                  random() % 2 == 0};
      if (random() % 4 == 0) terms.deadline = now + Duration(random() % 2'000'000'000);
      terms.ends_then = random() % 2 == 0;
      jobs.add(line, job(++number), terms);
      waiting.insert(number);
    } else if (const auto next = jobs.take(line)) {
      gone(next->message.value);
      if (random() % 10 == 0) {
        jobs.put_back(line, *next);
        waiting.insert(next->message.value);
      }
    }
    jobs.pass(now);
    while (const auto ended = jobs.take_ended()) gone(ended->job.message.value);
    ASSERT_EQ(jobs.size(), waiting.size());
  }
  for (SiteId line = 0; line < 3; ++line)
    while (const auto next = jobs.take(line)) gone(next->message.value);
  EXPECT_TRUE(waiting.empty());
  EXPECT_EQ(jobs.senders(), 0u);
  EXPECT_EQ(jobs.next_change(), never);
}

}  // namespace
}  // namespace malleposte::queue
