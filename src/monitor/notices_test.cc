#include "monitor/notices.h"

#include <gtest/gtest.h>

namespace malleposte::monitor {
namespace {

Notice notice(std::string id, Severity severity, std::int64_t since = 0) {
  Notice result;
  result.id = std::move(id);
  result.severity = severity;
  result.since = WallTime(Duration(since));
  return result;
}

TEST(Notices, RaisedAgainKeepsSinceAndIsNotNew) {
  Notices notices;
  EXPECT_TRUE(notices.raise(notice("disk-low", Severity::warning, 1)));
  auto again = notice("disk-low", Severity::alert, 2);
  again.text = "worse";
  EXPECT_FALSE(notices.raise(again));
  ASSERT_EQ(notices.all().size(), 1U);
  EXPECT_EQ(notices.all()[0].since, WallTime(Duration(1)));
  EXPECT_EQ(notices.all()[0].text, "worse");
  EXPECT_EQ(notices.all()[0].severity, Severity::alert);
}

TEST(Notices, ClearedOnceThenGone) {
  Notices notices;
  notices.raise(notice("a", Severity::info));
  EXPECT_TRUE(notices.stands("a"));
  EXPECT_TRUE(notices.clear("a"));
  EXPECT_FALSE(notices.clear("a"));
  EXPECT_FALSE(notices.stands("a"));
  EXPECT_TRUE(notices.raise(notice("a", Severity::info))) << "new again";
}

TEST(Notices, TheMostSevereComeFirstThenTheOldest) {
  Notices notices;
  notices.raise(notice("i", Severity::info));
  notices.raise(notice("w1", Severity::warning));
  notices.raise(notice("a", Severity::alert));
  notices.raise(notice("w2", Severity::warning));
  std::string order;
  for (const auto& one : notices.all()) order += one.id + " ";
  EXPECT_EQ(order, "a w1 w2 i ");
}

TEST(Notices, AFullListTakesOnlyTheMoreSevere) {
  Notices notices(2);
  notices.raise(notice("i1", Severity::info));
  notices.raise(notice("i2", Severity::info));
  EXPECT_FALSE(notices.raise(notice("i3", Severity::info)));
  EXPECT_FALSE(notices.stands("i3"));
  EXPECT_TRUE(notices.raise(notice("a", Severity::alert)));
  EXPECT_TRUE(notices.stands("i1"));
  EXPECT_FALSE(notices.stands("i2")) << "the newest of the mildest made room";
  EXPECT_EQ(notices.all().size(), 2U);
  EXPECT_EQ(notices.left_out(), 2U);
}

}  // namespace
}  // namespace malleposte::monitor
