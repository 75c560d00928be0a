#include "config/destination_limits.h"

#include <gtest/gtest.h>

namespace malleposte::config {
namespace {

using namespace std::chrono_literals;

std::string problem(std::string_view line) {
  const auto parsed = parse_destination_limits(line);
  return parsed.problems.empty() ? "" : parsed.problems[0].what;
}

TEST(DestinationLimits, ALineHasAPatternAndLimits) {
  const auto parsed = parse_destination_limits(
      "# what we know of them\n"
      "Gmail.com  connections=5 messages=50 rate=100/min  # carefully\r\n"
      "\n"
      ".example.org\trate=3600/h\n"
      "mx:*.Google.com connections=10 backoff=\"Unusual # Rate\" backoff=\"slow down\" "
      "backoff_for=10m\n"
      "mx:mx.example.net messages=1\n"
      "route:[10.0.0.1]:25,Relay.example rate=2/s\n"
      "route:maildir:/srv/{domain}/ connections=2\n"
      "* connections=20");
  EXPECT_TRUE(parsed.problems.empty());
  ASSERT_EQ(parsed.limits.size(), 7u);
  const auto& gmail = parsed.limits[0];
  EXPECT_EQ(gmail.pattern, "gmail.com");
  EXPECT_EQ(gmail.line, 2u);
  EXPECT_EQ(gmail.connections, 5u);
  EXPECT_EQ(gmail.messages, 50u);
  EXPECT_NEAR(*gmail.rate_per_second, 100.0 / 60, 1e-9);
  EXPECT_FALSE(gmail.backoff_for);
  EXPECT_EQ(parsed.limits[1].pattern, ".example.org");
  EXPECT_EQ(parsed.limits[1].rate_per_second, 1.0);
  EXPECT_EQ(parsed.limits[2].pattern, "mx:*.google.com");
  EXPECT_EQ(parsed.limits[2].backoff, (std::vector<std::string>{"unusual # rate", "slow down"}));
  EXPECT_EQ(parsed.limits[2].backoff_for, 10min);
  EXPECT_EQ(parsed.limits[3].pattern, "mx:mx.example.net");
  EXPECT_EQ(parsed.limits[4].pattern, "route:[10.0.0.1]:25,relay.example");
  EXPECT_EQ(parsed.limits[4].rate_per_second, 2.0);
  EXPECT_EQ(parsed.limits[5].pattern, "route:maildir:/srv/{domain}");
  EXPECT_EQ(parsed.limits[6].pattern, "*");
}

TEST(DestinationLimits, EveryMistakeIsNamedWithWhatIsAllowed) {
  EXPECT_EQ(problem("example.org"),
            "\"example.org\" has no limit; a line is: pattern key=value ...");
  EXPECT_EQ(problem("example.org speed=3"),
            "\"speed=3\": keys are connections, messages, rate, backoff and backoff_for");
  EXPECT_EQ(problem("* connections=0"), "\"connections=0\": connections is a number from 1 to 500");
  EXPECT_EQ(problem("* connections=501"),
            "\"connections=501\": connections is a number from 1 to 500");
  EXPECT_EQ(problem("* messages=many"), "\"messages=many\": messages is a number from 1 to 100000");
  for (const char* rate : {"rate=5", "rate=5/d", "rate=0/s", "rate=/s", "rate=1.5/s", "rate="})
    EXPECT_NE(problem(std::string("* ") + rate).find("as in 10/s, 100/min or 1000/h"),
              std::string::npos)
        << rate;
  EXPECT_NE(problem("* backoff=slow").find("in quotes"), std::string::npos);
  EXPECT_NE(problem("* backoff=\"xy\"").find("at least 3"), std::string::npos);
  EXPECT_NE(problem("* backoff=\"open").find("in quotes"), std::string::npos);
  EXPECT_NE(problem("* backoff_for=2d").find("at most 1d"), std::string::npos);
  EXPECT_EQ(problem("* connections=1 connections=2"), "connections is given twice");
  EXPECT_NE(problem("mx:a_b connections=1").find("\"mx:a_b\" "), std::string::npos);
  EXPECT_NE(problem("mx:* connections=1").find("\"mx:*\" "), std::string::npos);
  EXPECT_NE(problem("route: connections=1").find("names no next hop"), std::string::npos);
  const auto parsed = parse_destination_limits("a.example rate=1/s\nA.example rate=2/s\n");
  ASSERT_EQ(parsed.problems.size(), 1u);
  EXPECT_EQ(parsed.problems[0].line, 2u);
  EXPECT_EQ(parsed.problems[0].what,
            "\"A.example\" stands already in line 1; a pattern has one line");
}

}  // namespace
}  // namespace malleposte::config
