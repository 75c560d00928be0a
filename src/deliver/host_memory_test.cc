#include "deliver/host_memory.h"

#include <gtest/gtest.h>

#include "base/limits.h"

namespace malleposte::deliver {
namespace {

using namespace std::chrono_literals;

std::string order(const HostMemory& memory, SteadyTime now) {
  std::vector<Target> targets{
      {"a", {"192.0.2.1", 25}, 10}, {"b", {"192.0.2.2", 25}, 20}, {"c", {"192.0.2.3", 25}, 20}};
  memory.put_last(targets, now);
  std::string names;
  for (const auto& target : targets) names += target.host;
  return names;
}

TEST(HostMemory, HostsThatJustFailedAreTriedLast) {
  HostMemory memory;
  const SteadyTime now{1h};
  EXPECT_EQ(order(memory, now), "abc");
  memory.failed({"192.0.2.1", 25}, now);
  EXPECT_EQ(order(memory, now), "bca");
  EXPECT_EQ(order(memory, now + 59s), "bca");
  EXPECT_EQ(order(memory, now + 1min), "abc") << "a while later it may have come back";
  memory.failed({"192.0.2.1", 25}, now + 1min);
  EXPECT_EQ(order(memory, now + 2min), "bca") << "twice as long";
  memory.failed({"192.0.2.2", 25}, now + 2min);
  memory.failed({"192.0.2.3", 25}, now + 2min);
  EXPECT_EQ(order(memory, now + 2min), "abc") << "where all fail the order is the usual one";
  memory.reached({"192.0.2.1", 25});
  EXPECT_EQ(order(memory, now + 2min), "abc");
  memory.reached({"192.0.2.3", 25});
  EXPECT_EQ(order(memory, now + 2min), "acb");
}

TEST(HostMemory, RemembersALimitedNumber) {
  HostMemory memory;
  SteadyTime now{1h};
  memory.failed({"192.0.2.1", 25}, now);
  for (std::size_t i = 0; i < limits::hosts_remembered; ++i)
    memory.failed({"10.0.0.1", static_cast<std::uint16_t>(i)}, now + 1s);
  EXPECT_EQ(order(memory, now + 2s), "abc") << "the oldest was forgotten";
}

}  // namespace
}  // namespace malleposte::deliver
