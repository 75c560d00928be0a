#include "net/dns_record.h"

#include <gtest/gtest.h>

namespace malleposte::net {
namespace {

using namespace std::string_literals;

TEST(DnsRecord, CanonicalNamesAreLowerCaseWithoutTheFinalDot) {
  EXPECT_EQ(canonical_name("Mail.Example.ORG."), "mail.example.org");
  EXPECT_EQ(canonical_name("_dmarc.x-1.test"), "_dmarc.x-1.test");
  EXPECT_EQ(canonical_name(std::string(63, 'a')), std::string(63, 'a'));
  const std::string labels = std::string(63, 'a') + "." + std::string(63, 'b') + "." +
                             std::string(63, 'c') + "." + std::string(61, 'd');
  EXPECT_EQ(labels.size(), 253U);
  EXPECT_EQ(canonical_name(labels + "."), labels);
  EXPECT_EQ(canonical_name(labels + "d"), std::nullopt);
}

TEST(DnsRecord, WhatCannotExistIsNoName) {
  for (const auto& bad : {""s, "."s, ".."s, "a..b"s, ".a"s, "a b"s, "a\0b"s, "é.fr"s, "a\\.b"s,
                          "2001:db8::1"s, "[192.0.2.1]"s, std::string(64, 'a')})
    EXPECT_EQ(canonical_name(bad), std::nullopt) << bad;
}

TEST(DnsRecord, NamesAreReadFromTheWire) {
  EXPECT_EQ(name_from_wire("\4MAIL\7example\3org\0"s), "mail.example.org");
  EXPECT_EQ(name_from_wire("\0"s), "");
}

TEST(DnsRecord, BrokenWireNamesAreRefused) {
  for (const auto& bad : {""s, "\4mail"s, "\4mai"s, "\4mail\0x"s, "\xc0\x0c"s, "\3a.b\0"s,
                          "\3a b\0"s, "\3a\0b\0"s, "\x40" + std::string(64, 'a') + "\0"s})
    EXPECT_EQ(name_from_wire(bad), std::nullopt) << bad;
  std::string endless;
  for (int i = 0; i < 200; ++i) endless += "\1a";
  EXPECT_EQ(name_from_wire(endless + "\0"s), std::nullopt);
}

TEST(DnsRecord, AnMxHasAPreferenceAndAName) {
  const auto mx = mx_from_wire("\x01\x02\2mx\4test\0"s).value();
  EXPECT_EQ(mx.preference, 258);
  EXPECT_EQ(mx.host, "mx.test");
  EXPECT_EQ(mx_from_wire("\0\0\0"s)->host, "");  // RFC 7505
  EXPECT_FALSE(mx_from_wire("\0\0"s));
  EXPECT_FALSE(
      mx_from_wire("\0\1\3192\1"
                   "0\1"
                   "2\1"
                   "1\0"s));
}

TEST(DnsRecord, AddressesHaveFourOrSixteenOctets) {
  EXPECT_EQ(to_string(address_from_wire("\xc0\0\2\1"s).value()), "192.0.2.1");
  EXPECT_EQ(to_string(address_from_wire("\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\1"s).value()),
            "2001:db8::1");
  EXPECT_FALSE(address_from_wire(""s));
  EXPECT_FALSE(address_from_wire("12345"s));
}

TEST(DnsRecord, ReverseNames) {
  EXPECT_EQ(reverse_name(parse_ip("192.0.2.1").value()), "1.2.0.192.in-addr.arpa");
  EXPECT_EQ(reverse_name(parse_ip("2001:db8::1:ab").value()),
            "b.a.0.0.1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa");
}

}  // namespace
}  // namespace malleposte::net
