#include "deliver/back_off.h"

#include <gtest/gtest.h>

namespace malleposte::deliver {
namespace {

using namespace std::chrono_literals;

bool asks(int code, std::string status, std::string text, Stage stage = Stage::message,
          const std::vector<std::string>& phrases = {}) {
  const auto verdict = code < 500 ? smtp::Verdict::temporary : smtp::Verdict::permanent;
  return asks_for_less({verdict, code, std::move(status), std::move(text)}, stage, phrases);
}

TEST(BackOff, RepliesAboutTheSiteAskForLess) {
  EXPECT_TRUE(asks(421, "4.7.0", "mx.example.net Error: too many connections from 192.0.2.1"));
  EXPECT_TRUE(asks(421, "4.7.0", "[TSS04] Messages from 192.0.2.1 temporarily deferred"));
  EXPECT_TRUE(asks(421, "4.7.28", "Our system has detected an unusual rate of mail"));
  EXPECT_TRUE(asks(451, "4.7.650", "The mail server has been temporarily rate limited"));
  EXPECT_TRUE(asks(450, "4.7.1", "Error: too much mail from 192.0.2.1"));
  EXPECT_TRUE(asks(450, "4.3.2", "Throttled, slow down"));
  EXPECT_TRUE(asks(421, "4.7.0", "Try again later, closing connection."));
  EXPECT_TRUE(asks(550, "5.7.1", "Rate limit exceeded")) << "or all that waits bounces as well";
}

TEST(BackOff, RepliesAboutAMessageOrAMailboxDoNot) {
  EXPECT_FALSE(asks(450, "4.2.1", "The user is receiving mail too quickly"));
  EXPECT_FALSE(asks(452, "4.2.2", "Mailbox full"));
  EXPECT_FALSE(asks(452, "4.5.3", "Too many recipients"));
  EXPECT_FALSE(asks(452, "4.0.0", "Too many recipients in this hour"));
  EXPECT_FALSE(asks(451, "4.7.1", "Greylisting in action, please come back later"));
  EXPECT_FALSE(asks(450, "4.7.1", "<a@x.example>: Recipient address rejected: Greylisted"));
  EXPECT_FALSE(asks(550, "5.1.1", "No such user"));
  EXPECT_FALSE(asks(451, "4.3.0", "Local error, try again later"));
  EXPECT_FALSE(asks(421, "4.3.2", "shutting down")) << "a connection ends, no more";
  EXPECT_FALSE(asks(250, "2.0.0", "taken, but you send too many"));
  EXPECT_FALSE(asks(0, "4.4.1", "connection refused: too many")) << "our own words";
}

TEST(BackOff, AtTheDoorA421IsAboutTheSite) {
  EXPECT_TRUE(asks(421, "4.3.2", "not now", Stage::door));
  EXPECT_FALSE(asks(451, "4.3.2", "not now", Stage::door));
  EXPECT_FALSE(asks(554, "5.7.1", "no", Stage::door));
}

TEST(BackOff, TheOperatorKnowsFurtherWords) {
  EXPECT_FALSE(asks(451, "4.3.0", "Come back on MONDAY"));
  EXPECT_TRUE(asks(451, "4.3.0", "Come back on MONDAY", Stage::message, {"on monday"}));
}

TEST(BackOff, ThePauseDoublesWhileItIsInVain) {
  BackOff pause(1min, 30min);
  SteadyTime now{1h};
  for (auto expected : {1min, 2min, 4min, 8min, 16min, 30min, 30min}) {
    EXPECT_FALSE(pause.until() > now);
    EXPECT_EQ(pause.again(now), now + expected);
    EXPECT_EQ(pause.again(now + 1s), now + expected) << "from connections of before";
    now += expected;
  }
  pause.over();
  EXPECT_FALSE(pause.begun());
  EXPECT_EQ(pause.again(now), now + 1min);
  pause.cut_short();
  EXPECT_EQ(pause.again(now), now + 2min) << "tried early is tried";
}

TEST(BackOff, AFirstPauseThatIsLongerThanMostIsKept) {
  BackOff pause(1h, 30min);
  SteadyTime now{1h};
  EXPECT_EQ(pause.again(now), now + 1h);
  EXPECT_EQ(pause.again(now + 1h), now + 2h);
}

}  // namespace
}  // namespace malleposte::deliver
