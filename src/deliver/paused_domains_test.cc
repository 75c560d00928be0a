#include "deliver/paused_domains.h"

#include <gtest/gtest.h>

namespace malleposte::deliver {
namespace {

TEST(PausedDomains, KeepEachOnceInTheOrderInWhichTheyCame) {
  PausedDomains domains;
  for (int round = 0; round < 3; ++round)
    for (const char* name : {"a.example", "b.example", "c.example"}) domains.add(name);
  EXPECT_EQ(domains.take(), "a.example");
  domains.add("a.example");
  EXPECT_EQ(domains.take(), "b.example");
  EXPECT_EQ(domains.take(), "c.example");
  EXPECT_EQ(domains.take(), "a.example");
  EXPECT_TRUE(domains.empty());
}

}  // namespace
}  // namespace malleposte::deliver
