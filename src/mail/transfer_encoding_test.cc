#include "mail/transfer_encoding.h"

#include <gtest/gtest.h>

namespace malleposte::mail {
namespace {

// RFC 4648 10.
TEST(TransferEncoding, Base64IsTheOneOfTheRfc) {
  EXPECT_EQ(base64(""), "");
  EXPECT_EQ(base64("f"), "Zg==\r\n");
  EXPECT_EQ(base64("fo"), "Zm8=\r\n");
  EXPECT_EQ(base64("foobar"), "Zm9vYmFy\r\n");
  EXPECT_EQ(base64("\xff\xfe\x00\x80"), "//4=\r\n");  // up to the NUL
  EXPECT_EQ(base64(std::string(58, 'a')).find("\r\n"), 76u);
}

// RFC 2045 6.7: which octets may stand, blanks at the end of a line, and how long a line may be.
TEST(TransferEncoding, QuotedPrintableKeepsLinesShortAndTheirEnds) {
  EXPECT_EQ(quoted_printable("caf\xc3\xa9 = x\r\n"), "caf=C3=A9 =3D x\r\n");
  EXPECT_EQ(quoted_printable("a \r\nb\t\r\n "), "a=20\r\nb=09\r\n=20");
  EXPECT_EQ(quoted_printable("a\rb\n"), "a=0Db=0A");
  EXPECT_EQ(quoted_printable(std::string(76, 'x') + "\r\n"), std::string(76, 'x') + "\r\n");
  EXPECT_EQ(quoted_printable(std::string(77, 'x')), std::string(75, 'x') + "=\r\nxx");
  std::string accents;
  for (int i = 0; i < 100; ++i) accents += "\xc3\xa9";
  const auto text = quoted_printable(accents);
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find("\r\n", at), text.size());
    EXPECT_LE(end - at, 76u);
    at = end + 2;
  }
}

TEST(TransferEncoding, TheShorterOneIsTaken) {
  EXPECT_EQ(encoded_text("plain\r\n").encoding, "7bit");
  EXPECT_EQ(encoded_text("un caf\xc3\xa9 noir\r\n").encoding, "quoted-printable");
  EXPECT_EQ(encoded_text("\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\r\n").encoding, "base64");
}

// RFC 2047 2 and 5: at most 75 octets each, and none ends inside a character.
TEST(EncodedWords, AreShortAndWhole) {
  EXPECT_EQ(encoded_words("plain", 0), "plain");
  EXPECT_EQ(encoded_words("\xc3\xa9", 59), "=?utf-8?B?w6k=?=");
  std::string text;
  for (int i = 0; i < 40; ++i) text += "\xe6\x97\xa5";
  const auto words = encoded_words(text, 30);
  std::size_t count = 0;
  for (std::size_t at = 0; at < words.size(); ++count) {
    const auto end = std::min(words.find("\r\n ", at), words.size());
    // 8 and 15 characters of three octets, without padding.
    if (end < words.size()) EXPECT_EQ(end - at, count == 0 ? 44u : 72u);
    at = end == words.size() ? end : end + 3;
  }
  EXPECT_EQ(count, 4u);
}

}  // namespace
}  // namespace malleposte::mail
