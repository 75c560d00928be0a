#include "base/idn.h"

#include <gtest/gtest.h>

#include <string>

namespace malleposte {
namespace {

// clause: 6531-3.2-b 6531-3.2-c
TEST(Idn, ULabelsBecomeALabels) {
  EXPECT_EQ(to_a_labels("münchen.de"), "xn--mnchen-3ya.de");
  EXPECT_EQ(to_a_labels("faß.de"), "xn--fa-hia.de");  // IDNA2003 made ss of it
  EXPECT_EQ(to_a_labels("例え.テスト"), "xn--r8jz45g.xn--zckzah");
  EXPECT_EQ(to_a_labels("mail.Bücher.Example"), "mail.xn--bcher-kva.example");
  EXPECT_EQ(to_a_labels("xn--mnchen-3ya.de"), "xn--mnchen-3ya.de");
  EXPECT_EQ(to_a_labels("XN--MNCHEN-3YA.DE"), "xn--mnchen-3ya.de");
}

TEST(Idn, AsciiIsOnlyLowered) {
  EXPECT_EQ(to_a_labels("Example.ORG"), "example.org");
  EXPECT_EQ(to_a_labels("r3---sn.host_1.example"), "r3---sn.host_1.example");
  EXPECT_EQ(to_a_labels(""), "");
  EXPECT_EQ(to_a_labels("."), ".");
}

TEST(Idn, WhatLookUpDoesNotAllowIsNoDomain) {
  for (const char* domain : {
           "MÜNCHEN.de",          // a capital that is not ASCII
           "mu\xcc\x88nchen.de",  // not NFC
           "-münchen.de", "münchen-.de", "a_ü.de", "ü x.de",
           "ü。b.de",       // a full stop that mappings would take for a dot
           "a\xe2\x80\x8d"  // a joiner where none may be
           "b.de",
           "i\xe2\x9d\xa4.ws",  // a symbol
           "\xcc\x81"           // begins with a combining mark
           "a.de",
           "xn--ü.de",
           "\xd7\x90"  // Hebrew with a Latin letter behind it
           "a.de",
           "a\xff.de",      // no UTF-8
           "\xc0\xae.de",   // overlong
           "ü\xed\xa0\x80"  // a surrogate
       })
    EXPECT_FALSE(to_a_labels(domain)) << domain;
  EXPECT_FALSE(to_a_labels(std::string_view("\xc3\xbc\0.de", 6)));
}

TEST(Idn, ALabelsAreWhatTheySay) {
  for (const char* domain :
       {"xn--.com", "xn--abc-.de", "xn--zzzzzz99999.de", "a.xn--mnchen-3ya-.de"})
    EXPECT_FALSE(to_a_labels(domain)) << domain;
}

TEST(Idn, ALabelsOfRegistriesWithOtherRulesAreReachable) {
  EXPECT_EQ(to_a_labels("xn--i-7iq.ws"), "xn--i-7iq.ws");
  EXPECT_EQ(to_a_labels("xn--ls8h.la"), "xn--ls8h.la");
}

TEST(Idn, LengthsAreThoseOfTheLookUp) {
  std::string label;
  for (int i = 0; i < 40; ++i) label += "ü";  // 80 octets, in Punycode 46
  EXPECT_TRUE(to_a_labels(label + ".de"));
  for (int i = 0; i < 30; ++i) label += "ü";
  EXPECT_FALSE(to_a_labels(label + ".de"));
  EXPECT_FALSE(to_a_labels(std::string(64, 'a')));
  const std::string full(63, 'a');
  const std::string most = full + "." + full + "." + full + ".";
  EXPECT_TRUE(to_a_labels(most + std::string(61, 'a')));
  EXPECT_FALSE(to_a_labels(most + std::string(62, 'a')));
  EXPECT_FALSE(to_a_labels(std::string(1 << 20, 'a')));
}

}  // namespace
}  // namespace malleposte
