#include "mail/down_conversion.h"

#include <gtest/gtest.h>

#include "mail/converted.h"

namespace malleposte::mail {
namespace {

// Lines written with LF here.
std::string mail(std::string_view text) {
  std::string content;
  for (const char c : text) content += c == '\n' ? std::string("\r\n") : std::string(1, c);
  return content;
}

std::string converted(std::string_view text, Transport transport = to_seven_bit) {
  const auto result = convert(mail(text), transport);
  EXPECT_EQ(result.obstacle, Obstacle::none) << explain(result.obstacle);
  EXPECT_FALSE(result.fits);
  return result.content;
}

Obstacle obstacle(std::string_view text, Transport transport = to_seven_bit) {
  return convert(mail(text), transport).obstacle;
}

// RFC 6152 3: a conversion to 7-bit MIME.
// clause: 6152-3-f
TEST(DownConversion, EightBitTextBecomesQuotedPrintable) {
  EXPECT_EQ(converted("Subject: x\n"
                      "MIME-Version: 1.0\n"
                      "Content-Type: text/plain;\n charset=utf-8\n"
                      "content-transfer-encoding:\n 8bit\n"
                      "X-Last: 1\n\n"
                      "Caf\xC3\xA9 = 1 \n.\n"),
            mail("Subject: x\n"
                 "MIME-Version: 1.0\n"
                 "Content-Type: text/plain;\n charset=utf-8\n"
                 "Content-Transfer-Encoding: quoted-printable\n"
                 "X-Last: 1\n\n"
                 "Caf=C3=A9 =3D 1=20\n.\n"));
}

TEST(DownConversion, TextThatIsMostlyEightBitBecomesBase64) {
  EXPECT_EQ(converted("MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n\n"
                      "\xE9\x83\xB5\xE4\xBE\xBF\n"),
            mail("MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n"
                 "Content-Transfer-Encoding: base64\n\n"
                 "6YO15L6/DQo="));
}

// clause: 6152-3-f 3030-3-j 3030-3-k
TEST(DownConversion, OnlyThePartsThatMustAreEncoded) {
  EXPECT_EQ(converted("MIME-Version: 1.0\n"
                      "Content-Type: multipart/mixed; boundary=\"a b\"\n"
                      "Content-Transfer-Encoding: 8bit\n\n"
                      "For old readers.\n"
                      "--a b\n"
                      "Content-Type: text/plain; charset=iso-8859-1\n"
                      "Content-Transfer-Encoding: 8bit\n\n"
                      "d\xE9j\xE0 vu, and no line break at the end\n"
                      "--a b  \n"
                      "content-TYPE:   text/html\n\n"
                      "<p>as  it was</p>\t\n\n"
                      "--a b\n"
                      "Content-Type: image/png\n"
                      "Content-Transfer-Encoding: base64\n"
                      "Content-Disposition: attachment\n\n"
                      "iVBORw0KGgo=\n"
                      "--a b\n"
                      "Content-Type: application/x\n"
                      "Content-Transfer-Encoding: 8bit\n\n"
                      "\xFF\xFE\n"
                      "--a b--\nThe end.\n"),
            mail("MIME-Version: 1.0\n"
                 "Content-Type: multipart/mixed; boundary=\"a b\"\n"
                 "Content-Transfer-Encoding: 7bit\n\n"
                 "For old readers.\n"
                 "--a b\n"
                 "Content-Type: text/plain; charset=iso-8859-1\n"
                 "Content-Transfer-Encoding: quoted-printable\n\n"
                 "d=E9j=E0 vu, and no line break at the end\n"
                 "--a b  \n"
                 "content-TYPE:   text/html\n\n"
                 "<p>as  it was</p>\t\n\n"
                 "--a b\n"
                 "Content-Type: image/png\n"
                 "Content-Transfer-Encoding: base64\n"
                 "Content-Disposition: attachment\n\n"
                 "iVBORw0KGgo=\n"
                 "--a b\n"
                 "Content-Type: application/x\n"
                 "Content-Transfer-Encoding: base64\n\n"
                 "//4=\n"
                 "--a b--\nThe end.\n"));
}

// RFC 2045 6.4: a message in a message has no encoding of its own; its parts have.
// clause: 3030-3-l
TEST(DownConversion, MessagesInMessagesAreConvertedInside) {
  EXPECT_EQ(converted("MIME-Version: 1.0\n"
                      "Content-Type: multipart/digest; boundary=d\n\n"
                      "--d\n\n"
                      "Subject: one\n\n"
                      "A caf\xC3\xA9 of old\n\n"
                      "--d\n"
                      "Content-Type: message/rfc822\n"
                      "Content-Transfer-Encoding: 8bit\n\n"
                      "Subject: two\n"
                      "Content-Type: multipart/alternative; boundary=dd\n"
                      "MIME-Version: 1.0\n\n"
                      "--dd\n\n"
                      "caf\xE9\n"
                      "--dd--\n"
                      "--d--\n"),
            mail("MIME-Version: 1.0\n"
                 "Content-Type: multipart/digest; boundary=d\n\n"
                 "--d\n\n"
                 "Subject: one\n"
                 "MIME-Version: 1.0\n"
                 "Content-Type: text/plain; charset=utf-8\n"
                 "Content-Transfer-Encoding: quoted-printable\n\n"
                 "A caf=C3=A9 of old\n\n"
                 "--d\n"
                 "Content-Type: message/rfc822\n"
                 "Content-Transfer-Encoding: 7bit\n\n"
                 "Subject: two\n"
                 "Content-Type: multipart/alternative; boundary=dd\n"
                 "MIME-Version: 1.0\n\n"
                 "--dd\n"
                 "Content-Type: text/plain; charset=unknown-8bit\n"
                 "Content-Transfer-Encoding: base64\n\n"
                 "Y2Fm6Q==\n"
                 "--dd--\n"
                 "--d--\n"));
}

// RFC 1428: what a gateway makes of mail from before MIME.
TEST(DownConversion, MailWithoutMimeGetsIt) {
  const std::string_view text = "From: a@example.org\n\nA caf\xE9, and a good deal more.\n";
  EXPECT_EQ(converted(text), mail("From: a@example.org\n"
                                  "MIME-Version: 1.0\n"
                                  "Content-Type: text/plain; charset=unknown-8bit\n"
                                  "Content-Transfer-Encoding: quoted-printable\n\n"
                                  "A caf=E9, and a good deal more.\n"));
}

TEST(DownConversion, WhatFitsIsNotTouched) {
  // ISO-2022-JP is 7-bit, whatever it looks like.
  const auto japanese = mail(
      "MIME-Version: 1.0\nContent-Type: text/plain; charset=ISO-2022-JP\n"
      "Content-Transfer-Encoding: 8bit\n\n\x1B$BM9JX\x1B(B\n");
  EXPECT_TRUE(convert(japanese).fits);
  const auto long_line = mail("Subject: x\n\n" + std::string(2000, 'x') + "\n");
  EXPECT_TRUE(convert(long_line).fits) << "it came that way without BINARYMIME";
  EXPECT_FALSE(convert(long_line, to_lines).fits);
  EXPECT_TRUE(convert("").fits);
  EXPECT_TRUE(convert(mail("Caf\xC3\xA9"), to_lines).fits);
}

TEST(DownConversion, OneKindOfPartBesideAnotherGetsShortLinesToo) {
  const auto content = converted(
      "Content-Type: multipart/mixed; boundary=b\nMIME-Version: 1.0\n\n"
      "--b\n\n" +
      std::string(3000, 'x') +
      "\n"
      "--b\nContent-Type: text/plain\n\n\xE9t\xE9 is French for summer\n--b--\n");
  EXPECT_TRUE(plain(content)) << content;
}

// RFC 1847 2.1, 2.2: what is signed is not to be changed, down to its deepest part.
TEST(DownConversion, SignedAndEncryptedPartsAreNotBroken) {
  for (const std::string type : {"multipart/signed", "Multipart/Encrypted"}) {
    const auto of = [&](const std::string& inside) {
      return "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=m\n\n"
             "--m\nContent-Type: text/plain; charset=utf-8\n\nThe caf\xC3\xA9 around the corner\n"
             "--m\nContent-Type: " +
             type +
             "; boundary=s; micalg=pgp-sha256\n\n"
             "--s\nContent-Type: multipart/mixed; boundary=i\n"
             "Content-Transfer-Encoding: 8bit\n\n--i\n\n" +
             inside +
             "\n--i--\n\n"
             "--s\nContent-Type: application/pgp-signature\n\nabc\n--s--\n--m--\n";
    };
    EXPECT_EQ(obstacle(of("caf\xC3\xA9")), Obstacle::sealed);
    const auto content = converted(of("coffee"));
    EXPECT_TRUE(plain(content));
    const auto sealed = mail(of("coffee"));
    EXPECT_NE(content.find(sealed.substr(sealed.find("--s\r\n"))), std::string::npos)
        << "not one octet of it has changed: " << content;
  }
}

// RFC 2046 5.2.2, 5.2.3: these are 7-bit, and so is a delivery status (RFC 3464 2.1).
// clause: 3030-3-l
TEST(DownConversion, TypesThatMayNotBeEncodedAreNot) {
  for (const std::string type : {"message/partial; id=x; number=1", "message/external-body",
                                 "message/delivery-status", "multipart/mixed"})
    EXPECT_EQ(obstacle("MIME-Version: 1.0\nContent-Type: " + type + "\n\ncaf\xC3\xA9\n"),
              Obstacle::unchanging)
        << type;
  EXPECT_EQ(obstacle("MIME-Version: 1.0\nContent-Type: message/rfc822\n"
                     "Content-Transfer-Encoding: base64\n\ncaf\xC3\xA9\n"),
            Obstacle::unchanging);
  // RFC 6532 3.7
  EXPECT_EQ(
      obstacle("MIME-Version: 1.0\nContent-Type: message/global\n\nSubject: caf\xC3\xA9\n\nx\n"),
      Obstacle::none);
}

// clause: 6531-3.2-e
TEST(DownConversion, HeadersCannotBeConverted) {
  EXPECT_EQ(obstacle("Subject: caf\xC3\xA9\n\nx\n"), Obstacle::header);
  EXPECT_TRUE(convert(mail("Subject: caf\xC3\xA9\n\nx\n")).eight_bit_header);
  EXPECT_FALSE(convert(mail("Subject: cafe\n\n\xC3\xA9\n")).eight_bit_header);
  const std::string inside = "Content-Type: message/rfc822\n\nSubject: one\n two \xC3\xA9\n\nx\n";
  EXPECT_EQ(obstacle(inside), Obstacle::header);
  EXPECT_TRUE(convert(mail(inside)).eight_bit_header);
  const std::string part =
      "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Description: "
      "\xC3\xA9\n\nx\n--b--\n";
  EXPECT_EQ(obstacle(part), Obstacle::header);
}

TEST(DownConversion, PartsThatAreNotWhatTheySayAreNotConverted) {
  for (const std::string encoding : {"base64", "quoted-printable", "x-uuencode"})
    EXPECT_EQ(
        obstacle("MIME-Version: 1.0\nContent-Transfer-Encoding: " + encoding + "\n\ncaf\xC3\xA9\n"),
        Obstacle::encoded)
        << encoding;
}

// What two readers would read in two ways is not made worse by a third.
TEST(DownConversion, DoubtfulStructureIsNotConverted) {
  const std::string mixed = "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n";
  const std::string text = "\n--b\n\ncaf\xC3\xA9\n";
  EXPECT_EQ(obstacle(mixed + text + "--b--\n"), Obstacle::none);
  EXPECT_EQ(obstacle(mixed + text), Obstacle::none) << "everybody takes the end for the end";
  EXPECT_EQ(obstacle(mixed + text + "--bb\n"), Obstacle::structure) << "a delimiter for some";
  EXPECT_EQ(obstacle(mixed + "Content-Type: text/plain\n" + text), Obstacle::structure);
  EXPECT_EQ(obstacle(mixed + "no field\n" + text), Obstacle::structure);
  EXPECT_EQ(obstacle(mixed + "\n--b\ncaf\xC3\xA9\n"), Obstacle::structure);
  EXPECT_EQ(obstacle(mixed + "\ncaf\xC3\xA9\n"), Obstacle::structure) << "no part at all";
  EXPECT_EQ(
      convert("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\xFF\n--b\r\n\r\n",
              to_seven_bit)
          .obstacle,
      Obstacle::structure)
      << "behind a line feed alone";
}

TEST(DownConversion, ABoundaryMayBeginLikeAnother) {
  EXPECT_EQ(converted("MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n"
                      "--b\nContent-Type: multipart/mixed; boundary=bb\n\n"
                      "--bb\n\nthe caf\xC3\xA9 of old\n--bb--\n--b--\n"),
            mail("MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n"
                 "--b\nContent-Type: multipart/mixed; boundary=bb\n\n"
                 "--bb\nContent-Type: text/plain; charset=utf-8\n"
                 "Content-Transfer-Encoding: quoted-printable\n\n"
                 "the caf=C3=A9 of old\n--bb--\n--b--\n"));
}

// Found by fuzzing: the header of a multipart that is cut off by a delimiter opened a level while
// another one was looked at.
TEST(DownConversion, ADelimiterMayEndTheHeaderOfAMultipart) {
  const auto content = converted(
      "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n"
      "--b\nContent-Type: text/plain\n\nthe caf\xE9 of old times\n"
      "--b\nContent-Type: message/rfc822\n\nSubject: x\n"
      "--b--\n");
  EXPECT_NE(content.find("caf=E9"), std::string::npos);
  EXPECT_EQ(obstacle("Content-Type: multipart/mixed; boundary=b\n\n--b\n\n\xE9\n"
                     "--b\nContent-Type: multipart/mixed; boundary=c\n--b--\n"),
            Obstacle::structure);
}

// RFC 2046 5.1.1: preamble and epilogue are for nobody.
TEST(DownConversion, PreambleAndEpilogueLoseWhatDoesNotFit) {
  EXPECT_EQ(converted("MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n"
                      "caf\xC3\xA9\n--b\n\nx\n--b--\n\xE9\n"),
            mail("MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n"
                 "caf??\n--b\n\nx\n--b--\n?\n"));
}

// RFC 3030 3: to a peer with 8BITMIME, content that is not made of lines is encoded, 8-bit text
// not.
// clause: 3030-3-k
TEST(DownConversion, BinaryBecomesLinesForAPeerThatTakesEightBit) {
  const std::string binary("\0\r\n\n\r--b\xFF", 9);
  const std::string head = "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n";
  const std::string text = "\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\ncaf\xC3\xA9";
  const std::string data = "\r\n--b\r\nContent-Type: application/octet-stream\r\n";
  const std::string label = "Content-Transfer-Encoding: ";
  EXPECT_EQ(
      convert(head + label + "binary\r\n" + text + data + label + "binary\r\n\r\n" + binary +
                  "\r\n--b--\r\n",
              to_lines)
          .content,
      head + label + "8bit\r\n" + text + data + label + "base64\r\n\r\nAA0KCg0tLWL/\r\n--b--\r\n");
}

TEST(DownConversion, TheResultDoesNotDependOnThePieces) {
  const auto content = mail(
      "MIME-Version: 1.0\nContent-Type: multipart/mixed;\n boundary=\"=_b\"\n\n"
      "--=_b\nContent-Type: text/plain\nContent-Transfer-Encoding: 8bit\n\n"
      "caf\xC3\xA9 " +
      std::string(1021, 'x') +
      "\n--\n--=_\n"
      "--=_b\nContent-Type: application/x\n\n" +
      std::string(1023, '\xFF') + "\n\n--=_b--\nend");
  const auto whole = convert(content);
  EXPECT_EQ(whole.obstacle, Obstacle::none);
  EXPECT_TRUE(plain(whole.content)) << whole.content;
  for (const std::size_t step : {1, 2, 3, 5, 64, 1023, 1024, 1025})
    EXPECT_EQ(convert(content, to_seven_bit, step).content, whole.content) << step;
}

}  // namespace
}  // namespace malleposte::mail
