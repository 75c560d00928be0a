// What a delivery notes of each attempt beside its outcome: when it was, and what kind of end it
// had.
#include <gtest/gtest.h>

#include "deliver/delivery_fixture.h"

namespace malleposte::deliver {
namespace {

using mail::OutcomeClass;

TEST_F(Delivery, ADeliveryHasItsTimesAndItsClass) {
  relay();
  start();
  const auto before = world.loop.wall();
  auto id = put("s@example.org", {"a@x.example"});
  pass(1s);
  EXPECT_EQ(last(id).answer.outcome_class, OutcomeClass::delivered);
  EXPECT_EQ(last(id).began, before);
  EXPECT_EQ(last(id).ended, before);
}

TEST_F(Delivery, AnAttemptLastsFromItsConnectionToTheRuling) {
  relay().answer = [](const std::string& line, const std::string&) -> std::optional<Say> {
    if (line.starts_with("RCPT")) return silence();
    return std::nullopt;
  };
  start();
  const auto before = world.loop.wall();
  auto id = put("s@example.org", {"a@x.example"});
  pass(limits::rcpt_timeout + 1s);
  const auto& first = message(id).history[0].at(0);
  EXPECT_EQ(first.answer.outcome_class, OutcomeClass::timeout);
  EXPECT_EQ(first.began, before);
  EXPECT_EQ(first.ended, before + limits::rcpt_timeout);
}

TEST_F(Delivery, EachRecipientHasTheClassOfItsOwnAnswer) {
  relay().answer = [](const std::string& line, const std::string&) -> std::optional<Say> {
    if (line == "RCPT TO:<gone@x.example>") return say("550 5.1.1 No such user");
    if (line == "RCPT TO:<full@x.example>") return say("452 4.2.2 Over quota");
    if (line == "RCPT TO:<grey@x.example>") return say("450 Greylisted for 5 minutes");
    return std::nullopt;
  };
  start();
  auto id = put("s@example.org",
                {"gone@x.example", "full@x.example", "grey@x.example", "good@x.example"});
  pass(1s);
  EXPECT_EQ(last(id, 0).answer.outcome_class, OutcomeClass::unknown_user);
  EXPECT_EQ(last(id, 1).answer.outcome_class, OutcomeClass::mailbox_full);
  EXPECT_EQ(last(id, 2).answer.outcome_class, OutcomeClass::greylisted);
  EXPECT_EQ(last(id, 3).answer.outcome_class, OutcomeClass::delivered);
}

TEST_F(Delivery, WhatWaitsForADeadNextHopSharesItsAttempt) {
  start();  // nobody listens
  const auto before = world.loop.wall();
  std::vector<mail::MessageId> ids;
  for (int i = 0; i < 30; ++i) ids.push_back(put("s@example.org", {"a@x.example"}));
  pass(1min);
  for (auto id : ids) {
    const auto& first = message(id).history[0].at(0);
    EXPECT_EQ(first.answer.outcome_class, OutcomeClass::network);
    EXPECT_EQ(first.answer.address, "192.0.2.1:25");
    EXPECT_GE(first.began, before);
    EXPECT_GE(first.ended, first.began);
  }
}

}  // namespace
}  // namespace malleposte::deliver
