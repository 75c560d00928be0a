#include "deliver/route_table.h"

#include <gtest/gtest.h>

namespace malleposte::deliver {
namespace {

config::Settings settings() {
  config::Settings s;
  s.routes_file = "routes.txt";
  s.routes = {{"example.org", {{"exact.example", 0, false}}, 1},
              {".example.org", {{"sub.example", 0, true}}, 2},
              {".deep.example.org", {{"deep.example", 2525, true}, {"::1", 25, false}}, 3}};
  s.smart_relay = {{"relay.example", 0, true}};
  return s;
}

TEST(RouteTable, TheMostSpecificPatternWins) {
  RouteTable routes(settings());
  EXPECT_EQ(routes.plan("example.org")->rule, "routes.txt line 1 (example.org)");
  EXPECT_EQ(routes.plan("a.example.org")->rule, "routes.txt line 2 (.example.org)");
  EXPECT_EQ(routes.plan("deep.example.org")->rule, "routes.txt line 2 (.example.org)");
  EXPECT_EQ(routes.plan("a.b.deep.example.org")->rule, "routes.txt line 3 (.deep.example.org)");
  EXPECT_EQ(routes.plan("notexample.org")->rule, "smart_relay");
}

TEST(RouteTable, ALineMayLeadIntoMailboxes) {
  auto s = settings();
  EXPECT_FALSE(RouteTable(s).into_mailboxes());
  s.routes.push_back({"here.example", {}, 8, "/srv/{local}"});
  const RouteTable routes(s);
  EXPECT_TRUE(routes.into_mailboxes());
  const auto plan = routes.plan("here.example");
  EXPECT_FALSE(plan->nowhere());
  EXPECT_EQ(plan->key, "route:maildir:/srv/{local}");
  EXPECT_EQ(plan->maildir, "/srv/{local}");
}

TEST(RouteTable, AStarComesBeforeSmartRelay) {
  auto s = settings();
  s.routes.push_back({"*", {{"all.example", 0, true}}, 9});
  RouteTable routes(s);
  EXPECT_EQ(routes.plan("net.example")->rule, "routes.txt line 9 (*)");
  EXPECT_EQ(routes.plan("example.org")->rule, "routes.txt line 1 (example.org)");
}

TEST(RouteTable, WithoutAnyRuleTheDomainIsItsOwnNextHop) {
  RouteTable routes{config::Settings{}};
  auto plan = routes.plan("example.org");
  EXPECT_TRUE(plan->own_domain);
  EXPECT_EQ(plan->rule, "MX");
  EXPECT_EQ(plan->next_hops, (std::vector<config::NextHop>{{"example.org", 0, true}}));
}

TEST(RouteTable, AddressLiteralsAreTheirOwnHost) {
  RouteTable routes{config::Settings{}};
  EXPECT_EQ(routes.plan("[192.0.2.1]")->next_hops,
            (std::vector<config::NextHop>{{"192.0.2.1", 0, false}}));
  EXPECT_EQ(routes.plan("[ipv6:2001:db8::1]")->next_hops,
            (std::vector<config::NextHop>{{"2001:db8::1", 0, false}}));
  EXPECT_TRUE(routes.plan("[nonsense]")->next_hops.empty());
  for (const char* nobodys : {"[127.0.0.1]", "[0.0.0.0]", "[ipv6:::1]", "[224.0.0.1]"})
    EXPECT_TRUE(routes.plan(nobodys)->next_hops.empty()) << nobodys;
  config::Settings at_home;
  at_home.allow_loopback_mx = true;
  EXPECT_FALSE(RouteTable(at_home).plan("[127.0.0.1]")->next_hops.empty());
  EXPECT_TRUE(routes.plan("")->next_hops.empty());
}

TEST(RouteTable, SitesAreNamedByTheirNextHops) {
  RouteTable routes(settings());
  EXPECT_EQ(routes.plan("x.deep.example.org")->key, "route:deep.example:2525,[::1]:25");
  EXPECT_EQ(routes.plan("a.example")->key, routes.plan("b.example")->key);
  RouteTable plain{config::Settings{}};
  EXPECT_NE(plain.plan("relay.example")->key, routes.plan("a.example")->key);
  EXPECT_NE(plain.plan("")->key, plain.plan("[nonsense]")->key);  // each has its own reason
}

TEST(RouteTable, TheOperatorMaySendAMessageElsewhere) {
  const auto plan = rerouted_plan("[192.0.2.9]:26, other.example");
  EXPECT_EQ(plan->rule, "re-routed by the operator");
  EXPECT_EQ(plan->key, "route:[192.0.2.9]:26,other.example");
  EXPECT_FALSE(plan->own_domain);
  EXPECT_EQ(plan->next_hops.size(), 2u);
}

TEST(RouteTable, TheOperatorMayHaveMailReturned) {
  const auto plan = bounced_plan(7, "they are gone");
  EXPECT_TRUE(plan->next_hops.empty());
  EXPECT_EQ(plan->status + ' ' + plan->rule, "5.7.1 returned by the operator: they are gone");
  EXPECT_TRUE(plan->by_operator);
  EXPECT_NE(plan->key, bounced_plan(8, "they are gone")->key);
}

}  // namespace
}  // namespace malleposte::deliver
