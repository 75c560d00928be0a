#include "deliver/notifier.h"

#include <gmock/gmock.h>

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
    return notifier.notices({{7}, envelope, generated, failed, late, content, true},
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
  std::vector<mail::Outcome> failed, late;
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
  EXPECT_EQ(notifier.content_wanted(), limits::dsn_header_octets);
  world.settings.bounce_returns = config::BounceReturns::message;
  EXPECT_THAT(notices().at(0).content, HasSubstr("message/rfc822\r\n\r\nSubject: hi\r\n\r\nbody"));
  EXPECT_EQ(notifier.content_wanted(), limits::dsn_message_octets);
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

}  // namespace
}  // namespace malleposte::deliver
