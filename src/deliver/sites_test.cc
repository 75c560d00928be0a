// Which domains share a site, and where their mail goes.
#include "deliver/sites.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "deliver/sites_fixture.h"

namespace malleposte::deliver {
namespace {

using mail::Fate;
using testing::ElementsAre;
using testing::HasSubstr;
using State = SiteStatus::State;

TEST(MxSiteName, HasTheHostsInTheOrderInWhichTheyAreTried) {
  EXPECT_EQ(mx_site_name({{20, "B.example"}, {10, "c.example"}, {20, "a.example"}}),
            "mx:c.example/a.example,b.example");
  EXPECT_EQ(mx_site_name({{5, "c.example"}, {7, "a.example"}, {7, "b.example"}}),
            "mx:c.example/a.example,b.example")
      << "how far they are apart does not matter";
  EXPECT_EQ(mx_site_name({{10, "a.example"}, {10, "a.example"}}), "mx:a.example");
  EXPECT_NE(mx_site_name({{10, "a.example"}, {20, "b.example"}}),
            mx_site_name({{10, "b.example"}, {20, "a.example"}}));
  EXPECT_NE(mx_site_name({{10, "a.example"}, {10, "b.example"}}),
            mx_site_name({{10, "a.example"}, {20, "b.example"}}));
}

TEST_F(SitesByMx, DomainsWithTheSameHostsShareAConnection) {
  auto& shared = provider({"a.example", "b.example", "c.example"}, "1");
  world.resolver.mx("c.example", {{5, "MX.1"}});
  provider({"d.example"}, "2");
  start();
  for (const char* to : {"x@a.example", "x@b.example", "x@c.example", "x@d.example"}) {
    put("s@example.org", {to});
    pass(1s);
  }
  EXPECT_EQ(shared.mails.size(), 3u);
  EXPECT_EQ(shared.connections, 1u);
  EXPECT_THAT(site("a.example")->domains, ElementsAre("a.example", "b.example", "c.example"));
  EXPECT_EQ(site("b.example")->name, "mx:mx.1");
  EXPECT_EQ(site("b.example")->rule, "MX");
  EXPECT_EQ(site("d.example")->name, "mx:mx.2");
  EXPECT_EQ(dispatcher->sites().size(), 2u);
  // One message for several of them is one transaction, once it is known that they belong together.
  put("s@example.org", {"x@a.example", "y@b.example", "z@d.example"});
  pass(0s);
  EXPECT_THAT(shared.mails.back().to, ElementsAre("x@a.example", "y@b.example"));
}

TEST_F(SitesByMx, ADomainWithoutMxIsASiteOfItsOwn) {
  provider({"a.example"}, "1");
  world.resolver.address("mx.1", {"192.0.2.1"});
  world.resolver.mxs["mx.1"] = {net::Lookup::no_data, {}, ""};
  start();
  put("s@example.org", {"x@a.example"});
  put("s@example.org", {"x@mx.1"});
  pass(1s);
  EXPECT_EQ(host("192.0.2.1").connections, 2u);
  EXPECT_EQ(site("mx.1")->name, "mx.1");
}

TEST_F(SitesByMx, ADomainThatCannotBeLookedUpHoldsUpNoneOfTheOthers) {
  auto& good = provider({"good.example"}, "1");
  world.resolver.mxs["slow.example"] = {net::Lookup::failed, {}, "time-out"};
  world.resolver.delays["slow.example"] = 20s;
  start();
  auto both = put("s@example.org", {"x@slow.example", "x@good.example"});
  std::vector<mail::MessageId> slow;
  for (int i = 0; i < 300; ++i) slow.push_back(put("", {"y@slow.example"}));
  pass(1s);
  EXPECT_EQ(last(both, 1).fate, Fate::delivered);
  EXPECT_TRUE(message(both).history[0].empty());
  EXPECT_EQ(good.mails.size(), 1u);
  EXPECT_EQ(std::count(world.resolver.asked.begin(), world.resolver.asked.end(), "MX slow.example"),
            1)
      << "one look-up for all of them";
  pass(20s);
  EXPECT_EQ(last(both, 0).fate, Fate::queued);
  EXPECT_EQ(last(both, 0).answer.text, "the MX of slow.example cannot be looked up: time-out");
  for (auto id : slow) EXPECT_EQ(last(id).answer.status, "4.4.3");
}

TEST_F(SitesByMx, MailForADomainThatIsBeingLookedUpDoesNotTakeAllLeases) {
  world.resolver.mxs["slow.example"] = {net::Lookup::failed, {}, "time-out"};
  world.resolver.delays["slow.example"] = 20s;
  start();
  for (int i = 0; i < 2000; ++i) put("", {"x@slow.example"});
  pass(1s);
  EXPECT_LE(dispatcher->leased_messages(), 500u);
  EXPECT_THAT(world.store.paused, ElementsAre("slow.example"));
  pass(1min);
  EXPECT_EQ(site("slow.example")->state, State::dead);
  EXPECT_THAT(site("slow.example")->reason, HasSubstr("cannot be looked up"));
  world.resolver.delays.clear();
  auto& host = provider({"slow.example"}, "1");
  pass(2h);
  EXPECT_EQ(host.mails.size(), 2000u);
}

TEST_F(SitesByMx, ManySilentDomainsWaitTheirTurnAndKnownOnesDoNot) {
  auto& good = provider({"good.example"}, "1");
  start();
  put("s@example.org", {"x@good.example"});
  pass(1s);
  for (std::size_t i = 0; i < limits::site_lookups + 100; ++i) {
    const auto name = "silent" + std::to_string(i) + ".example";
    world.resolver.mxs[name] = {net::Lookup::failed, {}, "time-out"};
    world.resolver.delays[name] = 10s;
    put("", {"x@" + name});
  }
  pass(2 * limits::mx_answer_kept);  // the good one is asked for again
  put("s@example.org", {"x@good.example"});
  pass(1s);
  EXPECT_EQ(good.mails.size(), 2u);
  EXPECT_LE(world.resolver.asked.size(), limits::site_lookups + 100 + 10);
  pass(30s);
  EXPECT_EQ(dispatcher->leased_messages(), 0u);
}

TEST_F(SitesByMx, NewMailFollowsANewAnswer) {
  auto& before = provider({"a.example"}, "1");
  start();
  put("s@example.org", {"x@a.example"});
  pass(1s);
  auto& after = provider({"a.example"}, "2");
  pass(limits::mx_answer_kept);
  put("s@example.org", {"x@a.example"});
  pass(1s);
  EXPECT_EQ(before.mails.size(), 1u);
  EXPECT_EQ(after.mails.size(), 1u);
  EXPECT_EQ(site("a.example")->name, "mx:mx.2");
}

// A bounce names the domain of the recipient, not another that shares its hosts.
TEST_F(SitesByMx, WhatIsWrongWithADomainIsSaidOfThatDomain) {
  for (const char* domain : {"a.example", "b.example"}) world.resolver.mx(domain, {{10, "gone"}});
  start();
  auto a = put("s@example.org", {"x@a.example"});
  auto b = put("s@example.org", {"x@b.example"});
  pass(1s);
  EXPECT_EQ(last(a).answer.text, "no mail server of a.example has an address");
  EXPECT_EQ(last(b).answer.text, "no mail server of b.example has an address");
  EXPECT_EQ(last(b).fate, Fate::bounced);
  EXPECT_EQ(site("b.example")->state, State::normal) << "the next one is answered as soon";
}

TEST_F(SitesByMx, AHostThatCannotBeReachedIsTriedLastForAWhile) {
  world.resolver.mx("a.example", {{10, "dead.example"}, {20, "alive.example"}});
  world.resolver.address("dead.example", {"192.0.2.1"});
  world.resolver.address("alive.example", {"192.0.2.2"});
  host("192.0.2.1").never_answers = true;
  auto& alive = host("192.0.2.2");
  start();
  put("s@example.org", {"x@a.example"});
  pass(limits::connect_timeout);
  EXPECT_EQ(alive.mails.size(), 1u);
  pass(10s);  // its connection is closed
  put("s@example.org", {"x@a.example"});
  pass(1s);
  EXPECT_EQ(alive.mails.size(), 2u) << "without the time-out of the first";
  EXPECT_THAT(world.network.attempts, ElementsAre("192.0.2.1:25", "192.0.2.2:25", "192.0.2.2:25"));
}

TEST_F(SitesByMx, LimitsOfADestinationAreKept) {
  auto& host = provider({"a.example", "b.example"}, "1");
  limit({"a.example", 1, 3, {}, {}, {}, 4});
  limit({"mx:*.1", 2, {}, {}, {}, {}, 5});
  limit({"mx:mx.1", 3, {}, {}, {}, {}, 6});
  start();
  for (int i = 0; i < 30; ++i) put("s@example.org", {"x@a.example"});
  pass(1s);
  EXPECT_EQ(host.mails.size(), 30u);
  EXPECT_EQ(host.most_open, 1u);
  EXPECT_EQ(host.connections, 10u) << "three messages on each";
  EXPECT_EQ(site("a.example")->name, "mx:mx.1#a.example");
  EXPECT_EQ(site("a.example")->limits_rule, "limits.txt line 4 (a.example)");
  for (int i = 0; i < 10; ++i) put("s@example.org", {"x@b.example"});
  pass(1s);  // its window is wider than the limit now
  pass(10s);
  host.greeting = silence();
  for (int i = 0; i < 20; ++i) {
    put("", {"x@a.example"});
    put("", {"x@b.example"});
  }
  pass(1s);
  EXPECT_EQ(host.open, 1u + 3u);
  EXPECT_EQ(site("b.example")->limits_rule, "limits.txt line 6 (mx:mx.1)");
  EXPECT_EQ(site("b.example")->most, 3u);
  host.greeting = say("220 hello");
  pass(30min);
  EXPECT_EQ(dispatcher->leased_messages(), 0u);
}

TEST_F(SitesByMx, ASiteThatHasHadWhatItsRateAllowsIsShownSo) {
  auto& host = provider({"a.example"}, "1");
  limit({"a.example", {}, {}, 1.0 / 60, {}, {}, 1});
  start();
  for (int i = 0; i < 10; ++i) put("s@example.org", {"x@a.example"});
  pass(1s);
  EXPECT_LT(host.mails.size(), 10u);
  EXPECT_EQ(site("a.example")->state, State::limited);
  EXPECT_TRUE(site("a.example")->until);
  pass(10min);
  EXPECT_EQ(host.mails.size(), 10u);
}

TEST_F(SitesByMx, ReloadedRoutesAndLimitsHoldForNewMail) {
  auto& host = provider({"a.example"}, "1");
  start();
  put("s@example.org", {"x@a.example"});
  pass(1s);
  world.settings.routes_file = "routes.txt";
  world.settings.routes = {{"a.example", {{"192.0.2.7", 25, false}}, 7}};
  limit({"route:[192.0.2.7]:25", 2, {}, {}, {}, {}, 1});
  auto& elsewhere = world.network.host("192.0.2.7:25");
  routes.emplace(world.settings);
  dispatcher->reload();
  put("s@example.org", {"x@a.example"});
  pass(1s);
  EXPECT_EQ(host.mails.size(), 1u);
  EXPECT_EQ(elsewhere.mails.size(), 1u);
  EXPECT_EQ(site("a.example")->name, "route:[192.0.2.7]:25");
  EXPECT_EQ(site("a.example")->rule, "routes.txt line 7 (a.example)");
  EXPECT_EQ(site("a.example")->most, 2u);
}

TEST_F(SitesByMx, WhatIsBeingLookedUpWhenRoutesChangeGoesByThoseOfBefore) {
  auto& host = provider({"a.example"}, "1");
  world.resolver.delays["a.example"] = 10s;
  start();
  put("s@example.org", {"x@a.example"});
  pass(1s);
  world.settings.routes = {{"a.example", {{"192.0.2.7", 25, false}}, 7}};
  auto& elsewhere = world.network.host("192.0.2.7:25");
  routes.emplace(world.settings);
  dispatcher->reload();
  pass(10s);
  EXPECT_EQ(host.mails.size(), 1u);
  put("s@example.org", {"x@a.example"});
  pass(1s);
  EXPECT_EQ(host.mails.size(), 1u);
  EXPECT_EQ(elsewhere.mails.size(), 1u);
}

TEST_F(SitesByMx, WhatTheOperatorWantsReturnedIsNotTried) {
  provider({"a.example", "b.example"}, "1");
  world.store.orders_given = {
      {7, spool::StandingOrder::Kind::bounce, "a.example", "they are gone", "anna", {}, {}}};
  world.store.bounced_by["a.example"] = 7;
  start();
  auto id = put("s@example.org", {"x@a.example", "y@b.example"});
  pass(1s);
  EXPECT_EQ(last(id, 0).fate, Fate::bounced);
  EXPECT_EQ(last(id, 0).answer.status, "5.7.1");
  EXPECT_EQ(last(id, 0).answer.text, "returned by the operator: they are gone");
  EXPECT_EQ(last(id, 0).answer.outcome_class, mail::OutcomeClass::by_operator);
  EXPECT_EQ(last(id, 1).fate, Fate::delivered);
  ASSERT_EQ(world.store.generated.size(), 1u);
  EXPECT_THAT(world.store.generated[0].content, HasSubstr("they are gone"));
  EXPECT_EQ(host("192.0.2.1").mails.at(0).to, std::vector<std::string>{"y@b.example"});
}

TEST_F(SitesByMx, AMessageThatWasSentElsewhereGoesThere) {
  auto& usual = provider({"a.example"}, "1");
  auto& elsewhere = world.network.host("192.0.2.7:2525");
  start();
  auto id = put("s@example.org", {"x@a.example"});
  message(id).next_hop = "[192.0.2.7]:2525";
  put("s@example.org", {"x@a.example"});
  pass(1s);
  EXPECT_EQ(elsewhere.mails.size(), 1u);
  EXPECT_EQ(usual.mails.size(), 1u);
  EXPECT_EQ(last(id).answer.address, "192.0.2.7:2525");
}

TEST_F(SitesByMx, ALifetimeOfItsOwnEndsAMessage) {
  provider({"a.example"}, "1").refuses_connections = true;
  start();
  auto id = put("s@example.org", {"x@a.example"});
  message(id).lifetime = 30min;
  pass(1h);
  EXPECT_EQ(last(id).fate, Fate::expired);
}

}  // namespace
}  // namespace malleposte::deliver
