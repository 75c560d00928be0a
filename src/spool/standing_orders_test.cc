#include "spool/standing_orders.h"

#include <gtest/gtest.h>

#include "base/limits.h"

namespace malleposte::spool {
namespace {

using namespace std::chrono_literals;
using Kind = StandingOrder::Kind;
constexpr WallTime now{1000h};

StandingOrder order(Kind kind, std::string pattern, std::optional<WallTime> until = {}) {
  auto checked = StandingOrders::checked({0, kind, std::move(pattern), "", "", now, until}, now);
  EXPECT_TRUE(checked) << checked.error().text;
  return checked ? *checked : StandingOrder{};
}

TEST(StandingOrders, APatternMeansADomainAllBelowItOrEverything) {
  StandingOrders orders;
  EXPECT_EQ(orders.suspends("example.org"), nullptr);
  const auto exact = orders.add(order(Kind::suspend, "Example.ORG"));
  const auto below = orders.add(order(Kind::suspend, ".example.org"));
  EXPECT_EQ(orders.suspends("example.org")->number, exact);
  EXPECT_EQ(orders.suspends("a.example.org")->number, below);
  EXPECT_EQ(orders.suspends("a.b.example.org")->number, below);
  EXPECT_EQ(orders.suspends("anexample.org"), nullptr);
  EXPECT_EQ(orders.bounces("example.org"), nullptr) << "another kind";
  const auto all = orders.add(order(Kind::suspend, "*"));
  EXPECT_EQ(orders.suspends("example.net")->number, all);
  EXPECT_EQ(orders.suspends("example.org")->number, exact) << "the most exact one";
  for (const char* domain : {"example.org", "a.example.org", "anexample.org", "net"})
    for (const char* pattern : {"example.org", ".example.org"}) {
      StandingOrders one;
      one.add(order(Kind::bounce, pattern));
      EXPECT_EQ(means_domain(pattern, domain), one.bounces(domain) != nullptr) << domain;
    }
}

TEST(StandingOrders, ASenderIsAnAddressADomainOrNobody) {
  StandingOrders orders;
  const auto address = orders.add(order(Kind::hold, "Joe@Example.org"));
  const auto domain = orders.add(order(Kind::hold, "@example.net"));
  EXPECT_EQ(orders.holds(""), nullptr);
  const auto null = orders.add(order(Kind::hold, "<>"));
  EXPECT_EQ(orders.holds("joe@EXAMPLE.org")->number, address);
  EXPECT_EQ(orders.holds("jim@example.org"), nullptr);
  EXPECT_EQ(orders.holds("jim@Example.net")->number, domain);
  EXPECT_EQ(orders.holds("jim@a.example.net"), nullptr);
  EXPECT_EQ(orders.holds("")->number, null);
}

TEST(StandingOrders, InternationalDomainsAreMeantInEitherForm) {
  StandingOrders orders;
  orders.add(order(Kind::suspend, "bücher.example"));
  orders.add(order(Kind::hold, "@Bücher.example"));
  EXPECT_NE(orders.suspends("xn--bcher-kva.example"), nullptr);
  EXPECT_NE(orders.holds("jörg@xn--bcher-kva.example"), nullptr);
}

TEST(StandingOrders, WhatMeansNobodyIsRefused) {
  const auto wrong = [](Kind kind, std::string pattern) {
    auto checked = StandingOrders::checked({0, kind, pattern, "", "", now, {}}, now);
    return !checked && checked.error().fault == Fault::peer;
  };
  for (const char* pattern : {"", ".", "a b", "joe@example.org", "@example.org", "..org", "*.org"})
    EXPECT_TRUE(wrong(Kind::suspend, pattern)) << pattern;
  for (const char* pattern : {"", "@", "joe", "*", "<joe@example.org>", "@a b"})
    EXPECT_TRUE(wrong(Kind::hold, pattern)) << pattern;
  StandingOrder over{0, Kind::suspend, "example.org", "", "", now, now};
  EXPECT_FALSE(StandingOrders::checked(over, now));
  StandingOrder long_one{0, Kind::suspend, "example.org", std::string(501, 'x'), "", now, {}};
  EXPECT_FALSE(StandingOrders::checked(long_one, now));
}

TEST(StandingOrders, ANumberIsNeverGivenTwice) {
  StandingOrders orders;
  EXPECT_EQ(orders.add(order(Kind::suspend, "a.example")), 1u);
  EXPECT_EQ(orders.add(order(Kind::suspend, "b.example")), 2u);
  EXPECT_TRUE(orders.remove(2));
  EXPECT_FALSE(orders.remove(2));
  StandingOrders again(orders.all(), orders.last());
  EXPECT_EQ(again.add(order(Kind::suspend, "c.example")), 3u);
}

TEST(StandingOrders, OneEndsByItselfAndTheNextForTheSameTakesOver) {
  StandingOrders orders;
  orders.add(order(Kind::suspend, "a.example", now + 1h));
  orders.add(order(Kind::suspend, "a.example", now + 2h));
  EXPECT_EQ(orders.next_end(), now + 1h);
  EXPECT_TRUE(orders.end(now + 59min).empty());
  EXPECT_EQ(orders.end(now + 1h).size(), 1u);
  EXPECT_EQ(orders.suspends("a.example")->number, 2u);
  EXPECT_EQ(orders.end(now + 3h).size(), 1u);
  EXPECT_EQ(orders.suspends("a.example"), nullptr);
  EXPECT_EQ(orders.next_end(), std::nullopt);
}

TEST(StandingOrders, AreDescribedForPeople) {
  auto one = order(Kind::suspend, "a.example",
                   WallTime(std::chrono::sys_days{std::chrono::year{2026} / 11 / 27}) + 10h);
  one.number = 3;
  one.reason = "their disk is full";
  one.who = "uid 0 (root)";
  EXPECT_EQ(describe(one),
            "suspended by order 3 (suspend a.example) of uid 0 (root) until 2026-11-27T10:00:00Z: "
            "their disk is full");
  one.reason = one.who = {};
  one.until = {};
  EXPECT_EQ(describe(one), "suspended by order 3 (suspend a.example)");
}

}  // namespace
}  // namespace malleposte::spool
