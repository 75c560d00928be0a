#include "smtp/xtext.h"

#include <gtest/gtest.h>

namespace malleposte::smtp {
namespace {

// RFC 3461 4.
TEST(Xtext, WhatIsEncodedComesBack) {
  std::string all;
  for (int c = 0; c < 256; ++c) all.push_back(static_cast<char>(c));
  const std::string encoded = encode_xtext(all);
  for (const char c : encoded) EXPECT_TRUE(c >= 33 && c <= 126 && c != '=');
  EXPECT_EQ(decode_xtext(encoded), all);
  EXPECT_EQ(encode_xtext("a+b=c d"), "a+2Bb+3Dc+20d");
  EXPECT_EQ(decode_xtext("QQ+20314159"), "QQ 314159");
  EXPECT_EQ(decode_xtext(""), "");
}

TEST(Xtext, WhatIsNoneIsRefused) {
  for (const char* text : {"+", "+2", "+2b", "+G0", "a+", "a=b", "a b", "\x7f", "\xc3\xa9", "\t"}) {
    EXPECT_EQ(decode_xtext(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace malleposte::smtp
