#include "mail/transfer_encoding.h"

#include <gtest/gtest.h>

namespace malleposte::mail {
namespace {

TEST(TransferEncoding, TheShorterOneIsTaken) {
  EXPECT_EQ(encoded_text("plain\r\n").encoding, "7bit");
  EXPECT_EQ(encoded_text("un caf\xc3\xa9 noir\r\n").encoding, "quoted-printable");
  EXPECT_EQ(encoded_text("un caf\xc3\xa9 = x\r\n").octets, "un caf=C3=A9 =3D x\r\n");
  EXPECT_EQ(encoded_text("\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\r\n").encoding, "base64");
  EXPECT_EQ(encoded_text("\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\r\n").octets,
            "5pel5pys6KqeDQo=\r\n");
}

TEST(TransferEncoding, ALineFeedOfBinaryMailStaysOne) {
  EXPECT_EQ(encoded_text("some more words and a caf\xc3\xa9\n").encoding, "base64");
  EXPECT_EQ(encoded_text("\nsome more words and a caf\xc3\xa9\r\n").encoding, "base64");
}

TEST(TransferEncoding, LinesAreShort) {
  for (const std::string character : {"\xc3\xa9", "long words without a blank \xc3\xa9 "}) {
    std::string text;
    while (text.size() < 2000) text += character;
    const auto octets = encoded_text(text).octets;
    for (std::size_t at = 0; at < octets.size();) {
      const auto end = std::min(octets.find("\r\n", at), octets.size());
      EXPECT_LE(end - at, 76u);
      at = end + 2;
    }
  }
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
