#include "queue/site_feedback.h"

#include <gtest/gtest.h>

namespace malleposte::queue {
namespace {

using namespace std::chrono_literals;

constexpr SteadyTime start{std::chrono::hours(1)};
constexpr ProbeTimes probes{1min, 30min};

void kill(SiteFeedback& site, SteadyTime now = start) {
  while (!site.dead()) site.failed(0, now, probes);
}

TEST(SiteFeedback, DeadSitesAreProbedAtGrowingDistances) {
  SiteFeedback site;
  kill(site);
  EXPECT_EQ(site.window(), 1u);
  auto now = start;
  for (auto distance : {1min, 2min, 4min, 8min, 16min, 30min, 30min}) {
    EXPECT_EQ(site.ready(), now + distance);
    now = site.ready();
    EXPECT_TRUE(site.admits(0));
    EXPECT_FALSE(site.admits(1)) << "one probe at a time";
    site.failed(0, now, probes);
  }
}

TEST(SiteFeedback, FailuresOfConnectionsBegunBeforeItsDeathAreNoProbes) {
  SiteFeedback site;
  kill(site);
  for (int other = 0; other < 5; ++other) site.failed(0, start + 1s, probes);
  EXPECT_EQ(site.ready(), start + 1min);
}

TEST(SiteFeedback, AnAnswerToTheProbeBringsASiteBackWithAWindowOfOne) {
  SiteFeedback site;
  kill(site);
  EXPECT_TRUE(site.answered());
  EXPECT_FALSE(site.dead());
  EXPECT_EQ(site.failures(), 0u);
  EXPECT_EQ(site.window(), 1u);
  EXPECT_FALSE(site.answered());
  EXPECT_EQ(site.window(), 2u);
  kill(site, start + 1h);
  EXPECT_EQ(site.ready(), start + 1h + 1min) << "the distances begin anew";
}

TEST(SiteFeedback, DistancesAreNoLongerThanTheLongestWaitOfMail) {
  SiteFeedback site;
  while (!site.dead()) site.failed(0, start, {1min, 10s});
  EXPECT_EQ(site.ready(), start + 10s);
}

TEST(SiteFeedback, AProbeCanBeHadAtOnce) {
  SiteFeedback site;
  kill(site);
  site.probe_now();
  EXPECT_LE(site.ready(), start);
  site.failed(0, start, probes);
  EXPECT_EQ(site.ready(), start + 2min);
}

TEST(SiteFeedback, WhatIsUnderWayFindsOutFirst) {
  SiteFeedback site;
  for (int i = 0; i < 4; ++i) site.answered();
  site.failed(0, start, probes);
  EXPECT_FALSE(site.admits(1));
  EXPECT_TRUE(site.admits(0));
}

TEST(SiteFeedback, AFullHostIsNotTriedAgainBeforeItHasAnswered) {
  SiteFeedback site;
  for (int i = 0; i < 4; ++i) site.answered();
  site.failed(2, start, probes);
  EXPECT_FALSE(site.admits(2));
  EXPECT_TRUE(site.admits(0)) << "nobody is left who could bring an answer";
  site.answered();
  EXPECT_TRUE(site.admits(2));
}

TEST(SiteFeedback, ASiteThatHasNeverAnsweredIsDeadWithTheFirstFailure) {
  SiteFeedback site;
  site.failed(0, start, probes);
  EXPECT_TRUE(site.dead());
  EXPECT_EQ(site.failures(), 1u);
}

TEST(SiteFeedback, ASiteIsNotDeadWhileSomebodyWorks) {
  SiteFeedback site;
  for (int i = 0; i < 50; ++i) site.failed(1, start, probes);
  EXPECT_FALSE(site.dead());
  site.failed(0, start, probes);
  EXPECT_TRUE(site.dead());
}

}  // namespace
}  // namespace malleposte::queue
