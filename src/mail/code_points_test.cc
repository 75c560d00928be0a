#include "mail/code_points.h"

#include <gtest/gtest.h>

namespace malleposte::mail {
namespace {

TEST(CodePoints, EveryCharacterIsReadBackAsItWasWritten) {
  for (char32_t value = 0; value <= 0x10ffff; ++value) {
    if (value >= 0xd800 && value <= 0xdfff) continue;
    std::string text;
    append_utf8(text, value);
    const auto read = first_code_point(text + "x");
    ASSERT_TRUE(read.valid) << std::hex << static_cast<std::uint32_t>(value);
    ASSERT_EQ(read.value, value);
    ASSERT_EQ(read.octets, text.size());
    // Cut off it is none, and takes one octet only.
    for (std::size_t cut = 1; cut < text.size(); ++cut) {
      const auto broken = first_code_point(std::string_view(text).substr(0, cut));
      ASSERT_FALSE(broken.valid);
      ASSERT_EQ(broken.octets, 1u);
    }
  }
}

TEST(CodePoints, OnlyTheShortestFormOfWhatExistsIsUtf8) {
  for (auto text : {"\xc0\x80", "\xc1\xbf", "\xe0\x9f\xbf", "\xf0\x8f\xbf\xbf", "\xed\xa0\x80",
                    "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\x80", "\xff"})
    EXPECT_FALSE(first_code_point(text).valid);
}

TEST(CodePoints, TheLettersOfEastAsiaAreWide) {
  for (auto c : {U'日', U'か', U'カ', U'한', U'。', U'（', U'\U00020000'})
    EXPECT_EQ(columns(c), 2u);
  for (auto c : {U'a', U'é', U'ß', U'ﾊ', U'я'}) EXPECT_EQ(columns(c), 1u);
}

}  // namespace
}  // namespace malleposte::mail
