#include "deliver/trial_order.h"

#include <gtest/gtest.h>

#include "deliver/fake_loop.h"

namespace malleposte::deliver {
namespace {

// "0:A 1:b": whose address comes when.
std::string turns(const std::vector<std::vector<std::string>>& hosts) {
  std::string line;
  for (const auto& [host, address] : take_turns(hosts))
    line += (line.empty() ? "" : " ") + std::to_string(host) + '=' + address;
  return line;
}

// clause: 5321-5.1-o
TEST(TrialOrder, FamiliesTakeTurnsWithinAHost) {
  EXPECT_EQ(turns({{"::1", "::2", "10.0.0.1", "10.0.0.2"}}), "0=::1 0=10.0.0.1 0=::2 0=10.0.0.2");
  EXPECT_EQ(turns({{"10.0.0.1", "::1", "::2", "::3"}}), "0=::1 0=10.0.0.1 0=::2 0=::3");
  EXPECT_EQ(turns({{"10.0.0.1", "10.0.0.2"}}), "0=10.0.0.1 0=10.0.0.2");
}

// A family that leads nowhere costs a time-out each time: the other one comes after the first.
TEST(TrialOrder, HostsAndFamiliesTakeTurnsAcrossHosts) {
  EXPECT_EQ(turns({{"::a", "10.0.0.1"}, {"::b", "10.0.0.2"}, {"::c", "10.0.0.3"}}),
            "0=::a 1=10.0.0.2 2=::c 0=10.0.0.1 1=::b 2=10.0.0.3");
  EXPECT_EQ(turns({{"10.0.0.1", "10.0.0.2", "10.0.0.3"}, {"10.0.1.1"}, {}, {"::d"}}),
            "0=10.0.0.1 1=10.0.1.1 3=::d 0=10.0.0.2 0=10.0.0.3");
}

TEST(TrialOrder, NothingLeavesNothing) {
  EXPECT_EQ(turns({}), "");
  EXPECT_EQ(turns({{}, {}}), "");
}

TEST(TrialOrder, EveryAddressComesOnce) {
  std::vector<std::vector<std::string>> hosts(20);
  for (int host = 0; host < 20; ++host)
    for (int i = 0; i <= host; ++i)
      hosts[host].push_back((i % 3 ? "10.0." : "::") + std::to_string(host) + '.' +
                            std::to_string(i));
  EXPECT_EQ(take_turns(hosts).size(), 210u);
}

}  // namespace
}  // namespace malleposte::deliver
