// What senders are told, through whole deliveries: warnings, successes, double bounces.
#include <gmock/gmock.h>

#include <set>

#include "deliver/telling_fixture.h"

namespace malleposte::deliver {
namespace {

using mail::Fate;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

// clause: 3464-2.3.9-a
TEST_F(Telling, ASenderIsWarnedOnceWhenMailIsLate) {
  by_name();
  start();
  auto id = put("s@example.org", {"later@x.example", "yes@x.example"});
  pass(3h);
  EXPECT_TRUE(told().empty());
  pass(3h);
  ASSERT_EQ(told().size(), 1u);
  EXPECT_EQ(mail::to_string(told()[0].envelope.recipients[0]), "s@example.org");
  EXPECT_THAT(told()[0].content, HasSubstr("Final-Recipient: rfc822; later@x.example\r\n"
                                           "Action: delayed\r\nStatus: 4.2.1\r\n"));
  EXPECT_THAT(told()[0].content, HasSubstr("Will-Retry-Until: "));
  EXPECT_THAT(told()[0].content, Not(HasSubstr("rfc822; yes@")));
  EXPECT_TRUE(message(id).warned);
  // Warning and deferral are one settlement.
  const auto& settled = std::find_if(world.store.settlements.begin(), world.store.settlements.end(),
                                     [](const auto& one) { return one.warned; });
  EXPECT_EQ(settled->generated.size(), 1u);
  EXPECT_EQ(settled->outcomes.size(), 1u);
  pass(100h);
  EXPECT_EQ(told().size(), 1u) << "warned again";
  pass(20h);
  ASSERT_EQ(told().size(), 2u);
  EXPECT_THAT(told()[1].content, HasSubstr("it was tried for"));
}

// RFC 4865 4.2: what was to be kept for days is neither late nor expired when it is released.
TEST_F(Telling, TheTimesOfTheQueueCountFromTheRelease) {
  by_name();
  auto id = put("s@example.org", {"later@x.example"});
  message(id).envelope.requests.held_until = world.loop.wall() + 240h;
  message(id).due = {world.loop.wall() + 240h};
  start();
  pass(240h + 1s);
  EXPECT_EQ(last(id).fate, Fate::queued);
  EXPECT_TRUE(told().empty());
  pass(6h);
  ASSERT_EQ(told().size(), 1u);  // the warning
  EXPECT_EQ(last(id).fate, Fate::queued);
  pass(world.settings.queue_lifetime);
  EXPECT_EQ(last(id).fate, Fate::expired);
}

TEST_F(Telling, AWarningIsNotRepeatedAfterARestart) {
  by_name();
  start();
  put("s@example.org", {"later@x.example"});
  pass(6h);
  EXPECT_EQ(told().size(), 1u);
  dispatcher.reset();
  start();
  pass(6h);
  EXPECT_EQ(told().size(), 1u);
}

TEST_F(Telling, NobodyIsWarnedAboutMailFromNobodyNorWhenWarningsAreOff) {
  by_name();
  start();
  put("", {"later@x.example"});
  pass(10h);
  EXPECT_TRUE(told().empty());
  world.settings.delay_warning_after = {};
  put("s@example.org", {"later@x.example"});
  pass(10h);
  EXPECT_TRUE(told().empty());
}

// Recipients of several next hops come due at different times: the warning speaks of all that are
// queued, also of those that were not tried this time, and of none that has just been delivered.
TEST_F(Telling, AWarningSpeaksOfAllThatAreQueued) {
  world.settings.smart_relay.clear();
  for (auto n : {"x", "y", "z"}) {
    world.resolver.mx(std::string(n) + ".example", {{10, std::string("mx.") + n}});
    world.resolver.address(std::string("mx.") + n,
                           {std::string("192.0.2.1") + (*n == 'x'   ? "1"
                                                        : *n == 'y' ? "2"
                                                                    : "3")});
  }
  world.network.host("192.0.2.11:25").refuses_connections = true;
  world.network.host("192.0.2.12:25").refuses_connections = true;
  world.network.host("192.0.2.13:25").refuses_connections = true;
  start();
  auto id = put("s@example.org", {"a@x.example", "b@y.example", "c@z.example"});
  pass(3h + 50min);
  // One is tried at four hours, one is not due, one is delivered in the same attempt.
  auto& due = message(id).due;
  due[0] = due[2] = world.loop.wall() + 15min;
  due[1] = world.loop.wall() + 30min;
  world.network.host("192.0.2.13:25").refuses_connections = false;
  pass(20min);
  ASSERT_EQ(told().size(), 1u);
  EXPECT_EQ(message(id).fate(2), Fate::delivered);
  EXPECT_THAT(told()[0].content, HasSubstr("rfc822; a@x.example\r\nAction: delayed"));
  EXPECT_THAT(told()[0].content, HasSubstr("rfc822; b@y.example\r\nAction: delayed"));
  EXPECT_THAT(told()[0].content, Not(HasSubstr("c@z.example")));
}

TEST_F(Telling, FailureAndWarningOfOneAttemptAreOneSettlement) {
  by_name();
  start();
  put("s@example.org", {"later@x.example"});
  pass(3h);
  auto id = put("s@example.org", {"no@x.example", "later@x.example"});
  message(id).envelope.arrived -= 5h;
  pass();
  const auto& settlement = world.store.settlements.back();
  EXPECT_EQ(settlement.id, id);
  EXPECT_EQ(settlement.outcomes.size(), 2u);
  ASSERT_EQ(settlement.generated.size(), 2u);
  EXPECT_THAT(settlement.generated[0].content, HasSubstr("Action: failed"));
  EXPECT_THAT(settlement.generated[1].content, HasSubstr("Action: delayed"));
  EXPECT_TRUE(settlement.warned);
}

// --- Success (RFC 3461 5.2.2) --------------------------------------------------------------------

// A delivery is settled at once, whatever the other parts of the message do, and its report with
// it: so nothing is delivered again for the sake of a report.
TEST_F(Telling, SuccessIsToldTogetherWithTheOutcome) {
  world.settings.smart_relay.clear();
  for (auto n : {"x", "y"}) {
    world.resolver.mx(std::string(n) + ".example", {{10, std::string("mx.") + n}});
    world.resolver.address(std::string("mx.") + n,
                           {std::string("192.0.2.1") + (*n == 'x' ? "1" : "2")});
  }
  world.network.host("192.0.2.11:25");
  world.network.host("192.0.2.12:25").refuses_connections = true;
  start();
  auto id = put("s@example.org", {"a@x.example", "b@x.example", "c@y.example"});
  for (auto& recipient : message(id).envelope.recipients) recipient.notify.success = true;
  message(id).envelope.recipients[1].notify = {};
  pass(1min);
  ASSERT_EQ(told().size(), 1u);
  EXPECT_THAT(told()[0].content, HasSubstr("rfc822; a@x.example\r\nAction: relayed\r\n"));
  EXPECT_THAT(told()[0].content, Not(HasSubstr("b@x.example")));
  EXPECT_THAT(told()[0].content, HasSubstr("Subject: x\r\n")) << "the header comes back";
  const auto settlement =
      std::find_if(world.store.settlements.begin(), world.store.settlements.end(),
                   [](const auto& one) { return !one.generated.empty(); });
  ASSERT_EQ(settlement->outcomes.size(), 2u);
  for (const auto& outcome : settlement->outcomes) EXPECT_EQ(outcome.fate, Fate::delivered);
  EXPECT_EQ(message(id).fate(2), Fate::queued);
}

TEST_F(Telling, AHostWithDsnReportsByItself) {
  relay().answer = [](const std::string& line, const std::string&) -> std::optional<Say> {
    if (line.starts_with("EHLO")) return say("250-relay\r\n250 DSN");
    return std::nullopt;
  };
  start();
  auto id = put("s@example.org", {"a@x.example"});
  message(id).envelope.recipients[0].notify.success = true;
  pass(1min);
  EXPECT_EQ(last(id).fate, Fate::delivered);
  EXPECT_TRUE(told().empty());
}

TEST_F(Telling, SuccessAndFailureOfOneConversationAreOneSettlement) {
  by_name();
  start();
  auto id = put("s@example.org", {"no@x.example", "yes@x.example"});
  for (auto& recipient : message(id).envelope.recipients)
    recipient.notify = {false, true, true, false};
  pass(1min);
  const auto& settlement = world.store.settlements.back();
  EXPECT_EQ(settlement.outcomes.size(), 2u);
  ASSERT_EQ(settlement.generated.size(), 2u);
  EXPECT_THAT(settlement.generated[0].content, HasSubstr("no@x.example\r\nAction: failed"));
  EXPECT_THAT(settlement.generated[1].content, HasSubstr("yes@x.example\r\nAction: relayed"));
}

TEST_F(Telling, SuccessIsToldOnceThoughTheStoreFailsAtFirst) {
  by_name();
  world.store.failing_settlements = 2;
  start();
  auto id = put("s@example.org", {"a@x.example"});
  message(id).envelope.recipients[0].notify.success = true;
  pass(1min);
  EXPECT_EQ(told().size(), 1u);
  EXPECT_EQ(relay().mails.size(), 1u);
}

// Without a word of the message a report is better than none.
TEST_F(Telling, SuccessOfAMessageThatCannotBeReadAgainIsStillTold) {
  start();
  auto id = put("s@example.org", {"a@x.example"});
  message(id).envelope.recipients[0].notify.success = true;
  relay().answer = [this](const std::string& line, const std::string&) -> std::optional<Say> {
    if (line.starts_with("RCPT")) world.store.failing_opens = 1;
    return std::nullopt;
  };
  pass(1min);
  ASSERT_EQ(told().size(), 1u);
  EXPECT_THAT(told()[0].content, HasSubstr("Action: relayed"));
  EXPECT_EQ(last(id).fate, Fate::delivered);
}

TEST_F(Telling, AWarningIsForThoseWhoWantOne) {
  by_name();
  start();
  auto silent = put("s@example.org", {"later1@x.example"});
  message(silent).envelope.recipients[0].notify.never = true;
  auto id = put("s@example.org", {"later2@x.example", "later3@x.example"});
  message(id).envelope.recipients[0].notify.failure = true;
  pass(6h);
  ASSERT_EQ(told().size(), 1u);
  EXPECT_THAT(told()[0].content, HasSubstr("later3@x.example\r\nAction: delayed"));
  EXPECT_THAT(told()[0].content, Not(HasSubstr("later2@")));
  EXPECT_FALSE(message(silent).warned);
  pass(120h);
  ASSERT_EQ(told().size(), 2u) << "both have expired, one in silence";
  EXPECT_THAT(told()[1].content, HasSubstr("later2@x.example\r\nAction: failed"));
}

// --- Very many -----------------------------------------------------------------------------------

// One record has to hold the outcomes and their DSN.
TEST_F(Telling, VeryManyFailuresAreToldInSeveralNotices) {
  by_name();
  start();
  std::vector<std::string> to;
  for (int i = 0; i < 450; ++i) to.push_back("no" + std::to_string(i) + "@x.example");
  for (int i = 0; i < 250; ++i) to.push_back("later" + std::to_string(i) + "@x.example");
  auto id = put("s@example.org", to);
  message(id).envelope.arrived -= 5h;
  pass(1min);
  std::size_t failed = 0, late = 0;
  for (const auto& one : told()) {
    for (std::size_t at = 0; (at = one.content.find("Action: failed", at)) != std::string::npos;
         ++at)
      ++failed;
    for (std::size_t at = 0; (at = one.content.find("Action: delayed", at)) != std::string::npos;
         ++at)
      ++late;
  }
  EXPECT_EQ(failed, 450u);
  EXPECT_EQ(late, limits::recipients_per_dsn);
  EXPECT_THAT(told().back().content, HasSubstr("And 50 more recipients"));
  EXPECT_EQ(told().size(), 4u);
  for (std::size_t i = 0; i < to.size(); ++i) EXPECT_EQ(message(id).history[i].size(), 1u);
}

TEST_F(Telling, VeryManySuccessesAreToldInSeveralNotices) {
  by_name();
  start();
  std::vector<std::string> to;
  for (int i = 0; i < 450; ++i) to.push_back("yes" + std::to_string(i) + "@x.example");
  auto id = put("s@example.org", to);
  for (auto& recipient : message(id).envelope.recipients) recipient.notify.success = true;
  pass(1min);
  std::size_t named = 0;
  std::set<std::string> ids;
  for (const auto& one : told()) {
    for (std::size_t at = 0; (at = one.content.find("Action: relayed", at)) != std::string::npos;
         ++at)
      ++named;
    const auto at = one.content.find("Message-ID: ");
    ids.insert(one.content.substr(at, one.content.find('\r', at) - at));
  }
  EXPECT_EQ(named, 450u);
  EXPECT_GE(told().size(), 3u);
  EXPECT_EQ(ids.size(), told().size());
}

// clause: 3461-5.2-b 5321-4.5.5-b
TEST_F(Telling, ANoticeThatFailsItselfGoesToRootAddressAndNoFurther) {
  by_name();
  world.store.queues_generated = true;
  world.settings.root_address = "norelief@example.org";
  start();
  put("nosender@example.org", {"no@x.example"});
  pass(1min);
  ASSERT_EQ(told().size(), 2u);
  EXPECT_EQ(mail::to_string(told()[0].envelope.recipients[0]), "nosender@example.org");
  EXPECT_EQ(mail::to_string(told()[1].envelope.recipients[0]), "norelief@example.org");
  EXPECT_TRUE(told()[1].envelope.reverse_path.null());
  EXPECT_THAT(told()[1].content, HasSubstr("Final-Recipient: rfc822; nosender@example.org"));
  EXPECT_THAT(told()[1].content, HasSubstr("Subject: Undelivered mail returned to sender"));
  pass(1h);
  EXPECT_EQ(told().size(), 2u);
}

TEST_F(Telling, TheOperatorsBounceGoesTheSameWay) {
  start();
  auto id = put("s@example.org", {"a@x.example"});
  mail::Outcome outcome{0, Fate::bounced, {}, {"", "", 0, "5.0.0", "returned by the operator"}};
  const std::vector failed{outcome};
  ASSERT_TRUE(world.store.make_dsns);
  for (unsigned i = 0; i <= limits::dsns_per_address; ++i) {
    auto made = world.store.make_dsns({id, message(id).envelope, false, failed, "A: b\r\n", true});
    ASSERT_EQ(made.size(), 1u);
    EXPECT_THAT(made[0].content, HasSubstr("    returned by the operator\r\n"));
    EXPECT_EQ(made[0].gathered_until.has_value(), i == limits::dsns_per_address);
  }
}

}  // namespace
}  // namespace malleposte::deliver
