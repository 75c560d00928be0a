#include "mail/typed_address.h"

#include <gtest/gtest.h>

namespace malleposte::mail {
namespace {

// RFC 6533 3: "\x{...}" for what is not ASCII or means something in xtext.
TEST(TypedAddress, StandsInTheFormThatItsPlaceAllows) {
  EXPECT_EQ(typed_address({"anna", "example.org"}, false), "rfc822; anna@example.org");
  EXPECT_EQ(typed_address({"anna+x", "example.org"}, true), "rfc822; anna+x@example.org");
  EXPECT_EQ(typed_address({"b+x", "日本.example"}, true), "utf-8; b+x@日本.example");
  EXPECT_EQ(typed_address({"b+x", "日本.example"}, false),
            "utf-8; b\\x{2B}x@\\x{65E5}\\x{672C}.example");
}

TEST(TypedAddress, AnOriginalRecipientStaysWhatTheSenderWrote) {
  EXPECT_EQ(original_recipient("rfc822;Anna+x@Example.ORG", false), "rfc822; Anna+x@Example.ORG");
  EXPECT_EQ(original_recipient("X400;/C=fr/S=Anna Berg/", false), "X400; /C=fr/S=Anna Berg/");
  // The three forms of RFC 6533 3 are one address.
  for (auto form : {"utf-8;\\x{E9}\\x{2B}@x", "UTF-8;é\\x{2B}@x", "utf-8;é+@x"}) {
    EXPECT_EQ(original_recipient(form, true), "utf-8; é+@x");
    EXPECT_EQ(original_recipient(form, false), "utf-8; \\x{E9}\\x{2B}@x");
  }
  // What is no embedded character is an address with odd letters in it.
  EXPECT_EQ(original_recipient("utf-8;\\x{D800}\\x{}\\x{110000}\\x{e9}\\x{E9", true),
            "utf-8; \\x{D800}\\x{}\\x{110000}\\x{e9}\\x{E9");
}

TEST(TypedAddress, NothingInItMakesAnotherLine) {
  EXPECT_EQ(original_recipient("rfc822;a\r\nAction: delivered", false),
            "rfc822; a Action: delivered");
  EXPECT_EQ(original_recipient("rfc822\r\nX: y;a", false), "rfc822 X: y; a");
  EXPECT_EQ(original_recipient("utf-8;a\\x{0D}\\x{0A}X: y\\x{2028}", true), "utf-8; a X: y?");
  EXPECT_EQ(original_recipient("utf-8;a\xff b", false), "utf-8; a?\\x{20}b");
}

TEST(TypedAddress, IsShownToPeopleAsTheyWriteIt) {
  EXPECT_EQ(shown_address("rfc822; anna@example.org"), "anna@example.org");
  EXPECT_EQ(shown_address("utf-8; \\x{E9}\\x{2B}@x"), "é+@x");
  EXPECT_EQ(shown_address("utf-8; é@x"), "é@x");
}

}  // namespace
}  // namespace malleposte::mail
