#include "mail/header_addresses.h"

#include <gtest/gtest.h>

#include <string>

#include "base/limits.h"

namespace malleposte::mail {
namespace {

using Mailboxes = std::vector<HeaderMailbox>;

Mailboxes must(std::string_view value) {
  auto found = parse_header_addresses(value);
  EXPECT_TRUE(found) << value << ": " << (found ? "" : found.error().text);
  return found ? *found : Mailboxes{};
}

Mailboxes one(std::string name, std::string local, std::string domain) {
  return {{std::move(name), {std::move(local), std::move(domain)}, false}};
}

// RFC 5322 3.4
TEST(HeaderAddresses, OrdinaryForms) {
  EXPECT_EQ(must("joe@example.org"), one("", "joe", "example.org"));
  EXPECT_EQ(must("<joe@example.org>"), one("", "joe", "example.org"));
  EXPECT_EQ(must("Joe Doe <joe@example.org>"), one("Joe Doe", "joe", "example.org"));
  EXPECT_EQ(must("\"Doe, Joe\" <joe@example.org>"), one("Doe, Joe", "joe", "example.org"));
  EXPECT_EQ(must("\"a \\\" b\"<\"j d\"@[192.0.2.1]>"), one("a \" b", "j d", "[192.0.2.1]"));
  EXPECT_EQ(must("=?utf-8?q?J=C3=B6rg?= <j@b>"), one("=?utf-8?q?J=C3=B6rg?=", "j", "b"));
  EXPECT_EQ(must("root"), one("", "root", ""));
  const Mailboxes two = must("a@b.example,\r\n\tC <c@d.example>\r\n");
  ASSERT_EQ(two.size(), 2U);
  EXPECT_EQ(two[0].address, (Address{"a", "b.example"}));
  EXPECT_EQ(two[1].display_name, "C");
}

TEST(HeaderAddresses, GroupsAreTakenApart) {
  const Mailboxes found = must("Team A: a@b, \"B\" <b@b>;, c@d, Nobody:;, none : (empty) ;");
  ASSERT_EQ(found.size(), 3U);
  EXPECT_TRUE(found[0].in_group);
  EXPECT_TRUE(found[1].in_group);
  EXPECT_EQ(found[1].display_name, "B");
  EXPECT_FALSE(found[2].in_group);
  EXPECT_TRUE(must("undisclosed-recipients:;").empty());
}

TEST(HeaderAddresses, CommentsStandAnywhere) {
  EXPECT_EQ(must("(a (nested \\) one)) joe (x) @ (y) example (z) . (w) org (end)"),
            one("", "joe", "example.org"));
  EXPECT_EQ(must("Joe (the \"man) <joe@example.org>(,)"), one("Joe", "joe", "example.org"));
  EXPECT_EQ(must("<joe@example.org(>)>"), one("", "joe", "example.org"));
}

// RFC 5322 4.4
TEST(HeaderAddresses, ObsoleteForms) {
  EXPECT_EQ(must("John Q. Public <j@b>"), one("John Q. Public", "j", "b"));
  EXPECT_EQ(must("<@a.example,,@b.example:joe@c>"), one("", "joe", "c"));
  EXPECT_EQ(must(",, a@b ,,"), one("", "a", "b"));
  EXPECT_EQ(must("\"a\" . b . \"c d\" @ e"), one("", "a.b.c d", "e"));
  EXPECT_EQ(must("a@[192.0. 2.1]"), one("", "a", "[192.0.2.1]"));
  EXPECT_TRUE(must("").empty());
  EXPECT_TRUE(must(" \r\n\t").empty());
}

// RFC 6532 3.2
TEST(HeaderAddresses, Utf8StandsInAllParts) {
  EXPECT_EQ(must("Jörg (ö) Müller <jörg@bücher.example>"),
            one("Jörg Müller", "jörg", "bücher.example"));
  EXPECT_EQ(must("\"山田、太郎\" <\"山 田\"@例え.テスト>"),
            one("山田、太郎", "山 田", "例え.テスト"));
  EXPECT_FALSE(parse_header_addresses("J\xf6rg <j@b>"));
  EXPECT_FALSE(parse_header_addresses("(\xc0\x80) j@b"));
}

TEST(HeaderAddresses, WhatIsNoListIsRefused) {
  for (const char* value : {"@",
                            "a@",
                            "@b",
                            "a@b c@d",
                            "a b@c",
                            "a@b;",
                            "a@b, <",
                            "<a@b",
                            "a@b>",
                            "<>",
                            "<a@b> c",
                            "a..b@c",
                            ".a@b",
                            "a.@b",
                            "a@b..c",
                            "a@b c",
                            "(a@b",
                            "\"a@b",
                            "\"a",
                            "g: a@b",
                            "g: h: a@b;;",
                            ": a@b;",
                            "<@a.example joe@b>",
                            "<@a.example,joe@b>",
                            "a@[192.0.2.1",
                            "a@[1.2]",
                            "a\\b@c",
                            "a@MÜNCHEN.de",
                            "a@b <c@d>",
                            "\"\"@b",
                            "a\x01@b",
                            "\"\x01\"@b",
                            "(\x01) a@b",
                            "a b"}) {
    EXPECT_FALSE(parse_header_addresses(value)) << value;
  }
  EXPECT_FALSE(parse_header_addresses(std::string_view("a\0@b", 4)));
  EXPECT_FALSE(parse_header_addresses(std::string(65, 'a') + "@b"));
}

TEST(HeaderAddresses, BombsAreAnsweredAndNotObeyed) {
  const std::size_t many = 1'000'000;
  EXPECT_FALSE(parse_header_addresses(std::string(many, '(')));
  EXPECT_EQ(must(std::string(many, '(') + std::string(many, ')') + " a@b"), one("", "a", "b"));
  EXPECT_TRUE(must(std::string(many, ',')).empty());
  EXPECT_FALSE(parse_header_addresses("<" + std::string(many, '@')));
  EXPECT_FALSE(parse_header_addresses("\"" + std::string(many, '\\')));
  EXPECT_FALSE(parse_header_addresses("a" + std::string(many, '.')));

  std::string list;
  for (std::size_t i = 0; i < limits::header_mailboxes; ++i) list += "a@b,";
  EXPECT_EQ(must(list).size(), limits::header_mailboxes);
  for (std::size_t i = 0; i < many; ++i) list += "a@b,";
  const auto found = parse_header_addresses(list);
  ASSERT_FALSE(found);
  EXPECT_NE(found.error().text.find("too many"), std::string::npos);
}

}  // namespace
}  // namespace malleposte::mail
