#include "mail/wrapped_text.h"

#include <gtest/gtest.h>

#include <vector>

#include "mail/code_points.h"

namespace malleposte::mail {
namespace {

std::vector<std::string> lines(const std::string& text) {
  std::vector<std::string> all;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = text.find("\r\n", at);
    all.push_back(text.substr(at, end - at));
    at = end + 2;
  }
  return all;
}

std::size_t width(std::string_view text) {
  std::size_t width = 0;
  while (!text.empty()) {
    const auto next = first_code_point(text);
    EXPECT_TRUE(next.valid) << "a character was cut";
    width += columns(next.value);
    text.remove_prefix(next.octets);
  }
  return width;
}

TEST(Wrapping, EndsLinesAtBlanksAndCutsOnlyWhatIsTooLong) {
  EXPECT_EQ(wrap(""), "");
  EXPECT_EQ(wrap("short", "  "), "  short\r\n");
  const std::string word(40, 'x');
  EXPECT_EQ(wrap(word + " " + word), word + "\r\n" + word + "\r\n");
  EXPECT_EQ(wrap(std::string(72, 'x') + " y"), std::string(72, 'x') + "\r\ny\r\n");
  EXPECT_EQ(wrap(std::string(73, 'x')), std::string(72, 'x') + "\r\nx\r\n");
  const auto indented = lines(wrap(std::string(200, 'x'), "    "));
  ASSERT_EQ(indented.size(), 3u);
  for (const auto& line : indented) EXPECT_LE(line.size(), 72u);
}

TEST(Wrapping, AccentsTakeOneColumn) {
  std::string words;
  for (int i = 0; i < 60; ++i) words += "été ";
  words.pop_back();
  for (const auto& line : lines(wrap(words))) EXPECT_LE(width(line), 72u);
  EXPECT_EQ(lines(wrap(words)).front().size(), 18 * 5 + 17u);
}

// Japanese has no blanks: a line ends between any two of its characters, but no line begins with a
// full stop or a closing bracket, or ends with an opening one.
TEST(Wrapping, JapaneseIsBrokenBetweenItsCharacters) {
  std::string text;
  for (int i = 0; i < 30; ++i) text += "メールを「配達」できません。";
  std::string joined;
  const auto all = lines(wrap(text, "    "));
  ASSERT_GT(all.size(), 10u);
  for (const auto& line : all) {
    EXPECT_LE(width(line), 72u);
    EXPECT_GE(&line == &all.back() ? 72u : width(line), 66u) << "a short line: " << line;
    const auto rest = line.substr(4);
    for (auto closing : {"。", "」", "ー"}) EXPECT_FALSE(rest.starts_with(closing)) << line;
    EXPECT_FALSE(rest.ends_with("「")) << line;
    joined += rest;
  }
  EXPECT_EQ(joined, text);
}

TEST(Wrapping, AnAddressInJapaneseStaysWhole) {
  std::string text;
  for (int i = 0; i < 33; ++i) text += "あ";
  text += " mx.example.org（192.0.2.1:25） の応答";
  EXPECT_EQ(lines(wrap(text)).size(), 2u);
  EXPECT_TRUE(lines(wrap(text))[1].starts_with("mx.example.org（192.0.2.1:25）"));
}

TEST(Wrapping, WhatIsNoUtf8IsStillBroken) {
  for (const auto& line : lines(wrap(std::string(300, '\xff')))) EXPECT_LE(line.size(), 72u);
}

}  // namespace
}  // namespace malleposte::mail
