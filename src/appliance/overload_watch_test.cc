#include "appliance/overload_watch.h"

#include <gtest/gtest.h>

#include "monitor/fake_loop.h"
#include "monitor/fake_record.h"

namespace malleposte::appliance {
namespace {

using namespace std::chrono_literals;
using Level = policy::Overload::Level;
using monitor::Severity;

TEST(OverloadWatch, SaysWhoIsTurnedAwayAsLongAsItIsSo) {
  receive::FrontDoor::Crowd crowd;
  monitor::FakeLoop loop;
  monitor::Notices notices;
  monitor::FakeRecord record;
  const OverloadWatch watch(loop, [&crowd] { return crowd; }, notices, record);
  loop.advance(10s);
  EXPECT_TRUE(notices.all().empty());

  crowd = {Level::strangers, Limit::commit_delay};
  loop.advance(10s);
  ASSERT_EQ(notices.all().size(), 1U);
  EXPECT_EQ(notices.all()[0].severity, Severity::warning);
  EXPECT_EQ(notices.all()[0].reason, "Messages wait too long for the disk.");
  EXPECT_EQ(record.events.size(), 1U);

  crowd.level = Level::everybody;
  loop.advance(10s);
  ASSERT_EQ(notices.all().size(), 1U);
  EXPECT_EQ(notices.all()[0].severity, Severity::alert);
  EXPECT_EQ(record.events.size(), 2U);

  crowd.level = Level::strangers;
  loop.advance(10s);
  EXPECT_EQ(notices.all()[0].severity, Severity::warning);
  EXPECT_EQ(record.events.size(), 2U);

  crowd.level = Level::none;
  loop.advance(10s);
  EXPECT_TRUE(notices.all().empty());
  ASSERT_EQ(record.events.size(), 3U);
  EXPECT_EQ(record.events[2], "log: New clients are let in again");
}

}  // namespace
}  // namespace malleposte::appliance
