// Sites that are dead, ask for less, or have enough: their mail waits, and holds up no other's.
#include <gmock/gmock.h>

#include <algorithm>

#include "deliver/sites_fixture.h"

namespace malleposte::deliver {
namespace {

using mail::Fate;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using State = SiteStatus::State;

using ClosedSites = SitesByMx;

TEST_F(ClosedSites, ASiteThatAsksForLessIsLeftAloneAndItsMailWaits) {
  auto& busy = provider({"a.example", "b.example"}, "1");
  busy.answer = refuse("MAIL", "451 4.7.1 too much mail from 192.0.2.99");
  start();
  std::vector<mail::MessageId> ids;
  for (int i = 0; i < 100; ++i)
    ids.push_back(put("s@example.org", {i % 2 == 0 ? "x@a.example" : "x@b.example"}));
  pass(1s);
  std::size_t told = 0;
  for (auto id : ids) told += message(id).history[0].size();
  EXPECT_LE(told, 2u * queue::Window::quick) << "those that were in hand";
  EXPECT_GE(told, 1u);
  EXPECT_EQ(dispatcher->leased_messages(), 0u);
  EXPECT_THAT(world.store.paused, ElementsAre("a.example", "b.example"));
  auto status = site("b.example");
  ASSERT_TRUE(status);
  EXPECT_EQ(status->state, State::backing_off);
  EXPECT_EQ(status->reason, "mx.1[192.0.2.1:25] said: 451 4.7.1 too much mail from 192.0.2.99");
  EXPECT_EQ(status->window, 1u);
  ASSERT_TRUE(status->until);
  EXPECT_NEAR(static_cast<double>((*status->until - world.loop.wall()) / 1s), 59, 1);
  EXPECT_THAT(world.record.events.back(), HasSubstr("mx:mx.1 asks for less mail"));

  pass(1min);  // in vain, with one connection
  const auto offered = [&] {
    return std::count_if(busy.commands.begin(), busy.commands.end(),
                         [](const auto& line) { return line.starts_with("MAIL"); });
  };
  const auto before = offered();
  pass(1min);
  EXPECT_EQ(offered(), before) << "twice as long";
  EXPECT_GT(*site("a.example")->until, world.loop.wall());
  busy.answer = {};
  pass(1min);
  EXPECT_EQ(site("a.example")->state, State::normal);
  EXPECT_THAT(world.record.events, testing::Contains(HasSubstr("mx:mx.1 takes mail again")));
  pass(10min);
  EXPECT_EQ(busy.mails.size(), ids.size());
  EXPECT_TRUE(world.store.paused.empty());
}

TEST_F(ClosedSites, MailWhoseLifetimeEndsWhileItsSiteAsksForLessIsReturned) {
  auto& busy = provider({"a.example"}, "1");
  busy.answer = refuse("MAIL", "451 4.7.1 too much mail from 192.0.2.99");
  start();
  std::vector<mail::MessageId> ids;
  for (int i = 0; i < 50; ++i) {
    ids.push_back(put("s@example.org", {"x@a.example"}));
    message(ids.back()).lifetime = 1h;
  }
  pass(3h);
  for (auto id : ids) EXPECT_EQ(last(id).fate, Fate::expired);
}

TEST_F(ClosedSites, A421InPlaceOfTheGreetingFailsOneMessageNotAll) {
  auto& full = provider({"a.example"}, "1");
  full.greeting = say_and_close("421 4.3.2 come back later");
  start();
  std::vector<mail::MessageId> ids;
  for (int i = 0; i < 50; ++i) ids.push_back(put("s@example.org", {"x@a.example"}));
  pass(1s);
  std::size_t told = 0;
  for (auto id : ids) told += message(id).history[0].size();
  EXPECT_LE(told, queue::Window::quick);
  EXPECT_EQ(site("a.example")->state, State::backing_off);
  full.greeting = say("220 hello");
  pass(10min);
  EXPECT_EQ(full.mails.size(), ids.size());
}

TEST_F(ClosedSites, A421ThatEndsTheConnectionIsAboutTheSiteWhenItSaysSo) {
  auto& full = provider({"a.example"}, "1");
  full.answer = [](const std::string& line, const std::string&) -> std::optional<Say> {
    if (!line.starts_with("MAIL")) return std::nullopt;
    return say_and_close("421 4.7.0 [TSS04] temporarily deferred due to user complaints");
  };
  start();
  put("s@example.org", {"x@a.example"});
  pass(1s);
  EXPECT_EQ(site("a.example")->state, State::backing_off);
  EXPECT_THAT(site("a.example")->reason, HasSubstr("[TSS04]"));
}

TEST_F(ClosedSites, WhatIsSaidOfARecipientLeavesTheSiteAlone) {
  auto& fussy = provider({"a.example"}, "1");
  fussy.answer = refuse("RCPT", "451 4.7.1 Greylisted, try again in 300 seconds");
  start();
  for (int i = 0; i < 20; ++i) put("s@example.org", {"x@a.example"});
  pass(1s);
  EXPECT_EQ(site("a.example")->state, State::normal);
  for (const auto& [id, message] : world.store.messages) EXPECT_EQ(message.history[0].size(), 1u);
}

TEST_F(ClosedSites, NewMailForADeadSiteWaitsUntilItIsTriedAgain) {
  auto& dead = provider({"a.example"}, "1");
  dead.refuses_connections = true;
  start();
  for (unsigned i = 0; i <= queue::Window::quick; ++i) {
    put("s@example.org", {"x@a.example"});
    pass(1s);
  }
  EXPECT_EQ(site("a.example")->state, State::dead);
  EXPECT_THAT(site("a.example")->reason, HasSubstr("Connection refused"));
  EXPECT_THAT(world.record.events.back(), HasSubstr("mx:mx.1 cannot be reached"));
  const auto attempts = world.network.attempts.size();
  auto third = put("s@example.org", {"x@a.example"});
  pass(20s);
  EXPECT_EQ(world.network.attempts.size(), attempts);
  EXPECT_TRUE(message(third).history[0].empty());
  EXPECT_EQ(dispatcher->leased_messages(), 0u) << "it takes no lease from the others";
  pass(1min);
  EXPECT_EQ(world.network.attempts.size(), attempts + 1);
  EXPECT_EQ(message(third).history[0].size(), 1u);
  dead.refuses_connections = false;
  auto fourth = put("s@example.org", {"x@a.example"});
  pass(1s);
  EXPECT_TRUE(message(fourth).history[0].empty());
  world.store.flush(fourth);  // somebody has repaired it
  pass(1s);
  EXPECT_EQ(last(fourth).fate, Fate::delivered);
  EXPECT_EQ(site("a.example")->state, State::normal);
  EXPECT_THAT(world.record.events.back(), HasSubstr("mx:mx.1 is reached again"));
}

TEST_F(ClosedSites, OneSiteDoesNotTakeAllThatCanBeLeased) {
  auto& slow = provider({"slow.example"}, "1");
  auto& good = provider({"good.example"}, "2");
  slow.greeting = silence();
  start();
  for (std::size_t i = 0; i < 3 * limits::leased_per_site; ++i) put("", {"x@slow.example"});
  pass(1s);
  EXPECT_LE(dispatcher->leased_messages(), limits::leased_per_site + 500);
  EXPECT_THAT(world.store.paused, ElementsAre("slow.example"));
  put("s@example.org", {"x@good.example"});
  pass(1s);
  EXPECT_EQ(good.mails.size(), 1u);
  slow.greeting = say("220 hello");
  pass(2h);
  EXPECT_EQ(slow.mails.size(), 3 * limits::leased_per_site);
}

TEST_F(ClosedSites, WordsOfTheOperatorForASiteAskForLessToo) {
  auto& host = provider({"a.example"}, "1");
  limit({"*", {}, {}, {}, {"not on sundays"}, 10min, 1});
  host.answer = refuse("MAIL", "451 4.3.0 Not on Sundays");
  start();
  put("s@example.org", {"x@a.example"});
  pass(1s);
  EXPECT_EQ(site("a.example")->state, State::backing_off);
  EXPECT_NEAR(static_cast<double>((*site("a.example")->until - world.loop.wall()) / 1s), 599, 1);
}

TEST_F(ClosedSites, SitesWithoutMailAreForgottenAndSoAreTheDeadAfterALongWhile) {
  provider({"a.example"}, "1");
  provider({"b.example"}, "2").refuses_connections = true;
  start();
  put("s@example.org", {"x@a.example"});
  for (unsigned i = 0; i <= queue::Window::quick; ++i) {
    auto id = put("s@example.org", {"x@b.example"});
    message(id).lifetime = 1min;
    pass(1s);
  }
  monitor::Figures figures;
  dispatcher->figures(figures);
  EXPECT_EQ(figures.value("malleposte_sites", {{"state", "normal"}}), 1);
  EXPECT_EQ(figures.value("malleposte_sites", {{"state", "dead"}}), 1);
  pass(10min);
  ASSERT_EQ(dispatcher->sites().size(), 1u);
  EXPECT_EQ(dispatcher->sites()[0].name, "mx:mx.2");
  pass(2h);
  EXPECT_TRUE(dispatcher->sites().empty());
  EXPECT_TRUE(world.store.paused.empty());
}

TEST_F(ClosedSites, ASiteToBeLeftAloneForHoursIsLeftAloneAsLongAsMailWaitsForIt) {
  auto& busy = provider({"a.example"}, "1");
  limit({"*", {}, {}, {}, {"not today"}, 6h, 1});
  busy.answer = refuse("MAIL", "451 4.3.0 Not today");
  start();
  put("s@example.org", {"x@a.example"});
  pass(1s);
  auto waiting = put("s@example.org", {"x@a.example"});
  pass(5h);
  EXPECT_EQ(busy.connections, 1u);
  ASSERT_TRUE(site("a.example"));
  EXPECT_EQ(site("a.example")->state, State::backing_off);
  EXPECT_THAT(world.store.paused, ElementsAre("a.example"));
  busy.answer = {};
  pass(2h);
  EXPECT_EQ(last(waiting).fate, Fate::delivered);
}

TEST_F(ClosedSites, ASiteThatHangsUpOnMessageAfterMessageIsDeadForAllToSee) {
  auto& ill = provider({"a.example"}, "1");
  ill.answer = [](const std::string& line, const std::string&) -> std::optional<Say> {
    if (!line.starts_with("MAIL")) return std::nullopt;
    return say_and_close("421 4.3.0 out of order");
  };
  start();
  for (unsigned i = 0; i <= queue::Window::quick; ++i) {
    put("s@example.org", {"x@a.example"});
    pass(1s);
  }
  ASSERT_EQ(site("a.example")->state, State::dead);
  EXPECT_EQ(site("a.example")->reason, "mx.1[192.0.2.1:25] said: 421 4.3.0 out of order");
  const auto before = ill.connections;
  auto waiting = put("s@example.org", {"x@a.example"});
  pass(1s);
  EXPECT_EQ(dispatcher->leased_messages(), 0u) << "it waits in the store";
  EXPECT_THAT(world.store.paused, ElementsAre("a.example"));
  EXPECT_EQ(ill.connections, before);
  ill.answer = {};
  pass(70s);
  EXPECT_EQ(last(waiting).fate, Fate::delivered);
  EXPECT_EQ(site("a.example")->state, State::normal);
}

TEST_F(ClosedSites, ASiteThatRefusesEverybodyAtTheDoorIsDeadForAllToSee) {
  auto& shut = provider({"a.example"}, "1");
  shut.greeting = say_and_close("554 5.3.2 nobody here takes mail");
  start();
  for (unsigned i = 0; i <= queue::Window::quick; ++i) {
    put("s@example.org", {"x@a.example"});
    pass(1s);
  }
  ASSERT_EQ(site("a.example")->state, State::dead);
  EXPECT_THAT(site("a.example")->reason, HasSubstr("nobody here takes mail"));
  put("s@example.org", {"x@a.example"});
  pass(1s);
  EXPECT_EQ(dispatcher->leased_messages(), 0u);
}

// --- What an operator has said of single messages

TEST_F(ClosedSites, MailThatWasSentToADeadRelayHoldsUpNeitherItsDomainNorOthers) {
  auto& usual = provider({"a.example"}, "1");
  auto& relay = world.network.host("192.0.2.7:2525");
  relay.refuses_connections = true;
  start();
  const auto many = limits::leased_per_site + 600;
  for (std::size_t i = 0; i < many; ++i)
    message(put("", {"x@a.example"})).next_hop = "[192.0.2.7]:2525";
  for (int i = 0; i < 10; ++i) {
    pass(1s);
    EXPECT_LE(dispatcher->leased_messages(), limits::leased_per_site + 500);
    put("s@example.org", {"y@a.example"});
  }
  pass(1s);
  EXPECT_EQ(usual.mails.size(), 10u);
  EXPECT_THAT(world.store.paused, IsEmpty());
  EXPECT_EQ(dispatcher->leased_messages(), 0u);
  EXPECT_LE(world.network.attempts.size(), 1u + 2 * queue::Window::quick) << "left alone";
  relay.refuses_connections = false;
  pass(20min);
  EXPECT_EQ(relay.mails.size(), many);
}

TEST_F(ClosedSites, MailThatWasSentToASlowRelayDoesNotTakeAllLeases) {
  auto& usual = provider({"a.example"}, "1");
  auto& relay = world.network.host("192.0.2.7:2525");
  relay.greeting = silence();
  start();
  const auto many = limits::leased_per_site + 100;
  for (std::size_t i = 0; i < many; ++i)
    message(put("", {"x@a.example"})).next_hop = "[192.0.2.7]:2525";
  pass(1s);
  EXPECT_LE(dispatcher->leased_messages(), limits::leased_per_site + 500);
  EXPECT_THAT(world.store.paused, IsEmpty());
  const auto before = world.store.released;
  pass(1min);
  EXPECT_LE(world.store.released - before, 10 * 100) << "it does not come again at once";
  put("s@example.org", {"y@a.example"});
  pass(1s);
  EXPECT_EQ(usual.mails.size(), 1u);
  relay.greeting = say("220 hello");
  pass(20min);
  EXPECT_EQ(relay.mails.size(), many);
}

TEST_F(ClosedSites, ARelayThatSays421IsLeftAloneAndTheDomainsOfItsMailAreNot) {
  auto& usual = provider({"a.example"}, "1");
  auto& relay = world.network.host("192.0.2.7:2525");
  relay.greeting = say_and_close("421 4.3.2 come back later");
  start();
  for (int i = 0; i < 50; ++i) message(put("", {"x@a.example"})).next_hop = "[192.0.2.7]:2525";
  put("s@example.org", {"y@a.example"});
  pass(10s);
  EXPECT_LE(relay.connections, queue::Window::quick);
  EXPECT_THAT(world.store.paused, IsEmpty());
  EXPECT_EQ(usual.mails.size(), 1u);
  relay.greeting = say("220 hello");
  pass(1h);
  EXPECT_EQ(relay.mails.size(), 50u);
}

TEST_F(ClosedSites, WhatWasGivenALifetimeThatIsOverIsReturnedThoughItsSiteIsDead) {
  provider({"a.example"}, "1").never_answers = true;
  start();
  std::vector<mail::MessageId> ids;
  for (int i = 0; i < 20; ++i) ids.push_back(put("s@example.org", {"x@a.example"}));
  pass(10min);
  ASSERT_EQ(site("a.example")->state, State::dead);
  const auto attempts = world.network.attempts.size();
  auto young = put("s@example.org", {"x@a.example"});
  message(young).lifetime = 10h;
  for (auto id : ids) {
    message(id).lifetime = 1min;
    message(id).due[0] = world.loop.wall();
  }
  pass(1s);
  for (auto id : ids) {
    EXPECT_EQ(last(id).fate, Fate::expired);
    EXPECT_THAT(last(id).answer.text, HasSubstr("timed out"));
  }
  EXPECT_EQ(world.network.attempts.size(), attempts);
  EXPECT_TRUE(message(young).history[0].empty());
}

TEST_F(ClosedSites, WhatIsTooOldWhenItsSiteAsksForLessIsToldTheSameWithoutBeingOffered) {
  auto& busy = provider({"a.example"}, "1");
  limit({"a.example", {}, {}, 1.0 / 60, {}, {}, 1});
  world.settings.queue_lifetime = 30s;
  start();
  std::vector<mail::MessageId> ids;
  for (int i = 0; i < 20; ++i) ids.push_back(put("s@example.org", {"x@a.example"}));
  pass(50s);
  ASSERT_EQ(busy.mails.size(), 1u) << "the others wait for its rate";
  busy.answer = refuse("MAIL", "451 4.7.1 too much mail from 192.0.2.99");
  busy.commands.clear();
  pass(11s);
  EXPECT_EQ(site("a.example")->state, State::backing_off);
  EXPECT_EQ(std::count_if(busy.commands.begin(), busy.commands.end(),
                          [](const auto& line) { return line.starts_with("MAIL"); }),
            1);
  for (std::size_t i = 1; i < ids.size(); ++i) {
    EXPECT_EQ(last(ids[i]).fate, Fate::expired);
    EXPECT_THAT(last(ids[i]).answer.text, HasSubstr("too much mail"));
  }
}

// --- flush and reload

TEST_F(ClosedSites, AFlushTriesTheSitesOfWhatIsMeantAndNoOthers) {
  provider({"a.example"}, "1").refuses_connections = true;
  provider({"b.example"}, "2").refuses_connections = true;
  start();
  std::vector<mail::MessageId> to_a;
  for (unsigned i = 0; i <= queue::Window::quick; ++i) {
    to_a.push_back(put("s@example.org", {"x@a.example"}));
    put("s@example.org", {"x@b.example"});
    pass(1s);
  }
  ASSERT_EQ(site("a.example")->state, State::dead);
  ASSERT_EQ(site("b.example")->state, State::dead);
  const auto before = world.network.attempts.size();
  world.store.flush(to_a.front());
  pass(1s);
  ASSERT_EQ(world.network.attempts.size(), before + 1);
  EXPECT_EQ(world.network.attempts.back(), "192.0.2.1:25");
}

TEST_F(ClosedSites, AFlushTriesTheRelayToWhichMailWasSent) {
  provider({"a.example"}, "1");
  auto& relay = world.network.host("192.0.2.7:2525");
  relay.refuses_connections = true;
  start();
  auto id = put("s@example.org", {"x@a.example"});
  message(id).next_hop = "[192.0.2.7]:2525";
  pass(1s);
  relay.refuses_connections = false;
  world.store.flush(id);
  pass(1s);
  EXPECT_EQ(last(id).fate, Fate::delivered);
}

TEST_F(ClosedSites, AreTriedAtOnceWhenMailLeavesAnotherWay) {
  auto& host = provider({"a.example"}, "1");
  host.refuses_connections = true;
  start();
  for (unsigned i = 0; i <= queue::Window::quick; ++i) {
    put("s@example.org", {"x@a.example"});
    pass(1s);
  }
  auto waiting = put("s@example.org", {"x@a.example"});
  pass(1s);
  host.refuses_connections = false;
  world.settings.queue_lifetime = 100h;
  dispatcher->reload();
  pass(1s);
  EXPECT_TRUE(message(waiting).history[0].empty()) << "that has nothing to do with it";
  world.settings.net = "192.0.2.100";
  dispatcher->reload();
  pass(1s);
  EXPECT_EQ(last(waiting).fate, Fate::delivered);
}

}  // namespace
}  // namespace malleposte::deliver
