#include "net/http_target.h"

#include <gtest/gtest.h>

namespace malleposte::net {
namespace {

using Query = std::multimap<std::string, std::string>;

TEST(HttpTarget, PathAndQueryAreDecoded) {
  const auto target =
      parse_http_target("/a%20b/c+d?sender=a%40b&empty=&flag&x=1+2&x=%2B&&").value();
  EXPECT_EQ(target.path, "/a b/c+d");
  EXPECT_EQ(target.query,
            (Query{{"sender", "a@b"}, {"empty", ""}, {"flag", ""}, {"x", "1 2"}, {"x", "+"}}));
}

TEST(HttpTarget, TheAbsoluteFormIsTakenWithoutItsHost) {
  EXPECT_EQ(parse_http_target("http://mail.example.org:80/x?y=z")->path, "/x");
  EXPECT_EQ(parse_http_target("HTTP://mail.example.org")->path, "/");
  const auto query_only = parse_http_target("https://mail.example.org?y=z").value();
  EXPECT_EQ(query_only.path, "/");
  EXPECT_EQ(query_only.query, (Query{{"y", "z"}}));
  EXPECT_EQ(parse_http_target("*")->path, "*");
}

TEST(HttpTarget, BrokenOnesAreRefused) {
  for (const auto* bad : {"", "x", "mail.example.org:80", "/%", "/%4", "/%zz", "/a%00b", "/?a=%",
                          "/?%g0=1", "ftp://host/"})
    EXPECT_FALSE(parse_http_target(bad)) << bad;
}

TEST(HttpTarget, WhatIsWrittenIsReadBack) {
  const HttpTarget target{"/queue/a b/é%", {{"sender", "a+b@c.d"}, {"x", "&=?#"}, {"x", ""}}};
  const auto text = write_http_target(target);
  EXPECT_EQ(text.find(' '), std::string::npos);
  const auto again = parse_http_target(text).value();
  EXPECT_EQ(again.path, target.path);
  EXPECT_EQ(again.query, target.query);
}

}  // namespace
}  // namespace malleposte::net
