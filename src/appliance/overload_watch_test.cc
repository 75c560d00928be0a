#include "appliance/overload_watch.h"

#include <gtest/gtest.h>

#include "monitor/fake_loop.h"

namespace malleposte::appliance {
namespace {

using namespace std::chrono_literals;
using Level = policy::Overload::Level;
using monitor::Severity;

// Keeps the events, forgets the rest.
class Events final : public monitor::Record {
 public:
  void connected(std::string_view, std::string_view) override {}
  void disconnected(std::string_view, std::string_view, unsigned, unsigned) override {}
  void refused(std::string_view, std::string_view, std::string_view, std::string_view,
               std::string_view, std::string_view) override {}
  void accepted(mail::MessageId, const mail::Envelope&, std::uint64_t) override {}
  void generated(mail::MessageId, const mail::Envelope&, std::uint64_t, std::string_view) override {
  }
  void outcome(mail::MessageId, std::string_view, const mail::Outcome&, Duration) override {}
  void removed(mail::MessageId) override {}
  void event(std::string_view kind, Severity, std::string_view text) override {
    all.push_back(std::string(kind) + ": " + std::string(text));
  }
  std::vector<std::string> all;
};

TEST(OverloadWatch, SaysWhoIsTurnedAwayAsLongAsItIsSo) {
  receive::FrontDoor::Crowd crowd;
  monitor::FakeLoop loop;
  monitor::Notices notices;
  Events record;
  const OverloadWatch watch(loop, [&crowd] { return crowd; }, notices, record);
  loop.advance(10s);
  EXPECT_TRUE(notices.all().empty());

  crowd = {Level::strangers, Limit::commit_delay};
  loop.advance(10s);
  ASSERT_EQ(notices.all().size(), 1U);
  EXPECT_EQ(notices.all()[0].severity, Severity::warning);
  EXPECT_EQ(notices.all()[0].reason, "Messages wait too long for the disk.");
  EXPECT_EQ(record.all.size(), 1U);

  crowd.level = Level::everybody;
  loop.advance(10s);
  ASSERT_EQ(notices.all().size(), 1U);
  EXPECT_EQ(notices.all()[0].severity, Severity::alert);
  EXPECT_EQ(record.all.size(), 2U);

  crowd.level = Level::strangers;
  loop.advance(10s);
  EXPECT_EQ(notices.all()[0].severity, Severity::warning);
  EXPECT_EQ(record.all.size(), 2U);

  crowd.level = Level::none;
  loop.advance(10s);
  EXPECT_TRUE(notices.all().empty());
  ASSERT_EQ(record.all.size(), 3U);
  EXPECT_EQ(record.all[2], "log: New clients are let in again");
}

}  // namespace
}  // namespace malleposte::appliance
