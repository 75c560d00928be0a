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
  SessionLimits limits({.in_all = 100, .per_stranger = 2, .new_per_stranger = 100});
  EXPECT_FALSE(limits.begin(ip("192.0.2.1"), false, start));
  EXPECT_FALSE(limits.begin(ip("192.0.2.1"), false, start));
  EXPECT_EQ(limits.begin(ip("192.0.2.1"), false, start)->status, "4.7.0");
  EXPECT_FALSE(limits.begin(ip("192.0.2.2"), false, start));
  limits.end(ip("192.0.2.1"), false);
  EXPECT_FALSE(limits.begin(ip("192.0.2.1"), false, start));
  EXPECT_EQ(limits.sessions(), 3U);
}

TEST(SessionLimits, AStrangerOpensAFewSessionsASecond) {
  SessionLimits limits({.in_all = 100, .per_stranger = 100, .new_per_stranger = 2});
  for (int i = 0; i < 2; ++i) {
    EXPECT_FALSE(limits.begin(ip("192.0.2.1"), false, start + i * 400ms));
    limits.end(ip("192.0.2.1"), false);
  }
  EXPECT_EQ(limits.begin(ip("192.0.2.1"), false, start + 999ms)->code, 421);
  EXPECT_FALSE(limits.begin(ip("192.0.2.1"), false, start + 1000ms));
}

TEST(SessionLimits, TrustedClientsKnowOnlyTheLimitOfAll) {
  SessionLimits limits({.in_all = 5, .per_stranger = 1, .new_per_stranger = 1});
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(limits.begin(ip("127.0.0.1"), true, start));
  EXPECT_EQ(limits.begin(ip("127.0.0.1"), true, start)->status, "4.3.2");
  EXPECT_EQ(limits.begin(ip("192.0.2.1"), false, start)->status, "4.3.2");
  limits.end(ip("127.0.0.1"), true);
  EXPECT_FALSE(limits.begin(ip("192.0.2.1"), false, start));
}

TEST(SessionLimits, AnIpv6StrangerIsItsNetwork) {
  SessionLimits limits({.in_all = 100, .per_stranger = 1, .new_per_stranger = 100});
  EXPECT_FALSE(limits.begin(ip("2001:db8::1"), false, start));
  EXPECT_TRUE(limits.begin(ip("2001:db8::2"), false, start));
  EXPECT_FALSE(limits.begin(ip("2001:db8:0:1::1"), false, start));
}

TEST(SessionLimits, OpenSessionsAreNeverForgotten) {
  SessionLimits limits({.in_all = 100'000, .per_stranger = 1, .new_per_stranger = 100});
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

}  // namespace
}  // namespace malleposte::policy
