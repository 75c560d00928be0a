#include "admin/explanation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace malleposte::admin {
namespace {

using namespace std::chrono_literals;
using spool::QueueState;
using spool::StandingOrder;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;

// 2026-11-27 13:50:11 UTC
const WallTime now{Duration(1795787411s)};

class Explanation : public testing::Test {
 protected:
  Explanation() {
    message_.sender = "anna@example.org";
    message_.arrived = now - 1h;
    message_.state = QueueState::deferred;
    message_.attempts = 3;
    message_.next_attempt = now + 12min;
    message_.recipients.push_back({"bert@example.com", "deferred", "10.1.2.3 said: 451 4.7.1 Later",
                                   mail::OutcomeClass::rate_limited});
    mail::Attempt last;
    last.ended = now - 8min;
    last.answer = {"10.1.2.3", "", 451, "4.7.1", "Later", mail::OutcomeClass::rate_limited};
    attempts_ = {3, {last}};
    outlook_ = {"example.com", "routes.txt line 7", std::nullopt};
    circumstances_.now = now;
    circumstances_.queue_lifetime = 5 * 24h;
  }

  std::string said() {
    message_.recipients[0].state = to_string(message_.state);
    return sentence(
        explain(message_, message_.recipients[0], &attempts_, outlook_, circumstances_));
  }
  SiteView& site() {
    SiteView site;
    site.name = "mx.example.com";
    site.window = 1;
    site.most = 20;
    site.failures = 2;
    if (!outlook_.site) outlook_.site = site;
    return *outlook_.site;
  }
  void order(StandingOrder::Kind kind, std::string pattern) {
    circumstances_.orders.add(
        {0, kind, std::move(pattern), "their disk is full", "uid 0 (root)", now, now + 10min});
  }

  spool::ListedMessage message_{};
  spool::RecipientAttempts attempts_;
  Outlook outlook_;
  Circumstances circumstances_;
};

TEST_F(Explanation, ADeferredMessageIsToldInOneSentence) {
  site();
  EXPECT_EQ(said(),
            "deferred: 10.1.2.3 said 451 4.7.1 Later; attempt 3, next 14:02:11Z in 12 min (backoff "
            "20 min); window 1 of 20 after 2 failures; route: routes.txt line 7; expires "
            "2026-12-02 12:50:11Z (queue_lifetime)");
}

TEST_F(Explanation, WhatNobodySaidIsNotSaid) {
  attempts_.known[0].answer = {"mx.example.com", "192.0.2.7:25",       0,
                               "4.4.1",          "Connection refused", mail::OutcomeClass::network};
  EXPECT_THAT(said(),
              HasSubstr("deferred: mx.example.com[192.0.2.7:25]: 4.4.1 Connection refused;"));
  attempts_.known[0].answer.host = "2001:db8::1";
  attempts_.known[0].answer.address = "[2001:db8::1]:25";
  EXPECT_THAT(said(), HasSubstr("deferred: [2001:db8::1]:25: 4.4.1 Connection refused;"));
  attempts_.known[0].answer.host = attempts_.known[0].answer.address = "";
  EXPECT_THAT(said(), HasSubstr("deferred: 4.4.1 Connection refused;"));
}

TEST_F(Explanation, WithoutAnAttemptTheListedReplyHelps) {
  attempts_.known.clear();
  EXPECT_THAT(said(), HasSubstr("deferred: 10.1.2.3 said: 451 4.7.1 Later; attempt 3, next "));
  EXPECT_THAT(said(), Not(HasSubstr("backoff")));
}

TEST_F(Explanation, WhatIsDueIsSaidToBeDue) {
  message_.state = QueueState::active;
  attempts_ = {};
  message_.recipients[0].reply = "";
  EXPECT_THAT(said(),
              HasSubstr("active: due now, or being tried; not tried yet, next now; route:"));
}

TEST_F(Explanation, AHeldMessageSaysWhatWasBefore) {
  message_.state = QueueState::held;
  message_.next_attempt.reset();
  EXPECT_THAT(said(), HasSubstr("held until it is released; before that: 10.1.2.3 said 451 4.7.1 "
                                "Later; attempt 3; "));
}

TEST_F(Explanation, AScheduledOrDeletedMessageHasItsReason) {
  message_.state = QueueState::scheduled;
  message_.recipients[0].reply = "";
  message_.reason = "gathered with others into one report";
  attempts_ = {};
  EXPECT_THAT(said(), HasSubstr("scheduled: gathered with others into one report; not tried yet, "
                                "next 14:02:11Z in 12 min; "));
  message_.state = QueueState::deleting;
  message_.reason = "deleted; `malleposte queue undelete` brings it back";
  EXPECT_THAT(said(), HasSubstr("deleting: deleted; `malleposte queue undelete` brings it back; "));
  EXPECT_THAT(said(), Not(HasSubstr("next")));
}

TEST_F(Explanation, AFinalFateNeedsNoMore) {
  message_.recipients[0].state = "delivered";
  attempts_.known[0].answer = {"mx.example.com", "192.0.2.7:25", 250,
                               "2.0.0",          "Ok",           mail::OutcomeClass::delivered};
  EXPECT_EQ(
      sentence(explain(message_, message_.recipients[0], &attempts_, outlook_, circumstances_)),
      "delivered: mx.example.com[192.0.2.7:25] said 250 2.0.0 Ok");
}

TEST_F(Explanation, ASiteThatIsDeadBacksOffOrWaitsForItsRateSaysSo) {
  site().state = "dead";
  site().reason = "connect to 192.0.2.7:25: Connection refused";
  site().until = now + 60s;
  EXPECT_THAT(said(),
              HasSubstr("; site mx.example.com is dead: connect to 192.0.2.7:25: Connection "
                        "refused; probed again at 13:51:11Z; window 1 of 20"));
  site().state = "backing_off";
  site().reason = "mx.example.com said 421 4.7.0 Slow down";
  EXPECT_THAT(said(), HasSubstr("; site mx.example.com backs off until 13:51:11Z: mx.example.com "
                                "said 421 4.7.0 Slow down; "));
  site().state = "limited";
  site().reason = "";
  site().limits_rule = "destinations.txt line 3 (example.com)";
  EXPECT_THAT(said(),
              HasSubstr("; site mx.example.com waits for its rate until 13:51:11Z; window 1 "
                        "of 20 after 2 failures; limits: destinations.txt line 3 "
                        "(example.com); "));
  site().state = "normal";
  site().failures = 0;
  EXPECT_THAT(said(), HasSubstr("(backoff 20 min); window 1 of 20; limits"));
}

TEST_F(Explanation, StandingOrdersThatCatchItAreNamed) {
  order(StandingOrder::Kind::suspend, "example.com");
  EXPECT_THAT(said(),
              HasSubstr("; suspended by order 1 (suspend example.com) of uid 0 (root) until "
                        "2026-11-27T14:00:11Z: their disk is full; "));
  EXPECT_THAT(said(), Not(HasSubstr("next"))) << "nobody knows when it is tried next";
  order(StandingOrder::Kind::hold, "@example.org");
  order(StandingOrder::Kind::bounce, "other.example");
  EXPECT_THAT(said(), HasSubstr("held by order 2 (hold @example.org)"));
  EXPECT_THAT(said(), Not(HasSubstr("other.example")));
}

TEST_F(Explanation, SuspendedDeliveriesAreSaidBeforeTheSite) {
  circumstances_.deliveries_suspended = true;
  site();
  EXPECT_THAT(said(), HasSubstr("; deliveries are suspended (deliveries_suspended); window"));
  EXPECT_EQ(sentence(explain(outlook_, circumstances_)),
            "deliveries are suspended (deliveries_suspended); window 1 of 20 after 2 failures; "
            "route: routes.txt line 7");
}

TEST_F(Explanation, WhatAnOperatorHasGivenIsNamed) {
  message_.lifetime = 2h;
  EXPECT_THAT(said(), HasSubstr("; expires 14:50:11Z (lifetime given by the operator)"));
}

TEST_F(Explanation, ASiteThatIsLeftAloneForLongerIsWhatItWaitsFor) {
  site().state = "backing_off";
  site().until = now + 40min;
  EXPECT_THAT(said(), HasSubstr("; attempt 3, next 14:30:11Z in 40 min; site"));
  message_.state = QueueState::active;
  EXPECT_THAT(said(), HasSubstr(", next 14:30:11Z in 40 min; site"));
  site().until = now + 1min;
  message_.state = QueueState::deferred;
  EXPECT_THAT(said(), HasSubstr("; attempt 3, next 14:02:11Z in 12 min (backoff 20 min); site"));
}

TEST_F(Explanation, WhatItsSenderHasAskedForIsNamed) {
  message_.held_until = now;
  EXPECT_THAT(said(), HasSubstr("; expires 2026-12-02 13:50:11Z")) << "from its release on";
  message_.deliver_by = mail::DeliverBy{now + 10min, true, false};
  EXPECT_THAT(said(), HasSubstr("; goes back to its sender 14:00:11Z (BY); expires"));
  message_.deliver_by->return_after = false;
  EXPECT_THAT(said(), HasSubstr("; its sender is told 14:00:11Z (BY); expires"));
}

TEST(Texts, SpansAndClocks) {
  EXPECT_EQ(span_text(45s), "45 s");
  EXPECT_EQ(span_text(20min), "20 min");
  EXPECT_EQ(span_text(5h), "5 h");
  EXPECT_EQ(span_text(72h), "3 days");
  EXPECT_EQ(span_text(-1s), "0 s");
  EXPECT_EQ(clock_text(now, now), "13:50:11Z");
  EXPECT_EQ(clock_text(now + 24h, now), "2026-11-28 13:50:11Z");
}

}  // namespace
}  // namespace malleposte::admin
