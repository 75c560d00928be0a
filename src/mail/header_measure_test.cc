#include "mail/header_measure.h"

#include <gtest/gtest.h>

#include <string>

namespace malleposte::mail {
namespace {

constexpr HeaderMeasure::Options small{.octets = 40, .fields = 3, .line_octets = 20};

std::optional<Limit> measure(std::string_view content, HeaderMeasure::Options options = small,
                             bool binary = false) {
  HeaderMeasure whole(options, binary);
  const auto met = whole.feed(content);
  // However it is cut.
  for (std::size_t cut = 0; cut <= content.size(); ++cut) {
    HeaderMeasure cut_in_two(options, binary);
    cut_in_two.feed(content.substr(0, cut));
    EXPECT_EQ(cut_in_two.feed(content.substr(cut)), met) << cut << " of " << content;
  }
  HeaderMeasure octets(options, binary);
  for (const char& c : content) octets.feed({&c, 1});
  EXPECT_EQ(octets.feed(""), met) << content;
  return met;
}

TEST(HeaderMeasure, CountsFieldsAndNotTheirContinuations) {
  EXPECT_FALSE(measure("A: 1\r\n 2\r\n\t3\r\nB : 2\r\nC:\r\n\r\nD: body\r\nE: body\r\n"));
  EXPECT_EQ(measure("A: 1\r\nB: 2\r\nC: 3\r\nD: 4\r\n\r\n"), Limit::header_fields);
}

TEST(HeaderMeasure, CountsTheOctetsOfTheHeader) {
  const std::string header = "A: 23456789012345678\r\nB: 56789012345\r\n";
  ASSERT_EQ(header.size(), 38U);
  EXPECT_FALSE(measure(header + "\r\n" + header + header));
  EXPECT_FALSE(measure("AA" + header + "\r\n", {.octets = 40}));
  EXPECT_EQ(measure("AAA" + header + "\r\n", {.octets = 40}), Limit::header_size);
  EXPECT_EQ(measure("A: 1\r\n " + std::string(40, 'x'), {.octets = 40}), Limit::header_size);
}

TEST(HeaderMeasure, AMessageWithoutAHeaderIsAllBody) {
  for (const char* body : {"hello world, hello\r\n", "hello\r\n", "\r\nA:\r\n", " A:\r\n", ":\r\n",
                           "a\x01: b\r\n", "From a b c\r\n"}) {
    std::string text(body);
    for (int i = 0; i < 10; ++i) text += "X: not a field\r\n";
    EXPECT_FALSE(measure(text)) << body;
  }
}

TEST(HeaderMeasure, LinesAreMeasuredInHeaderAndBody) {
  const std::string line20(20, 'x');
  EXPECT_FALSE(measure("A: 23456789012345678\r\n\r\n" + line20 + "\r\n" + line20 + "\r\n"));
  EXPECT_EQ(measure("A: 234567890123456789\r\n\r\n"), Limit::line_length);
  EXPECT_EQ(measure("\r\nfine\r\n" + line20 + "x\r\n"), Limit::line_length);
  EXPECT_EQ(measure("\r\n" + line20 + "x"), Limit::line_length);
  EXPECT_FALSE(measure("\r\n" + line20 + line20 + "\r\n", {}));
}

TEST(HeaderMeasure, ABinaryBodyHasNoLines) {
  EXPECT_FALSE(measure("A: 1\r\n\r\n" + std::string(100, 'x'), small, true));
  EXPECT_EQ(measure("A: 234567890123456789\r\n\r\n", small, true), Limit::line_length);
}

TEST(HeaderMeasure, WithoutLimitsNothingIsMet) {
  EXPECT_FALSE(measure("A: 1\r\nB: 2\r\nC: 3\r\nD: 4\r\n" + std::string(300, 'x'), {}));
}

}  // namespace
}  // namespace malleposte::mail
