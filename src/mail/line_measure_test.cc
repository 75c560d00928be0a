#include "mail/line_measure.h"

#include <gtest/gtest.h>

#include <string>

namespace malleposte::mail {
namespace {

// Whether all lines are within 20 octets, however they are cut.
bool within(const std::string& content) {
  LineMeasure whole(20);
  const bool fits = whole.feed(content);
  for (std::size_t cut = 0; cut <= content.size(); ++cut) {
    LineMeasure parts(20);
    parts.feed(std::string_view(content).substr(0, cut));
    EXPECT_EQ(parts.feed(std::string_view(content).substr(cut)), fits) << cut << " of " << content;
  }
  LineMeasure octets(20);
  for (const char& c : content) octets.feed({&c, 1});
  EXPECT_EQ(octets.feed(""), fits) << content;
  return fits;
}

const std::string line20(20, 'x');

TEST(LineMeasure, TheEndOfALineIsNoPartOfIt) {
  EXPECT_TRUE(within(line20 + "\r\n" + line20 + "\r\n"));
  EXPECT_TRUE(within(line20 + "\n\n" + line20));
  EXPECT_TRUE(within("\r\n\r\n"));
  EXPECT_FALSE(within(line20 + "x\r\n"));
  EXPECT_FALSE(within("fine\r\n" + line20 + "x\r\n"));
}

TEST(LineMeasure, ALineWithoutAnEndIsMeasuredToo) {
  EXPECT_TRUE(within("\r\n" + line20));
  EXPECT_FALSE(within("\r\n" + line20 + "x"));
}

TEST(LineMeasure, OnceALineWasTooLongItStaysSaid) {
  EXPECT_FALSE(within(line20 + "x\r\nfine\r\n"));
}

TEST(LineMeasure, WithoutALimitEveryLineIsShortEnough) {
  EXPECT_TRUE(LineMeasure().feed(std::string(100'000, 'x')));
}

}  // namespace
}  // namespace malleposte::mail
