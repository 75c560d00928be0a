#include "queue/window.h"

#include <gtest/gtest.h>

namespace malleposte::queue {
namespace {

void answer(Window& window, int times) {
  for (int i = 0; i < times; ++i) window.answered();
}

TEST(Window, OpensByOneForEachFullWindowOfAnswers) {
  Window window;
  answer(window, 4 + 4);
  EXPECT_EQ(window.size(), 5u);
  answer(window, 1);
  EXPECT_EQ(window.size(), 6u);
  answer(window, 6);
  EXPECT_EQ(window.size(), 7u);
}

TEST(Window, OpensUpToItsMost) {
  Window window;
  answer(window, 1000);
  EXPECT_EQ(window.size(), limits::connections_per_next_hop);
  window.set_most(7);
  EXPECT_EQ(window.size(), 7u);
  answer(window, 1000);
  EXPECT_EQ(window.size(), 7u);
  window.set_most(0);
  EXPECT_EQ(window.size(), 1u) << "none at all is not a limit but an order to suspend";
}

TEST(Window, OpensQuicklyAtFirst) {
  Window window;
  for (bool again : {false, true}) {
    EXPECT_EQ(window.size(), 1u);
    answer(window, 4);
    EXPECT_EQ(window.size(), Window::quick);
    answer(window, 4);
    EXPECT_EQ(window.size(), Window::quick);
    if (!again) window.reopen();
  }
  window.reopen();
  answer(window, 1);
  window.failed();
  answer(window, 2);
  EXPECT_EQ(window.size(), 2u) << "not after a failure";
}

TEST(Window, ClosesByAFractionForAFailure) {
  Window window;
  answer(window, 1000);
  window.failed();
  EXPECT_EQ(window.size(), 20u);
  window.connected();
  for (int i = 0; i < 18; ++i) window.failed(), window.connected();
  EXPECT_EQ(window.size(), 20u);
  window.failed();
  EXPECT_EQ(window.size(), 19u);
}

// A host that takes no more connections refuses every one that is tried.
TEST(Window, FindsALimitByFailuresInARow) {
  Window window;
  answer(window, 1000);
  int failures = 0;
  for (; window.size() > 5; ++failures) window.answered(), window.failed();
  EXPECT_LT(failures, 25);
}

// One host of four behind one name is broken: every fourth new connection fails.
TEST(Window, IsNotClosedByOneBadHostAmongSeveral) {
  Window window;
  for (int message = 0; message < 1000; ++message) {
    if (message % 4 == 3) {
      window.failed();
    } else {
      window.connected();
      window.answered();
    }
  }
  EXPECT_EQ(window.size(), limits::connections_per_next_hop);
  EXPECT_FALSE(window.lost());
}

TEST(Window, IsLostPastOneCohortOfFailures) {
  Window window;
  answer(window, 4);
  int failures = 0;
  for (; !window.lost(); ++failures) window.failed();
  EXPECT_EQ(failures, 5);
  Window alone;
  alone.set_most(1);
  alone.answered();
  alone.failed();
  EXPECT_FALSE(alone.lost()) << "once is no more than one cohort";
  alone.answered();
  alone.failed();
  EXPECT_FALSE(alone.lost()) << "an answer between them";
  alone.failed();
  EXPECT_TRUE(alone.lost());
}

TEST(Window, IsLostWithTheFirstFailureBeforeAnyAnswer) {
  Window window;
  EXPECT_FALSE(window.lost());
  window.failed();
  EXPECT_TRUE(window.lost());
}

}  // namespace
}  // namespace malleposte::queue
