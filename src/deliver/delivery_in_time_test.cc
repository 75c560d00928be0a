// Mail with a time by which it is to arrive (BY, RFC 2852) or with a priority (RFC 6710), through
// whole deliveries.
#include <gmock/gmock.h>

#include <algorithm>

#include "deliver/telling_fixture.h"

namespace malleposte::deliver {
namespace {

using mail::Fate;
using testing::HasSubstr;

class InTime : public Telling {
 protected:
  InTime() { relay().offers = {"PIPELINING", "DELIVERBY"}; }

  mail::MessageId put_by(Duration time, bool return_after, const char* to) {
    const auto id = put("s@example.org", {to});
    message(id).envelope.requests.deliver_by = {world.loop.wall() + time, return_after, false};
    return id;
  }
  std::size_t tried() {
    return static_cast<std::size_t>(
        std::count_if(relay().commands.begin(), relay().commands.end(),
                      [](const std::string& line) { return line.starts_with("RCPT TO:"); }));
  }
};

// clause: 2852-4.1.3-a
TEST_F(InTime, WhatIsToBeReturnedComesBackWhenItsTimeIsOver) {
  by_name();
  const auto id = put_by(4min, true, "later@x.example");
  start();
  EXPECT_EQ(last(id).next_attempt, message(id).envelope.requests.deliver_by->deadline)
      << "its next attempt would be behind it";
  pass(4min - 1ms);
  EXPECT_EQ(last(id).fate, Fate::queued);
  const auto before = tried();
  pass(1ms);
  EXPECT_EQ(last(id).fate, Fate::bounced);
  EXPECT_EQ(last(id).answer.status, "5.4.7");
  EXPECT_EQ(tried(), before) << "it is not tried any more";
  ASSERT_EQ(told().size(), 1u);
  EXPECT_THAT(told()[0].content, HasSubstr("Action: failed\r\nStatus: 5.4.7\r\n"));
}

// clause: 2852-4.1.3-b
TEST_F(InTime, OtherwiseItsSenderIsToldOnceAndItGoesOn) {
  by_name();
  const auto id = put_by(7min, false, "later@x.example");
  start();
  pass(7min - 1s);
  EXPECT_TRUE(told().empty());
  pass(2s);
  ASSERT_EQ(told().size(), 1u);
  EXPECT_THAT(told()[0].content, HasSubstr("Action: delayed\r\nStatus: 4.4.7\r\n"));
  pass(10h);
  EXPECT_EQ(told().size(), 1u) << "told again";
  EXPECT_EQ(last(id).fate, Fate::queued);
  relay().answer = {};
  pass(1h);
  EXPECT_EQ(last(id).fate, Fate::delivered);
}

TEST_F(InTime, TheTimeOfTheSenderTakesThePlaceOfOurs) {
  by_name();
  put_by(20h, false, "later@x.example");
  start();
  pass(19h);
  EXPECT_TRUE(told().empty()) << "delay_warning_after is for those who have not said when";
  pass(2h);
  EXPECT_EQ(told().size(), 1u);
}

TEST_F(InTime, ATimeIsKeptWhereASiteIsDead) {
  relay().refuses_connections = true;
  start();
  for (int i = 0; i < 10; ++i) put("s@example.org", {"a@x.example"});
  pass(30s);  // less than to the first probe
  const auto attempts = world.network.attempts.size();
  const auto id = put_by(20s, true, "b@x.example");
  pass(19s);
  EXPECT_TRUE(message(id).history[0].empty()) << "it waits for the probe";
  pass(1s);
  EXPECT_EQ(last(id).fate, Fate::bounced);
  EXPECT_EQ(last(id).answer.status, "5.4.7");
  EXPECT_EQ(world.network.attempts.size(), attempts);
}

TEST_F(InTime, HigherPrioritiesGoFirst) {
  world.settings.deliveries_suspended = true;
  start();
  for (int priority : {-4, 0, 3, 6, 1}) {
    const auto id = put("s" + std::to_string(priority) + "@example.org", {"a@x.example"});
    message(id).envelope.requests.priority = priority;
  }
  dispatcher->suspend(false);
  pass();
  std::string order;
  for (const auto& line : relay().commands)
    if (line.starts_with("MAIL FROM:<s")) order += line.substr(12, line.find('@') - 12) + ' ';
  EXPECT_EQ(order, "6 3 1 0 -4 ");
}

}  // namespace
}  // namespace malleposte::deliver
