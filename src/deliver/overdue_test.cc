// What waits in the store for a site that is closed, and is so old that its sender is to be told.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "deliver/sites_fixture.h"

namespace malleposte::deliver {
namespace {

using mail::Fate;
using State = SiteStatus::State;

using Overdue = SitesByMx;

// More than come back to be deferred when it is probed.
TEST_F(Overdue, MailThatWaitsForADeadSiteIsWarnedOfAndExpiresLikeAnyOther) {
  auto& dead = provider({"a.example"}, "1");
  dead.refuses_connections = true;
  world.settings.delay_warning_after = 4h;
  world.settings.queue_lifetime = 6h;
  start();
  for (int i = 0; i < 2500; ++i) put(fmt::format("s{}@example.org", i), {"x@a.example"});
  const auto count = [&](auto&& is_so) {
    return std::ranges::count_if(world.store.messages,
                                 [&](const auto& one) { return is_so(one.second); });
  };
  const auto warned = [](const auto& one) { return one.warned; };
  const auto queued = [](const auto& one) { return !one.generated && one.fate(0) == Fate::queued; };
  pass(3h + 59min);
  EXPECT_EQ(count(warned), 0);
  pass(5min);
  EXPECT_GE(count(warned), 1000) << "but for those that have an attempt before them";
  pass(1h);
  EXPECT_EQ(count(warned), 2500);
  EXPECT_EQ(count(queued), 2500);
  pass(57min);
  const auto attempts = world.network.attempts.size();
  pass(5min);
  EXPECT_EQ(count(queued), 0);
  EXPECT_LE(world.network.attempts.size(), attempts + 2) << "that takes no connections";
}

TEST_F(Overdue, WhatWaitsIsNotConcludedWhileThereIsNothingToTell) {
  auto& busy = provider({"a.example"}, "1");
  limit({"*", {}, {}, {}, {"not today"}, 9h, 1});
  busy.answer = refuse("MAIL", "451 4.3.0 Not today");
  world.settings.delay_warning_after = 4h;
  start();
  put("s@example.org", {"x@a.example"});
  pass(1s);
  const auto only_failures = put("s@example.org", {"x@a.example"});
  message(only_failures).envelope.recipients[0].notify.failure = true;
  const auto released_later = put("s@example.org", {"x@a.example"});
  message(released_later).envelope.requests.held_until = world.loop.wall() + 3h;
  const auto like_any = put("s@example.org", {"x@a.example"});
  pass(5h);
  EXPECT_TRUE(message(like_any).warned);
  for (auto id : {only_failures, released_later}) {
    EXPECT_FALSE(message(id).warned);
    EXPECT_TRUE(message(id).history[0].empty());
  }
  pass(3h);
  EXPECT_TRUE(message(released_later).warned);
  EXPECT_TRUE(message(only_failures).history[0].empty());
}

TEST_F(Overdue, MailThatWasSentToADeadRelayIsWarnedOf) {
  auto& relay = world.network.host("192.0.2.7:2525");
  relay.refuses_connections = true;
  world.settings.delay_warning_after = 4h;
  start();
  for (std::size_t i = 0; i < limits::leased_per_site / 2; ++i)
    message(put("s@example.org", {"x@a.example"})).next_hop = "[192.0.2.7]:2525";
  pass(5h);
  for (const auto& [id, message] : world.store.messages)
    EXPECT_TRUE(message.warned || message.generated);
}

TEST_F(Overdue, WhatIsOverdueIsTakenThoughManyOtherSitesHaveMuchToDo) {
  provider({"dead.example"}, "1").refuses_connections = true;
  world.settings.queue_lifetime = 30min;
  start();
  for (int i = 0; i <= 5; ++i) {
    put("s@example.org", {"x@dead.example"});
    pass(1s);
  }
  pass(61s);
  ASSERT_EQ(site("dead.example")->state, State::dead);
  const auto waits = put("s@example.org", {"x@dead.example"});
  message(waits).envelope.arrived -= 29min;
  for (int n = 2; n < 24; ++n) {
    const auto domain = fmt::format("slow{}.example", n);
    provider({domain}, std::to_string(n)).greeting = silence();
    for (std::size_t i = 0; i < limits::leased_per_site; ++i) put("s@example.org", {"y@" + domain});
  }
  pass(1s);
  EXPECT_EQ(dispatcher->leased_messages(), limits::leased_messages - limits::overdue_at_once);
  world.settings.queue_lifetime = 29min;
  pass(62s);
  EXPECT_EQ(last(waits).fate, Fate::expired);
  stop();
  leftovers_allowed = true;
  pass(10min);  // until the last greeting is given up
  EXPECT_TRUE(in_doubt);
}

}  // namespace
}  // namespace malleposte::deliver
