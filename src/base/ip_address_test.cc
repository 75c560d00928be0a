#include "base/ip_address.h"

#include <gtest/gtest.h>

namespace malleposte {
namespace {

std::string round(std::string_view text) {
  auto address = parse_ip(text);
  return address ? to_string(*address) : "none";
}

TEST(IpAddress, IsWrittenInItsUsualForm) {
  EXPECT_EQ(round("192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(round("2001:DB8:0:0:0:0:0:1"), "2001:db8::1");
  EXPECT_EQ(round("::"), "::");
}

TEST(IpAddress, MappedIpv4IsTheSameAsIpv4) {
  EXPECT_EQ(parse_ip("::ffff:192.0.2.1"), parse_ip("192.0.2.1"));
  EXPECT_EQ(round("::ffff:192.0.2.1"), "192.0.2.1");
  EXPECT_TRUE(is_ipv4(*parse_ip("::ffff:192.0.2.1")));
  EXPECT_FALSE(is_ipv4(*parse_ip("::192.0.2.1")));
}

TEST(IpAddress, NothingElseIsAnAddress) {
  for (std::string_view text :
       {"", "192.0.2", "192.0.2.256", "192.0.2.1 ", " 192.0.2.1", "[::1]", "fe80::1%eth0",
        "192.0.2.1:25", "localhost", "1", "0x7f.0.0.1", ":::", "1:2:3:4:5:6:7:8:9",
        "0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000"})
    EXPECT_EQ(parse_ip(text), std::nullopt) << text;
  EXPECT_EQ(parse_ip(std::string_view("1.2.3.4\0x", 9)).has_value(), false);
}

}  // namespace
}  // namespace malleposte
