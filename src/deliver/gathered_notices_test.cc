// Notices past the bound, which come as one report, through whole deliveries.
#include <gmock/gmock.h>

#include <set>

#include "deliver/telling_fixture.h"

namespace malleposte::deliver {
namespace {

using mail::Fate;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class Gathering : public Telling {
 protected:
  Gathering() { world.store.queues_generated = true; }

  // So many messages that fail, from one sender.
  void fail_some(std::size_t count, const std::string& from = "s@example.org") {
    for (std::size_t i = 0; i < count; ++i, ++next_)
      put(from, {"no" + std::to_string(next_) + "@x.example", "yes@x.example"},
          "Subject: number " + std::to_string(next_) + "\r\n\r\nx\r\n");
    pass(1s);
  }
  std::vector<FakeHost::Mail> arrived(const std::string& to) {
    std::vector<FakeHost::Mail> mails;
    for (const auto& mail : relay().mails)
      if (mail.to.front() == to) mails.push_back(mail);
    return mails;
  }
  // Messages that wait to become part of a report.
  std::vector<mail::MessageId> gathered() {
    std::vector<mail::MessageId> ids;
    for (const auto& [id, message] : world.store.messages)
      if (message.gathered && message.fate(0) == Fate::queued) ids.push_back({id});
    return ids;
  }
  std::size_t next_ = 1;
};

TEST_F(Gathering, FailuresPastTheBoundComeInOneReportAnHour) {
  by_name();
  start();
  fail_some(limits::dsns_per_address + 20);
  EXPECT_EQ(arrived("s@example.org").size(), limits::dsns_per_address);
  EXPECT_EQ(gathered().size(), 20u);
  pass(59min);
  EXPECT_EQ(arrived("s@example.org").size(), limits::dsns_per_address);
  pass(2min);
  auto mails = arrived("s@example.org");
  ASSERT_EQ(mails.size(), limits::dsns_per_address + 1);
  EXPECT_EQ(mails.back().from, "");
  EXPECT_THAT(mails.back().content, HasSubstr("Subject: Undelivered mail: 20 notices in one"));
  for (std::size_t i = limits::dsns_per_address + 1; i < next_; ++i)
    EXPECT_THAT(mails.back().content, HasSubstr("<no" + std::to_string(i) + "@x.example> failed:"));
  // One settlement: all of them replaced, and the report.
  EXPECT_TRUE(gathered().empty());
  const auto replaced =
      std::count_if(world.store.settlements.begin(), world.store.settlements.end(),
                    [](const auto& one) { return one.outcomes.front().fate == Fate::replaced; });
  EXPECT_EQ(replaced, 20);
  EXPECT_EQ(dispatcher->leased_messages(), 0u);
}

TEST_F(Gathering, EachSenderHasItsOwnReportAndOthersAreNotTouched) {
  by_name();
  start();
  fail_some(limits::dsns_per_address + 3, "one@example.org");
  fail_some(limits::dsns_per_address + 2, "two@example.org");
  fail_some(1, "three@example.org");
  EXPECT_EQ(arrived("three@example.org").size(), 1u);
  pass(61min);
  EXPECT_THAT(arrived("one@example.org").back().content, HasSubstr("3 notices in one"));
  EXPECT_THAT(arrived("two@example.org").back().content, HasSubstr("2 notices in one"));
}

TEST_F(Gathering, ASingleGatheredNoticeGoesOutAsItIs) {
  by_name();
  start();
  fail_some(limits::dsns_per_address + 1);
  const auto dsn = message(gathered().at(0)).content;
  pass(61min);
  EXPECT_EQ(arrived("s@example.org").size(), limits::dsns_per_address + 1);
  EXPECT_EQ(arrived("s@example.org").back().content, dsn);
}

TEST_F(Gathering, ReportsThatWouldBeTooLargeAreSeveral) {
  relay().answer = [](const std::string& line, const std::string&) -> std::optional<Say> {
    if (line.find("<no") != std::string::npos)
      return say("550 5.1.1 " + std::string(900, 'x') + " at length");
    return std::nullopt;
  };
  start();
  fail_some(limits::dsns_per_address + 150);
  pass(62min);
  auto mails = arrived("s@example.org");
  ASSERT_GT(mails.size(), limits::dsns_per_address + 1);
  std::size_t named = 0;
  for (auto i = limits::dsns_per_address; i < mails.size(); ++i) {
    EXPECT_LE(mails[i].content.size(), limits::report_octets + 4096);
    for (std::size_t at = 0; (at = mails[i].content.find("> failed:", at)) != std::string::npos;
         ++at)
      ++named;
  }
  EXPECT_EQ(named, 150u);
}

TEST_F(Gathering, WhatTheOperatorTookAwayIsNotInTheReport) {
  by_name();
  start();
  fail_some(limits::dsns_per_address + 4);
  const auto ids = gathered();
  pass(58min);
  world.store.unwanted.insert(ids[1].value);  // held or deleted while it is leased
  pass(3min);
  EXPECT_THAT(arrived("s@example.org").back().content, HasSubstr("3 notices in one"));
  EXPECT_EQ(message(ids[1]).fate(0), Fate::queued);
  EXPECT_TRUE(message(ids[1]).leased.empty());
}

TEST_F(Gathering, NothingIsLostWhenTheReportCannotBeKeptOrHasNoRoom) {
  by_name();
  start();
  fail_some(limits::dsns_per_address + 5);
  pass(58min);
  world.store.failing_settlements = 3;
  world.store.refused_reservations = 3;
  pass(5min);
  EXPECT_THAT(arrived("s@example.org").back().content, HasSubstr("5 notices in one"));
  EXPECT_EQ(arrived("s@example.org").size(), limits::dsns_per_address + 1);
  EXPECT_TRUE(gathered().empty());
}

TEST_F(Gathering, WhatCannotBeReadIsPutOffAndTheOthersGo) {
  by_name();
  start();
  fail_some(limits::dsns_per_address + 5);
  const auto first = gathered().at(0);
  pass(58min);
  world.store.failing_opens = 1;
  pass(3min);
  EXPECT_THAT(arrived("s@example.org").back().content, HasSubstr("4 notices in one"));
  EXPECT_EQ(message(first).fate(0), Fate::queued);
  EXPECT_THAT(world.record.events.back(), HasSubstr("cannot be read"));
  pass(2h);
  EXPECT_EQ(message(first).fate(0), Fate::replaced);
}

TEST_F(Gathering, AfterARestartTheReportStillComes) {
  by_name();
  start();
  fail_some(limits::dsns_per_address + 5);
  pass(30min);
  dispatcher.reset();
  start();
  pass(31min);
  EXPECT_THAT(arrived("s@example.org").back().content, HasSubstr("5 notices in one"));
}

TEST_F(Gathering, AReportThatFailsIsADoubleBounce) {
  by_name();
  world.settings.root_address = "root@example.org";
  start();
  fail_some(limits::dsns_per_address + 5, "nosender@example.org");
  pass(61min);
  const auto mails = arrived("root@example.org");
  ASSERT_EQ(mails.size(), limits::dsns_per_address + 1)
      << "one for each notice, one for the report";
  EXPECT_THAT(mails.back().content, HasSubstr("Undeliverable notice (double bounce)"));
  EXPECT_THAT(mails.back().content, HasSubstr("Subject: Undelivered mail: 5 notices in one"));
}

TEST_F(Gathering, AShutdownWaitsForAReportOnItsWayToTheDisk) {
  by_name();
  start();
  fail_some(limits::dsns_per_address + 5);
  pass(58min);
  world.store.settle_delay = 5s;
  while (world.store.generated.size() < limits::dsns_per_address + 6 && gathered().size() == 5 &&
         dispatcher->leased_messages() == 0)
    pass(100ms);
  pass(1100ms);
  std::optional<std::vector<InDoubt>> in_doubt;
  spawn([](Dispatcher& d, std::optional<std::vector<InDoubt>>& to) -> Task<void> {
    to = co_await d.stop();
  }(*dispatcher, in_doubt));
  pass(2s);
  EXPECT_FALSE(in_doubt);
  pass(4s);
  EXPECT_TRUE(in_doubt);
  EXPECT_TRUE(gathered().empty());
  leftovers_allowed = true;  // the report itself
}

}  // namespace
}  // namespace malleposte::deliver
