#include "mail/plain_text.h"

#include <gtest/gtest.h>

namespace malleposte::mail {
namespace {

TEST(PlainText, IsOnePrintableLine) {
  EXPECT_EQ(one_line("a\r\nb\tc\x01\xc3\xa9", 100), "a b c???");
  EXPECT_EQ(one_line("abcdef", 3), "abc");
  EXPECT_EQ(one_line("ab \n", 100), "ab");
}

TEST(PlainText, KeepsCharactersButNothingThatHidesOrTurnsText) {
  EXPECT_EQ(one_line_utf8("f\xc3\xa9\xe6\x97\xa5\r\n\tx", 100), "f\xc3\xa9\xe6\x97\xa5  x");
  // Controls of both kinds, a line separator, and what turns the direction.
  EXPECT_EQ(one_line_utf8("\x1b\xc2\x85\xe2\x80\xa8\xe2\x80\xae\xe2\x81\xa6z", 100), "?????z");
  // No UTF-8: single octets, an overlong form, a surrogate, too large, cut off.
  EXPECT_EQ(one_line_utf8("\xff\xc0\xaf\xed\xa0\x80\xf4\x90\x80\x80\xe6\x97", 100), "????????????");
  EXPECT_EQ(one_line_utf8("a\xe6\x97\xa5", 3), "a");
}

}  // namespace
}  // namespace malleposte::mail
