#include "deliver/own_addresses.h"

#include <gtest/gtest.h>

namespace malleposte::deliver {
namespace {

const std::vector<IpAddress> machine{*parse_ip("192.0.2.7"), *parse_ip("2001:db8::7")};

config::Settings listening_at(std::vector<std::string> in) {
  config::Settings settings;
  settings.in = std::move(in);
  settings.smtp_port = 25;
  settings.mx_port = 25;
  return settings;
}

// An empty `in` is the default and means every address: loop protection must not end there.
TEST(OwnAddresses, EveryAddressIsOursWhenInIsEmpty) {
  const OwnAddresses own(listening_at({}), machine);
  for (const char* address : {"192.0.2.7", "127.0.0.1", "2001:db8::7", "::1", "0.0.0.0"})
    EXPECT_TRUE(own.listener({address, 25})) << address;
  EXPECT_FALSE(own.listener({"192.0.2.7", 26}));
  EXPECT_FALSE(own.listener({"192.0.2.8", 25}));
}

TEST(OwnAddresses, TheIpv6WildcardIsForIpv6Only) {
  const OwnAddresses own(listening_at({"::"}), machine);
  EXPECT_TRUE(own.listener({"2001:db8::7", 25}));
  EXPECT_FALSE(own.listener({"192.0.2.7", 25}));
}

}  // namespace
}  // namespace malleposte::deliver
