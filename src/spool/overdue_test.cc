// What is given out though its site is left alone, as its sender is to be told.
#include <gtest/gtest.h>

#include <algorithm>

#include "spool/queue_fixture.h"

namespace malleposte::spool {
namespace {

using namespace std::chrono_literals;

constexpr WallTime morning{std::chrono::hours(24 * 365 * 56)};

std::uint64_t arrived(Duration after) {
  return first_id_at(morning + after);
}

Overdue round(Duration expired, Duration late) {
  return {morning + expired, morning + late};
}

Ids overdue(Index& index, Overdue round, Tick at = now) {
  Ids ids;
  while (!round.through)
    for (auto slot : index.lease_overdue(at, round)) ids.push_back(index[slot].id.value);
  return ids;
}

TEST(Overdue, WhatIsTooOldOrLateIsGivenOutThoughItsDomainIsPaused) {
  Index index;
  for (auto age : {1s, 2s, 11s, 12s, 21s}) index.put(item(arrived(age), {"a.example"}), {});
  index[*index.find({arrived(12s)})].warned = true;
  index[*index.find({arrived(1s)})].warned = true;
  index.pause("a.example");
  EXPECT_EQ(lease(index), Ids{});
  EXPECT_EQ(overdue(index, round(10s, 20s)), (Ids{arrived(1s), arrived(2s), arrived(11s)}));
  EXPECT_EQ(overdue(index, round(10s, 20s)), Ids{}) << "they are in somebody's hand";
}

TEST(Overdue, WhatIsNotDueOrHeldOrSuspendedOrOpenIsNotOverdue) {
  Index index;
  const auto due_later = arrived(1s), held = arrived(2s), suspended = arrived(3s),
             open = arrived(4s), both = arrived(5s), from_nobody = arrived(11s);
  index.put(item(due_later, {"a.example"}, now + 1), {});
  index[index.put(item(held, {"a.example"}), {})].held = true;
  index.put(item(suspended, {"b.example"}), {});
  index.put(item(open, {"c.example"}), {});
  index.put(item(both, {"c.example", "a.example"}), {});
  auto bounce = item(from_nobody, {"a.example"});
  bounce.sender = "";
  index.put(bounce, {});
  index.pause("a.example");
  index.pause("b.example");
  index.set_standing(*index.find_domain("b.example"), true, 0);
  EXPECT_EQ(overdue(index, round(10s, 20s)), Ids{both});
  EXPECT_EQ(leased_recipients(index, both), std::vector<std::size_t>{1});
  EXPECT_EQ(overdue(index, round(10s, 20s), now + 1), Ids{due_later});
  auto quiet = item(arrived(12s), {"a.example"});
  quiet.recipients[0].notify.failure = true;
  index.put(quiet, {});
  EXPECT_EQ(overdue(index, round(10s, 20s)), Ids{}) << "its sender does not want to know";
  EXPECT_EQ(overdue(index, round(12s, 20s)), Ids{from_nobody}) << "nobody can be warned of it";
}

TEST(Overdue, ARoundThroughAVeryLongQueueIsInSteps) {
  Index index;
  for (int i = 0; i < 5000; ++i)
    index.put(item(arrived(std::chrono::seconds(i)), {"a.example"}), {});
  index.pause("a.example");
  auto steps = round(1h, 1h);
  std::size_t most = 0, all = 0;
  while (!steps.through) {
    const auto leased = index.lease_overdue(now, steps).size();
    most = std::max(most, leased);
    all += leased;
  }
  EXPECT_EQ(all, 3600u);
  EXPECT_LE(most, 1000u);
}

}  // namespace
}  // namespace malleposte::spool
