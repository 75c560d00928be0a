#include "mail/address.h"

#include <gtest/gtest.h>

#include <string>

namespace malleposte::mail {
namespace {

Address must(std::string_view text) {
  auto address = parse_address(text);
  EXPECT_TRUE(address) << text << ": " << (address ? "" : address.error().text);
  return address ? *address : Address{};
}

// clause: 5321-2.4-a 5321-2.4-b
TEST(Address, OrdinaryFormsAreTaken) {
  EXPECT_EQ(must("joe@example.org"), (Address{"joe", "example.org"}));
  EXPECT_EQ(must("joe.user+tag@Example.ORG"), (Address{"joe.user+tag", "Example.ORG"}));
  EXPECT_EQ(must("!#$%&'*+-/=?^_`{|}~@a-b.c3"), (Address{"!#$%&'*+-/=?^_`{|}~", "a-b.c3"}));
  EXPECT_EQ(must("x@host_1.example"), (Address{"x", "host_1.example"}));
  EXPECT_EQ(must("x@[192.0.2.1]"), (Address{"x", "[192.0.2.1]"}));
  EXPECT_EQ(must("x@[IPv6:2001:db8::1]"), (Address{"x", "[IPv6:2001:db8::1]"}));
  EXPECT_EQ(must("x@[x400:c=org]"), (Address{"x", "[x400:c=org]"}));
  EXPECT_EQ(must("root"), (Address{"root", ""}));
}

// clause: 5321-4.1.2-f 5321-4.1.2-g
TEST(Address, QuotesAreRemovedAndPutBackOnlyWhereNeeded) {
  EXPECT_EQ(must("\"joe\"@example.org"), (Address{"joe", "example.org"}));
  EXPECT_EQ(to_string(must("\"j\\o\\e\"@example.org")), "joe@example.org");
  EXPECT_EQ(must("\"a b\"@example.org").local, "a b");
  EXPECT_EQ(to_string(must("\"a b\"@example.org")), "\"a b\"@example.org");
  EXPECT_EQ(must("\"a\\\"\\\\b@c\"@d").local, "a\"\\b@c");
  EXPECT_EQ(to_string(must("\"a\\\"\\\\b@c\"@d")), "\"a\\\"\\\\b@c\"@d");
  EXPECT_EQ(to_string(must("\".a.\"@d")), "\".a.\"@d");
  EXPECT_EQ(to_string(Address{}), "");
}

// clause: 5321-2.3.11-a
TEST(Address, PercentAndBangAreOnlyCharacters) {
  EXPECT_EQ(must("a%b.example@c"), (Address{"a%b.example", "c"}));
  EXPECT_EQ(must("b.example!a@c"), (Address{"b.example!a", "c"}));
}

// clause: 5321-4.1.2-j 5321-F.4-a
TEST(Address, WhatIsNoAddressIsRefused) {
  for (const char* text : {"",
                           "@",
                           "@example.org",
                           "joe@",
                           "joe@@example.org",
                           "joe@a@b",
                           ".joe@example.org",
                           "joe.@example.org",
                           "j..oe@example.org",
                           "joe @example.org",
                           " joe@example.org",
                           "joe@example.org ",
                           "joe@.example.org",
                           "joe@example..org",
                           "joe@example.org.",
                           "joe@-example.org",
                           "joe@example-.org",
                           "joe@exa mple.org",
                           "joe@[192.0.2.1",
                           "joe@[192.0.2.256]",
                           "joe@[]",
                           "joe@[IPv6:zz]",
                           "joe@[IPv6:]",
                           "joe@[:x]",
                           "joe@[a:]",
                           "joe@[2001:db8::1]x",
                           "joe@[192.0.2.1]x",
                           "\"\"@example.org",
                           "\"joe@example.org",
                           "\"joe\\",
                           "\"joe\"x@example.org",
                           "\"a\nb\"@c",
                           "jo\"e@example.org",
                           "<joe@example.org>",
                           "joe(c)@example.org",
                           "joe@example.org,jane@example.org",
                           "a\rb@c"}) {
    EXPECT_FALSE(parse_address(text)) << text;
  }
  EXPECT_FALSE(parse_address(std::string_view("a\0b@c", 5)));
  EXPECT_FALSE(parse_address(std::string_view("a@c\0", 4)));
}

// RFC 6531 3.3
// clause: 6531-3.2-a 6531-3.3-a 6531-1.1-a
TEST(Address, OtherAlphabetsAreTakenAndSaySo) {
  EXPECT_EQ(must("jörg@example.org"), (Address{"jörg", "example.org"}));
  EXPECT_EQ(must("\"jörg b\"@example.org").local, "jörg b");
  EXPECT_EQ(to_string(must("\"jörg b\"@example.org")), "\"jörg b\"@example.org");
  EXPECT_EQ(to_string(must("\"jörg\"@example.org")), "jörg@example.org");
  EXPECT_EQ(must("Joe@München.de"), (Address{"Joe", "München.de"}));
  EXPECT_EQ(must("あ@例え.テスト"), (Address{"あ", "例え.テスト"}));
  EXPECT_TRUE(must("joe@xn--mnchen-3ya.de").ascii());
  EXPECT_FALSE(must("jörg@example.org").ascii());
  EXPECT_FALSE(must("joe@münchen.de").ascii());
  EXPECT_TRUE(Address{}.ascii());
}

TEST(Address, WhatIsNoUtf8IsRefused) {
  for (const char* text :
       {"j\xf6rg@example.org", "\"j\xf6rg\"@example.org", "joe@m\xfcnchen.de", "a@b\xff",
        "\xc0\xaf@b", "\xed\xa0\x80@b", "\xf4\x90\x80\x80@b", "\"\\ö\"@b", "a\xc3@b"}) {
    EXPECT_FALSE(parse_address(text)) << text;
  }
}

TEST(Address, DomainsAreValidInternationalNames) {
  for (const char* text : {"a@MÜNCHEN.de", "a@-ü.de", "a@ü-.de", "a@ü..de", "a@a_ü.de", "a@ü。de",
                           "a@mu\xcc\x88nchen.de", "a@xn--.de", "a@b.XN--ZZZZZZ99999.de"}) {
    const auto address = parse_address(text);
    EXPECT_FALSE(address) << text;
  }
  EXPECT_NE(parse_address("a@MÜNCHEN.de").error().text.find("IDNA2008"), std::string::npos);
  EXPECT_TRUE(parse_address("a@XN--MNCHEN-3YA.de"));
}

// clause: 6531-3.2-c 6531-3.7-b
TEST(Address, AnInternationalDomainHasAnAsciiForm) {
  EXPECT_EQ(to_ascii(must("joe@Bücher.example")), (Address{"joe", "xn--bcher-kva.example"}));
  EXPECT_EQ(to_ascii(must("Joe@Example.org")), (Address{"Joe", "Example.org"}));
  EXPECT_FALSE(to_ascii(must("jörg@bücher.example")));
  EXPECT_FALSE(to_ascii(must("jörg@example.org")));
  EXPECT_EQ(to_ascii(Address{}), Address{});
  // A-labels are longer, here too long for an address with this local part.
  std::string domain;
  for (int i = 0; i < 24; ++i) domain += "ü.";
  EXPECT_TRUE(to_ascii(must("a@" + domain + "de")));
  EXPECT_FALSE(to_ascii(must(std::string(64, 'a') + "@" + domain + "de")));
}

// clause: 5321-4.5.3.1-a
TEST(Address, LengthsHaveLimits) {
  const std::string local(64, 'a');
  EXPECT_TRUE(parse_address(local + "@example.org"));
  EXPECT_FALSE(parse_address(local + "a@example.org"));
  const std::string label(63, 'd');
  EXPECT_TRUE(parse_address("a@" + label + "." + label));
  EXPECT_FALSE(parse_address("a@" + label + "d"));
  // 256 octets with the angle brackets.
  const std::string most = "@" + label + "." + label + "." + label + "." + std::string(8, 'd');
  EXPECT_TRUE(parse_address(std::string(254 - most.size(), 'a') + most));
  EXPECT_FALSE(parse_address(std::string(255 - most.size(), 'a') + most));
}

// RFC 6531 3.3: the limits are octets of UTF-8, a label's those of its A-label.
TEST(Address, LengthsOfOtherAlphabetsAreOctets) {
  std::string local;
  for (int i = 0; i < 32; ++i) local += "ö";
  EXPECT_TRUE(parse_address(local + "@example.org"));
  EXPECT_FALSE(parse_address(local + "a@example.org"));
  std::string label;
  for (int i = 0; i < 40; ++i) label += "ü";
  EXPECT_TRUE(parse_address("a@" + label + ".de"));
  for (int i = 0; i < 30; ++i) label += "ü";
  EXPECT_FALSE(parse_address("a@" + label + ".de"));
  std::string domain;
  for (int i = 0; i < 5; ++i) domain += "あああああああああああああああ.";
  EXPECT_TRUE(parse_address("a@" + domain + "de"));
  EXPECT_FALSE(parse_address("a@" + domain + "ああああああああ.de"));
}

TEST(Path, FormsOfTheStandard) {
  EXPECT_EQ(parse_path("<joe@example.org>")->address, (Address{"joe", "example.org"}));
  EXPECT_TRUE(parse_path("<>")->address.null());
  EXPECT_EQ(parse_path("<Postmaster>")->address, (Address{"Postmaster", ""}));
  EXPECT_EQ(parse_path("<\"a>b c\"@d> SIZE=3")->address, (Address{"a>b c", "d"}));
  EXPECT_EQ(parse_path("<joe@example.org> SIZE=1 BODY=7BIT ")->rest, "SIZE=1 BODY=7BIT");
  EXPECT_EQ(parse_path("  <joe@example.org>\t")->rest, "");
}

// clause: 5321-4.1.2-a 5321-6.1-f 5321-C-a 5321-C-b 5321-C-d 5321-C-j 5321-4.1.2-b 5321-3.3-b
// clause: 5321-3.3-c 5321-3.6.1-a 5321-3.6.1-c 5321-4.1.1.3-a 5321-F.2-d
TEST(Path, SourceRoutesAreDropped) {
  EXPECT_EQ(parse_path("<@a.example,@[192.0.2.1]:joe@example.org>")->address,
            (Address{"joe", "example.org"}));
  for (const char* text : {"<@a.example>", "<@a.example,joe@example.org>", "<@:joe@example.org>",
                           "<@a.example:>", "<@a b:joe@example.org>", "<@a.example"}) {
    EXPECT_FALSE(parse_path(text)) << text;
  }
}

TEST(Path, HandWrittenFormsAreTaken) {
  EXPECT_EQ(parse_path(" admin@domaine.ntlg")->address, (Address{"admin", "domaine.ntlg"}));
  EXPECT_EQ(parse_path("\"a b\"@c SIZE=3")->address, (Address{"a b", "c"}));
  EXPECT_EQ(parse_path("a@c SIZE=3")->rest, "SIZE=3");
}

TEST(Path, OtherAlphabetsStandInAllItsParts) {
  const auto path = parse_path("<@bücher.example,@[192.0.2.1]:jörg@例え.テスト> SMTPUTF8");
  ASSERT_TRUE(path) << path.error().text;
  EXPECT_EQ(path->address, (Address{"jörg", "例え.テスト"}));
  EXPECT_EQ(path->rest, "SMTPUTF8");
}

TEST(Path, WhatIsNoPathIsRefused) {
  for (const char* text : {"", "  ", "<", ">", "<<a@b>>", "<a@b", "a@b>", "<a@b>SIZE=3", "<a@b>>",
                           "< a@b>", "<a@b >", "<a@b>,<c@d>", "<a@b\xc3>", "<@>"}) {
    EXPECT_FALSE(parse_path(text)) << text;
  }
}

TEST(Address, DomainsAreComparedInLowerCase) {
  EXPECT_EQ(canonical_domain("Example.ORG"), "example.org");
  EXPECT_EQ(canonical_domain("[IPv6:2001:DB8::1]"), "[ipv6:2001:db8::1]");
}

TEST(Address, DomainsAreComparedAsALabels) {
  EXPECT_EQ(canonical_domain("Bücher.Example"), canonical_domain("XN--bcher-kva.EXAMPLE"));
  EXPECT_EQ(canonical_domain("B\xff"), "b\xff");
  EXPECT_EQ(canonical_address(must("\"Jörg B\"@Bücher.example")),
            "\"Jörg B\"@xn--bcher-kva.example");
}

}  // namespace
}  // namespace malleposte::mail
