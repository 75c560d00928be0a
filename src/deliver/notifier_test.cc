#include "deliver/notifier.h"

#include <gmock/gmock.h>

#include <set>

#include "base/limits.h"
#include "deliver/fake_world.h"

namespace malleposte::deliver {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

struct Notices : testing::Test {
  Notices() {
    envelope.reverse_path = {"s", "example.org"};
    envelope.recipients = {{"a", "x.example"}, {"b", "x.example"}};
    envelope.arrived = world.loop.wall();
    failed.push_back({0, mail::Fate::bounced, {}, {"mx", "192.0.2.1:25", 550, "5.1.1", "no"}});
  }
  std::vector<spool::Generated> notices(bool generated = false) {
    return notifier.notices({{7}, envelope, generated, failed, late, passed_on, content, true},
                            world.loop.wall());
  }
  double counted(const std::string& name, const monitor::Labels& labels = {}) {
    monitor::Figures figures;
    notifier.figures(figures);
    return figures.value(name, labels);
  }

  FakeWorld world;
  Notifier notifier{world.settings, world.record};
  mail::Envelope envelope;
  std::vector<mail::Outcome> failed, late, passed_on;
  std::string content = "Subject: hi\r\n\r\nbody\r\n";
};

TEST_F(Notices, ASenderIsToldOfFailuresAndOfDelaysApart) {
  late.push_back({1, mail::Fate::queued, {}, {"mx", "192.0.2.1:25", 450, "4.2.0", "later"}});
  auto made = notices();
  ASSERT_EQ(made.size(), 2u);
  EXPECT_THAT(made[0].content, HasSubstr("Action: failed"));
  EXPECT_THAT(made[0].content, Not(HasSubstr("Action: delayed")));
  EXPECT_THAT(made[1].content, HasSubstr("Action: delayed"));
  EXPECT_THAT(made[1].content, Not(HasSubstr("Action: failed")));
  for (const auto& one : made) {
    EXPECT_TRUE(one.envelope.reverse_path.null());
    EXPECT_EQ(mail::to_string(one.envelope.recipients.at(0)), "s@example.org");
    EXPECT_FALSE(one.gathered_until);
  }
  auto message_id = [](const std::string& text) {
    auto at = text.find("Message-ID: <");
    return text.substr(at, text.find('>', at) - at);
  };
  EXPECT_NE(message_id(made[0].content), message_id(made[1].content));
  EXPECT_EQ(counted("malleposte_dsns_total", {{"kind", "failure"}}), 1);
  EXPECT_EQ(counted("malleposte_dsns_total", {{"kind", "delay"}}), 1);
}

TEST_F(Notices, TheWholeMessageGoesBackOnlyWhenTheOperatorSaysSo) {
  EXPECT_THAT(notices().at(0).content, Not(HasSubstr("body")));
  EXPECT_EQ(notifier.content_wanted(envelope), limits::dsn_header_octets);
  world.settings.bounce_returns = config::BounceReturns::message;
  EXPECT_THAT(notices().at(0).content, HasSubstr("message/rfc822\r\n\r\nSubject: hi\r\n\r\nbody"));
  EXPECT_EQ(notifier.content_wanted(envelope), limits::dsn_message_octets);
}

TEST_F(Notices, AFailedNoticeIsReportedToThePostmasterOnceAndNoFurther) {
  envelope.reverse_path = {};
  world.settings.root_address = "root@example.org";
  auto made = notices(true);
  ASSERT_EQ(made.size(), 1u);
  EXPECT_EQ(mail::to_string(made[0].envelope.recipients.at(0)), "root@example.org");
  EXPECT_THAT(made[0].content, HasSubstr("Subject: Undeliverable notice (double bounce)"));
  EXPECT_EQ(counted("malleposte_dsns_total", {{"kind", "double_bounce"}}), 1);
  EXPECT_EQ(counted("malleposte_failures_untold_total"), 0);
  // That report fails, too.
  envelope.recipients[0] = {"Root", "EXAMPLE.org"};
  EXPECT_TRUE(notices(true).empty());
  EXPECT_EQ(counted("malleposte_failures_untold_total"), 1);
  EXPECT_THAT(world.record.events.back(), HasSubstr("<Root@EXAMPLE.org> could not be delivered"));
}

TEST_F(Notices, WithoutAPostmasterAFailedNoticeIsCounted) {
  envelope.reverse_path = {};
  EXPECT_TRUE(notices(true).empty());
  EXPECT_EQ(counted("malleposte_failures_untold_total"), 1);
  EXPECT_THAT(world.record.events.back(), HasSubstr("nobody is told"));
}

// clause: 5321-4.5.5-b
TEST_F(Notices, WhatOthersSentFromNobodyIsNotReported) {
  envelope.reverse_path = {};
  world.settings.root_address = "root@example.org";
  EXPECT_TRUE(notices(false).empty());
  EXPECT_EQ(counted("malleposte_failures_untold_total"), 1);
}

TEST_F(Notices, PastTheBoundAllAreStillMadeButGathered) {
  for (unsigned i = 0; i < limits::dsns_per_address; ++i)
    EXPECT_FALSE(notices().at(0).gathered_until);
  envelope.reverse_path = {"S", "Example.ORG"};
  auto made = notices();
  ASSERT_EQ(made.size(), 1u);
  EXPECT_EQ(made[0].gathered_until, world.loop.wall() + limits::gather_time);
  EXPECT_EQ(counted("malleposte_dsns_gathered_total"), 1);
}

// RFC 3461 4.1: every combination of the four, also those that no client may send; NEVER wins.
// clause: 3461-5.2.5-a 3461-5.2.6-a 3461-5.2.6-b 3461-5.2.6-c 3461-5.2.2-b 3461-5.2.2-c
// clause: 3461-5.2.2-d 3461-5.2.2-e 3461-5.2.2-f 3464-2.3.3-b 2852-4.1.2-a 2852-4.1.2-b
TEST_F(Notices, NotifyDecidesOfWhatASenderIsTold) {
  envelope.recipients = {{"f", "x.example"}, {"d", "x.example"}, {"s", "x.example"}};
  late.push_back({1, mail::Fate::queued, {}, {"mx", "192.0.2.1:25", 450, "4.2.0", "later"}});
  passed_on.push_back({2, mail::Fate::delivered, {}, {"mx", "192.0.2.1:25", 250, "2.0.0", "ok"}});
  double unwanted = 0;
  for (unsigned bits = 0; bits < 16; ++bits) {
    SCOPED_TRACE(bits);
    const bool never = bits & 1, success = bits & 2, failure = bits & 4, delay = bits & 8;
    for (auto& recipient : envelope.recipients) recipient.notify = {never, success, failure, delay};
    std::set<std::string> told;
    for (const auto& notice : notices()) {
      const auto at = notice.content.find("Action: ") + 8;
      told.insert(notice.content.substr(at, notice.content.find('\r', at) - at));
    }
    const bool given = bits != 0;
    EXPECT_EQ(told.contains("failed"), !never && (failure || !given));
    EXPECT_EQ(told.contains("delayed"), !never && (delay || !given));
    EXPECT_EQ(told.contains("relayed"), !never && success);
    unwanted += told.contains("failed") ? 0 : 1;
    EXPECT_EQ(counted("malleposte_failures_unwanted_total"), unwanted);
  }
  EXPECT_EQ(counted("malleposte_failures_untold_total"), 0);
}

// clause: 3461-5.2.8-a
TEST_F(Notices, OnlyThoseAreNamedOfWhomTheSenderWantsToKnow) {
  failed.push_back(failed[0]);
  failed[1].recipient = 1;
  envelope.recipients[1].notify.never = true;
  const auto made = notices();
  ASSERT_EQ(made.size(), 1u);
  EXPECT_THAT(made[0].content, HasSubstr("Final-Recipient: rfc822; a@x.example"));
  EXPECT_THAT(made[0].content, Not(HasSubstr("b@x.example")));
}

// RFC 3461 4.3: RET says it, and else the operator; it speaks of failures only.
// clause: 3461-6.2-a 3461-6.2-b
TEST_F(Notices, TheSenderDecidesHowMuchComesBackOfAFailure) {
  late.push_back({1, mail::Fate::queued, {}, {"mx", "192.0.2.1:25", 450, "4.2.0", "later"}});
  passed_on.push_back({1, mail::Fate::delivered, {}, {"mx", "192.0.2.1:25", 250, "2.0.0", "ok"}});
  envelope.recipients[1].notify = {false, true, true, true};
  for (auto property : {config::BounceReturns::headers, config::BounceReturns::message})
    for (auto wanted : {mail::Return::unspecified, mail::Return::headers, mail::Return::full}) {
      world.settings.bounce_returns = property;
      envelope.requests.returned = wanted;
      const bool whole =
          wanted == mail::Return::full ||
          (wanted == mail::Return::unspecified && property == config::BounceReturns::message);
      EXPECT_EQ(notifier.content_wanted(envelope),
                whole ? limits::dsn_message_octets : limits::dsn_header_octets);
      const auto made = notices();
      ASSERT_EQ(made.size(), 3u);
      EXPECT_EQ(made[0].content.find("\r\nbody\r\n") != std::string::npos, whole);
      EXPECT_THAT(made[1].content, Not(HasSubstr("body")));
      EXPECT_THAT(made[2].content, Not(HasSubstr("body")));
    }
  // More than a DSN may carry comes back as its header, whatever was asked for.
  envelope.requests.returned = mail::Return::full;
  content += std::string(limits::dsn_message_octets, 'x') + "\r\n";
  EXPECT_THAT(notices().at(0).content, HasSubstr("text/rfc822-headers"));
}

// RFC 3461 5.2.2, 6.1: not where the next host reports, and never to nobody.
// clause: 3461-5.2.2-b 3461-5.2-a
TEST_F(Notices, SuccessIsToldOnlyWhereNobodyElseTellsIt) {
  failed.clear();
  envelope.recipients[0].notify.success = true;
  passed_on.push_back({0, mail::Fate::delivered, {}, {"mx", "192.0.2.1:25", 250, "2.0.0", "ok"}});
  ASSERT_EQ(notices().size(), 1u);
  EXPECT_EQ(counted("malleposte_dsns_total", {{"kind", "success"}}), 1);
  passed_on[0].reports_passed_on = true;
  EXPECT_TRUE(notices().empty());
  passed_on[0].reports_passed_on = false;
  envelope.reverse_path = {};
  EXPECT_TRUE(notices().empty());
  EXPECT_EQ(counted("malleposte_failures_untold_total"), 0);
}

// RFC 2852 4.1.4: with a trace each relay tells, and where the time is not kept any more.
// clause: 2852-4.1.4-b 2852-4.1.4.2-a
TEST_F(Notices, MailWithATimeToKeepIsToldOfWhereItIsRelayed) {
  failed.clear();
  passed_on.push_back({0, mail::Fate::delivered, {}, {"mx", "192.0.2.1:25", 250, "2.0.0", "ok"}});
  passed_on[0].reports_passed_on = true;
  EXPECT_TRUE(notices().empty());
  for (const bool trace : {true, false}) {
    SCOPED_TRACE(trace);
    envelope.requests.deliver_by = mail::DeliverBy{envelope.arrived + 1h, false, trace};
    passed_on[0].time_limit_lost = false;
    EXPECT_EQ(notices().size(), trace ? 1u : 0u);
    passed_on[0].time_limit_lost = true;
    const auto made = notices();
    ASSERT_EQ(made.size(), 1u);
    EXPECT_THAT(made[0].content, HasSubstr("Action: relayed"));
    envelope.recipients[0].notify.never = true;
    EXPECT_TRUE(notices().empty());
    envelope.recipients[0].notify = {.failure = true};
    EXPECT_EQ(notices().size(), 1u);
    envelope.recipients[0].notify = {};
  }
}

// A copy from <> that asks for silence is not even told to the postmaster.
TEST_F(Notices, NeverHoldsForMailFromNobodyToo) {
  envelope.reverse_path = {};
  envelope.recipients[0].notify.never = true;
  world.settings.root_address = "root@example.org";
  EXPECT_TRUE(notices(true).empty());
  EXPECT_EQ(counted("malleposte_failures_untold_total"), 0);
  EXPECT_EQ(counted("malleposte_failures_unwanted_total"), 1);
}

}  // namespace
}  // namespace malleposte::deliver
