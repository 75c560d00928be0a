#include "deliver/dsn_rate.h"

#include <gtest/gtest.h>

#include "base/limits.h"

namespace malleposte::deliver {
namespace {

using namespace std::chrono_literals;

const WallTime start{std::chrono::hours(500'000)};

TEST(DsnRate, PastTheBoundTheRestOfTheHourIsGathered) {
  DsnRate rate;
  for (unsigned i = 0; i < limits::dsns_per_address; ++i)
    EXPECT_FALSE(rate.count("s@example.org", start + i * 1s));
  EXPECT_EQ(rate.count("s@example.org", start + 10min), start + limits::gather_time);
  EXPECT_EQ(rate.count("s@example.org", start + 59min), start + limits::gather_time);
  EXPECT_FALSE(rate.count("other@example.org", start + 59min));
  EXPECT_FALSE(rate.count("s@example.org", start + limits::gather_time)) << "a new hour";
}

TEST(DsnRate, AClockThatIsSetBackStartsAnew) {
  DsnRate rate;
  for (unsigned i = 0; i <= limits::dsns_per_address; ++i) rate.count("s@example.org", start);
  EXPECT_FALSE(rate.count("s@example.org", start - 1000h)) << "gathered for a month and more";
}

TEST(DsnRate, RemembersALimitedNumberOfAddresses) {
  DsnRate rate;
  for (std::size_t i = 0; i < limits::addresses_counted + 500; ++i)
    rate.count("s" + std::to_string(i) + "@example.org", start + i * 1ms);
  EXPECT_EQ(rate.addresses(), limits::addresses_counted);
  rate.count("new@example.org", start + 5h);
  EXPECT_EQ(rate.addresses(), 1u);
}

}  // namespace
}  // namespace malleposte::deliver
