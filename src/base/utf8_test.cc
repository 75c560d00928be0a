#include "base/utf8.h"

#include <gtest/gtest.h>

#include <string>

namespace malleposte {
namespace {

void append(std::string& out, unsigned code) {  // RFC 3629 3, any code at all
  const auto octet = [&](unsigned value) { out.push_back(static_cast<char>(value)); };
  if (code < 0x80) {
    octet(code);
  } else if (code < 0x800) {
    octet(0xc0 | code >> 6);
    octet(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    octet(0xe0 | code >> 12);
    octet(0x80 | (code >> 6 & 0x3f));
    octet(0x80 | (code & 0x3f));
  } else {
    octet(0xf0 | code >> 18);
    octet(0x80 | (code >> 12 & 0x3f));
    octet(0x80 | (code >> 6 & 0x3f));
    octet(0x80 | (code & 0x3f));
  }
}

TEST(Utf8, EveryCharacterIsOneAndNoSurrogateIs) {
  for (unsigned code = 0; code < 0x140000; ++code) {
    std::string text;
    append(text, code);
    const bool character = code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
    ASSERT_EQ(utf8_length(text), character ? text.size() : 0) << code;
    ASSERT_EQ(utf8_length(text + "\xbf"), character ? text.size() : 0) << code;
    if (!character) continue;
    for (std::size_t cut = 1; cut < text.size(); ++cut) ASSERT_FALSE(is_utf8(text.substr(0, cut)));
  }
}

TEST(Utf8, OverlongFormsAreNone) {
  for (const char* text : {"\xc0\x80", "\xc1\xbf", "\xe0\x80\x80", "\xe0\x9f\xbf",
                           "\xf0\x80\x80\x80", "\xf0\x8f\xbf\xbf", "\xf8\x88\x80\x80\x80", "\x80",
                           "\xbf", "\xfe", "\xff", "a\xc3", "\xc3(", "\xe2\x82(", "\xf0\x9f\x92("})
    EXPECT_FALSE(is_utf8(text)) << text;
  EXPECT_EQ(utf8_length(""), 0U);
  EXPECT_TRUE(is_utf8(""));
  EXPECT_TRUE(is_utf8("caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x93\xa8"));
}

TEST(Utf8, AsciiIsWhatHasNoHighOctet) {
  EXPECT_TRUE(is_ascii(std::string_view("\0\x7f az", 5)));
  EXPECT_FALSE(is_ascii("caf\xc3\xa9"));
  EXPECT_FALSE(is_ascii("\x80"));
}

}  // namespace
}  // namespace malleposte
