#include "policy/session_limits.h"

#include <gtest/gtest.h>

namespace malleposte::policy {
namespace {

using namespace std::chrono_literals;

IpAddress ip(std::string_view text) {
  return *parse_ip(text);
}
constexpr SteadyTime start{1000s};

TEST(SessionLimits, AStrangerHoldsAFewSessionsAtOnce) {
  SessionLimits limits({.in_all = 100, .per_address = 2, .new_per_address = 100});
  EXPECT_FALSE(limits.begin(ip("192.0.2.1"), false, start));
  EXPECT_FALSE(limits.begin(ip("192.0.2.1"), false, start));
  EXPECT_EQ(limits.begin(ip("192.0.2.1"), false, start), Limit::sessions_per_address);
  EXPECT_FALSE(limits.begin(ip("192.0.2.2"), false, start));
  limits.end(ip("192.0.2.1"), false);
  EXPECT_FALSE(limits.begin(ip("192.0.2.1"), false, start));
  EXPECT_EQ(limits.sessions(), 3U);
}

TEST(SessionLimits, AStrangerOpensAFewSessionsASecond) {
  SessionLimits limits({.in_all = 100, .per_address = 100, .new_per_address = 2});
  for (int i = 0; i < 2; ++i) {
    EXPECT_FALSE(limits.begin(ip("192.0.2.1"), false, start + i * 400ms));
    limits.end(ip("192.0.2.1"), false);
  }
  EXPECT_EQ(limits.begin(ip("192.0.2.1"), false, start + 999ms), Limit::new_sessions_per_address);
  EXPECT_FALSE(limits.begin(ip("192.0.2.1"), false, start + 1000ms));
}

TEST(SessionLimits, TrustedClientsKnowOnlyTheLimitOfAll) {
  SessionLimits limits({.in_all = 5, .per_address = 1, .new_per_address = 1});
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(limits.begin(ip("127.0.0.1"), true, start));
  EXPECT_EQ(limits.begin(ip("127.0.0.1"), true, start), Limit::sessions);
  EXPECT_EQ(limits.begin(ip("192.0.2.1"), false, start), Limit::sessions);
  limits.end(ip("127.0.0.1"), true);
  EXPECT_FALSE(limits.begin(ip("192.0.2.1"), false, start));
}

TEST(SessionLimits, AnIpv6StrangerIsItsNetwork) {
  SessionLimits limits({.in_all = 100, .per_address = 1, .new_per_address = 100});
  EXPECT_FALSE(limits.begin(ip("2001:db8::1"), false, start));
  EXPECT_TRUE(limits.begin(ip("2001:db8::2"), false, start));
  EXPECT_FALSE(limits.begin(ip("2001:db8:0:1::1"), false, start));
}

TEST(SessionLimits, APartIsReservedForTrustedClients) {
  SessionLimits limits({.in_all = 4, .reserved = 2, .per_address = 100, .new_per_address = 100});
  EXPECT_FALSE(limits.crowded());
  for (int i = 0; i < 2; ++i) EXPECT_FALSE(limits.begin(ip("192.0.2.1"), false, start));
  EXPECT_TRUE(limits.crowded());
  EXPECT_EQ(limits.begin(ip("192.0.2.1"), false, start), Limit::reserved_sessions);
  for (int i = 0; i < 2; ++i) EXPECT_FALSE(limits.begin(ip("127.0.0.1"), true, start));
  EXPECT_EQ(limits.begin(ip("127.0.0.1"), true, start), Limit::sessions);
  limits.end(ip("127.0.0.1"), true);
  limits.end(ip("127.0.0.1"), true);
  limits.end(ip("192.0.2.1"), false);
  EXPECT_FALSE(limits.crowded());
  EXPECT_FALSE(limits.begin(ip("192.0.2.1"), false, start));
}

TEST(SessionLimits, ANetworkHoldsAFewSessionsAtOnce) {
  SessionLimits limits({.in_all = 100, .per_address = 2, .per_network = 3, .new_per_address = 100});
  EXPECT_FALSE(limits.begin(ip("192.0.2.1"), false, start));
  EXPECT_FALSE(limits.begin(ip("192.0.2.2"), false, start));
  EXPECT_FALSE(limits.begin(ip("192.0.2.255"), false, start));
  EXPECT_EQ(limits.begin(ip("192.0.2.0"), false, start), Limit::sessions_per_network);
  EXPECT_FALSE(limits.begin(ip("192.0.3.0"), false, start));
  EXPECT_FALSE(limits.begin(ip("2001:db8:0:100::1"), false, start));
  EXPECT_FALSE(limits.begin(ip("2001:db8:0:101::1"), false, start));
  EXPECT_FALSE(limits.begin(ip("2001:db8:0:1ff::1"), false, start));
  EXPECT_EQ(limits.begin(ip("2001:db8:0:102::1"), false, start), Limit::sessions_per_network);
  EXPECT_FALSE(limits.begin(ip("2001:db8:0:200::1"), false, start));
  limits.end(ip("192.0.2.2"), false);
  EXPECT_FALSE(limits.begin(ip("192.0.2.0"), false, start));
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(limits.begin(ip("192.0.2.9"), true, start));
}

TEST(SessionLimits, OpenSessionsAreNeverForgotten) {
  SessionLimits limits({.in_all = 100'000, .per_address = 1, .new_per_address = 100});
  EXPECT_FALSE(limits.begin(ip("192.0.2.1"), false, start));
  IpAddress other = ip("10.0.0.0");
  for (int i = 0; i < 5000; ++i) {
    other[14] = static_cast<std::uint8_t>(i >> 8);
    other[15] = static_cast<std::uint8_t>(i);
    EXPECT_FALSE(limits.begin(other, false, start + i * 10ms));
    limits.end(other, false);
  }
  EXPECT_TRUE(limits.begin(ip("192.0.2.1"), false, start + 100s));
  limits.end(ip("192.0.2.1"), false);
  EXPECT_EQ(limits.sessions(), 0U);
}

TEST(SessionLimits, WhatWouldBeMetIsToldAndNotCounted) {
  SessionLimits limits({.in_all = 100, .per_address = 2, .per_network = 3, .new_per_address = 3});
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(limits.met(ip("192.0.2.1"), false, start));
  EXPECT_FALSE(limits.begin(ip("192.0.2.1"), false, start));
  EXPECT_FALSE(limits.begin(ip("192.0.2.1"), false, start));
  EXPECT_EQ(limits.met(ip("192.0.2.1"), false, start), Limit::sessions_per_address);
  EXPECT_FALSE(limits.begin(ip("192.0.2.2"), false, start));
  EXPECT_EQ(limits.met(ip("192.0.2.3"), false, start), Limit::sessions_per_network);
  EXPECT_EQ(limits.begin(ip("192.0.2.1"), false, start), Limit::sessions_per_address);
  EXPECT_EQ(limits.met(ip("192.0.2.1"), false, start), Limit::new_sessions_per_address);
  EXPECT_EQ(limits.met(ip("192.0.2.1"), false, start + 2s), Limit::sessions_per_address);
  EXPECT_FALSE(limits.met(ip("192.0.2.1"), true, start));
}

}  // namespace
}  // namespace malleposte::policy
