#include "appliance/volume_watch.h"

#include <gtest/gtest.h>

#include "monitor/fake_loop.h"
#include "monitor/fake_record.h"

namespace malleposte::appliance {
namespace {

using namespace std::chrono_literals;
using monitor::Severity;

class Volume : public testing::Test {
 protected:
  // In ten-thousandths of the volume.
  void free(std::uint64_t octets) {
    health_.free_octets = octets;
    health_.total_octets = 10'000;
    loop_.advance(10s);
  }
  std::vector<std::string> events() { return std::exchange(record_.events, {}); }

  spool::Health health_{true, "", 10'000, 10'000};
  monitor::FakeLoop loop_;
  monitor::Notices notices_;
  monitor::FakeRecord record_;
  VolumeWatch watch_{loop_, [this] { return health_; }, notices_, record_};
};

using Texts = std::vector<std::string>;

TEST_F(Volume, FivePercentAreEnough) {
  free(500);
  EXPECT_TRUE(notices_.all().empty());
  free(499);
  EXPECT_EQ(events(), (Texts{"alert: Data volume has less than 5% of free disk space"}));
  EXPECT_EQ(notices_.all().size(), 1u);
}

TEST_F(Volume, BelowOnePercentItIsUrgent) {
  free(100);
  events();
  free(99);
  EXPECT_EQ(events(), (Texts{"alert: Data volume has less than 1% of free disk space"}));
  EXPECT_EQ(notices_.all().front().severity, Severity::alert);
}

TEST_F(Volume, ACrossingIsToldOnce) {
  free(499);
  events();
  for (std::uint64_t octets : {498, 505, 499, 530, 400}) free(octets);
  EXPECT_TRUE(events().empty());
  free(550);
  EXPECT_EQ(events(), (Texts{"log: Data volume has 5% of free disk space again"}));
  EXPECT_TRUE(notices_.all().empty());
}

TEST_F(Volume, ARefusingStoreIsToldWithItsReason) {
  health_.accepting = false;
  health_.why = "the disk says no";
  loop_.advance(10s);
  ASSERT_EQ(notices_.all().size(), 1u);
  EXPECT_EQ(notices_.all()[0].reason, "the disk says no");
  health_.accepting = true;
  loop_.advance(10s);
  EXPECT_TRUE(notices_.all().empty());
  EXPECT_EQ(events().size(), 2u);
}

TEST_F(Volume, DamageIsToldOnceAndStands) {
  health_.damaged = 1;
  loop_.advance(10s);
  EXPECT_EQ(events(), (Texts{"alert: Mail in the spool was found damaged"}));
  health_.damaged = 3;
  loop_.advance(10s);
  EXPECT_TRUE(events().empty());
  ASSERT_EQ(notices_.all().size(), 1u);
  EXPECT_NE(notices_.all()[0].reason.find("3 since the start"), std::string::npos);
}

TEST_F(Volume, AVolumeOfUnknownSizeIsNotFull) {
  health_ = {true, "", 0, 0};
  loop_.advance(10s);
  EXPECT_TRUE(notices_.all().empty());
}

}  // namespace
}  // namespace malleposte::appliance
