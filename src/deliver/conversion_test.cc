// Mail for next hops that offer less than it needs.
#include "deliver/delivery_fixture.h"

namespace malleposte::deliver {
namespace {

using mail::Body;

const std::string head =
    "Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n";
const std::string eight_bit =
    head + "Content-Transfer-Encoding: 8bit\r\n\r\n.The caf\xC3\xA9 around the corner\r\n";
const std::string converted = head +
                              "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
                              ".The caf=C3=A9 around the corner\r\n";

class Conversion : public Delivery {
 protected:
  Conversion() { relay(); }  // it is there

  mail::MessageId put(std::string content, Body body = Body::eight_bit, bool smtputf8 = false,
                      const std::string& to = "anna@example.net") {
    const auto id = Delivery::put("bo@example.org", {to}, std::move(content));
    message(id).envelope.body = body;
    message(id).envelope.requests.smtputf8 = smtputf8;
    return id;
  }
  std::string mail_command(FakeHost& host) {
    for (const auto& command : host.commands)
      if (command.starts_with("MAIL")) return command;
    return "";
  }
};

// RFC 6152 3: content for a server without 8BITMIME is 7-bit.
// clause: 6152-3-d 6152-3-e 6152-3-f
TEST_F(Conversion, EightBitMailIsConvertedForAHostWithoutEightBitMime) {
  relay().offers = {"PIPELINING", "SIZE 1000"};
  const auto id = put(eight_bit);
  start();
  pass();
  EXPECT_EQ(last(id).fate, mail::Fate::delivered);
  ASSERT_EQ(relay().mails.size(), 1u);
  EXPECT_EQ(relay().mails[0].content, converted);
  EXPECT_EQ(mail_command(relay()),
            "MAIL FROM:<bo@example.org> SIZE=" + std::to_string(converted.size()));
}

// clause: 6152-3-c
TEST_F(Conversion, AHostThatTakesItGetsItAsItIs) {
  relay().offers = {"PIPELINING", "8BITMIME"};
  put(eight_bit);
  start();
  pass();
  ASSERT_EQ(relay().mails.size(), 1u);
  EXPECT_EQ(relay().mails[0].content, eight_bit);
  EXPECT_EQ(mail_command(relay()), "MAIL FROM:<bo@example.org> BODY=8BITMIME");
  EXPECT_EQ(world.store.opens, 1u) << "and nobody looks into it";
}

// clause: 6152-3-d
TEST_F(Conversion, EightBitContentThatWasNotDeclaredIsConvertedToo) {
  relay().offers = {};
  put(eight_bit, Body::seven_bit);
  start();
  pass();
  ASSERT_EQ(relay().mails.size(), 1u);
  EXPECT_EQ(relay().mails[0].content, converted);
}

TEST_F(Conversion, WhatWasDeclaredAndIsNotThereNeedsNoConversion) {
  relay().offers = {};
  const auto seven_bit = head + "\r\n.hello\r\n";
  put(seven_bit, Body::eight_bit, true);
  start();
  pass();
  ASSERT_EQ(relay().mails.size(), 1u);
  EXPECT_EQ(relay().mails[0].content, seven_bit);
  EXPECT_EQ(mail_command(relay()), "MAIL FROM:<bo@example.org>");
}

// The signature lives, if there is a host that lets it live.
TEST_F(Conversion, AnotherHostThatTakesItAsItIsIsPreferred) {
  world.settings.smart_relay = {{"192.0.2.1", 25, false}, {"192.0.2.2", 25, false}};
  relay().offers = {};
  world.network.host("192.0.2.2:25");
  put(eight_bit);
  start();
  pass();
  EXPECT_TRUE(relay().mails.empty());
  ASSERT_EQ(world.network.host("192.0.2.2:25").mails.size(), 1u);
  EXPECT_EQ(world.network.host("192.0.2.2:25").mails[0].content, eight_bit);
}

TEST_F(Conversion, WhatCannotBeConvertedBouncesAndSaysWhy) {
  relay().offers = {};
  const auto id =
      put("MIME-Version: 1.0\r\nContent-Type: multipart/signed; boundary=s\r\n\r\n"
          "--s\r\n\r\ncaf\xC3\xA9\r\n--s\r\nContent-Type: application/pgp-signature\r\n\r\n"
          "x\r\n--s--\r\n");
  start();
  pass();
  EXPECT_EQ(last(id).fate, mail::Fate::bounced);
  EXPECT_EQ(last(id).answer.status, "5.6.3");
  EXPECT_NE(last(id).answer.text.find("signed or encrypted"), std::string::npos)
      << last(id).answer.text;
  EXPECT_TRUE(mail_command(relay()).empty());
}

// While a host could not be asked, it may be the one that takes it.
TEST_F(Conversion, WhatCannotBeConvertedWaitsForAHostThatIsAway) {
  world.settings.smart_relay = {{"192.0.2.1", 25, false}, {"192.0.2.2", 25, false}};
  relay().offers = {};
  world.network.host("192.0.2.2:25").refuses_connections = true;
  const auto id = put("Subject: caf\xC3\xA9\r\n\r\nx\r\n");
  const auto other = put(eight_bit);
  start();
  pass();
  EXPECT_EQ(last(id).fate, mail::Fate::queued);
  EXPECT_EQ(last(id).answer.status, "4.6.3");
  EXPECT_EQ(last(other).fate, mail::Fate::delivered) << "this one need not wait";
}

// RFC 6531 3.2, 3.4: a header in UTF-8 goes to servers with SMTPUTF8 only.
// clause: 6531-3.2-e 6531-3.2-f 6531-3.5-a
TEST_F(Conversion, AnInternationalHeaderBouncesWhereItIsNotTaken) {
  const auto id = put("Subject: caf\xC3\xA9\r\n\r\nx\r\n", Body::eight_bit, true);
  start();
  pass();
  EXPECT_EQ(last(id).fate, mail::Fate::bounced);
  EXPECT_EQ(last(id).answer.status, "5.6.7");
}

// RFC 6531 3.2: a domain can be said in ASCII, a local part cannot.
// clause: 6531-3.7-b
TEST_F(Conversion, AnInternationalDomainIsSaidInAscii) {
  put(eight_bit, Body::eight_bit, true,
      "anna@b\xC3\xBC"
      "cher.example");
  start();
  pass();
  ASSERT_EQ(relay().mails.size(), 1u);
  EXPECT_EQ(relay().mails[0].to, std::vector<std::string>{"anna@xn--bcher-kva.example"});
}

// clause: 6531-3.2-d
TEST_F(Conversion, OnlyRecipientsWithInternationalNamesBounce) {
  const auto id = Delivery::put(
      "bo@example.org", {"anna@example.net", "j\xC3\xBCrgen@example.net", "carl@example.net"});
  message(id).envelope.requests.smtputf8 = true;
  start();
  pass();
  EXPECT_EQ(last(id, 0).fate, mail::Fate::delivered);
  EXPECT_EQ(last(id, 1).fate, mail::Fate::bounced);
  EXPECT_EQ(last(id, 1).answer.status, "5.6.7");
  EXPECT_EQ(last(id, 2).fate, mail::Fate::delivered);
  ASSERT_EQ(relay().mails.size(), 1u);
}

// clause: 6531-3.4-c
TEST_F(Conversion, SmtpUtf8IsOnlyAskedForWhereItIsNeeded) {
  put(eight_bit, Body::eight_bit, true);
  start();
  pass();
  EXPECT_EQ(mail_command(relay()), "MAIL FROM:<bo@example.org> BODY=8BITMIME");
}

// RFC 3030 3: binary content is converted where BINARYMIME is not offered.
// clause: 3030-3-h 3030-3-i 3030-3-k
TEST_F(Conversion, BinaryMailIsConvertedForAHostWithoutBinaryMime) {
  const auto id = put(std::string("MIME-Version: 1.0\r\nContent-Type: application/x\r\n"
                                  "Content-Transfer-Encoding: binary\r\n\r\n\0\xFF\n\r.\r\n",
                                  92),
                      Body::binary);
  start();
  pass();
  EXPECT_EQ(last(id).fate, mail::Fate::delivered) << last(id).answer.text;
  ASSERT_EQ(relay().mails.size(), 1u);
  EXPECT_EQ(relay().mails[0].content,
            "MIME-Version: 1.0\r\nContent-Type: application/x\r\n"
            "Content-Transfer-Encoding: base64\r\n\r\nAP8KDS4NCg==\r\n");
}

TEST_F(Conversion, BinaryMailThatCannotBeConvertedBounces) {
  const auto id = put(std::string("Content-Type: message/partial\r\n\r\n\0\r\n", 35), Body::binary);
  start();
  pass();
  EXPECT_EQ(last(id).answer.status, "5.6.1");
}

// A large message is read in pieces and never held.
TEST_F(Conversion, ALargeMailIsConvertedPieceByPiece) {
  relay().offers = {"SIZE"};
  std::string content = head + "\r\n", expected = content;
  expected.insert(expected.size() - 2, "Content-Transfer-Encoding: quoted-printable\r\n");
  for (int i = 0; i < 20'000; ++i) {
    content += "The caf\xC3\xA9 around the corner\r\n";
    expected += "The caf=C3=A9 around the corner\r\n";
  }
  put(content);
  start();
  pass();
  put(content);
  pass();
  ASSERT_EQ(relay().mails.size(), 2u);
  EXPECT_EQ(relay().mails[0].content, expected);
  EXPECT_EQ(relay().mails[1].content, expected);
  EXPECT_EQ(relay().connections, 1u) << "one needs no new connection";
}

TEST_F(Conversion, AMessageThatIsTooLargeOnceConvertedBounces) {
  relay().offers = {"SIZE " + std::to_string(eight_bit.size() + 5)};
  const auto id = put(eight_bit);
  start();
  pass();
  EXPECT_EQ(last(id).answer.status, "5.3.4");
}

TEST_F(Conversion, AMailThatCannotBeReadStays) {
  relay().offers = {};
  const auto id = put(eight_bit);
  world.store.damaged_at = 10;
  world.store.block = 5;
  start();
  pass();
  EXPECT_EQ(last(id).fate, mail::Fate::queued);
  EXPECT_EQ(last(id).answer.status, "4.3.0");
}

// A host that offers CHUNKING and does not know BDAT: what it was given is read and converted anew.
TEST_F(Conversion, ContentThatWasTakenForCommandsIsSentAgain) {
  relay().offers = {"CHUNKING"};
  relay().answer = [](const std::string& line, const std::string&) -> std::optional<Say> {
    return line.starts_with("BDAT") ? std::optional(say("502 5.5.1 what?")) : std::nullopt;
  };
  const auto id = put(eight_bit);
  start();
  pass();
  EXPECT_EQ(last(id).fate, mail::Fate::delivered) << last(id).answer.text;
  ASSERT_EQ(relay().mails.size(), 1u);
  EXPECT_EQ(relay().mails[0].content, converted);
}

// What was converted for a host that went away before it asked for content is made anew.
TEST_F(Conversion, ALostConnectionLosesNothing) {
  relay().offers = {};
  relay().answer = [this](const std::string& line, const std::string&) -> std::optional<Say> {
    // The second MAIL on the first connection.
    if (line.starts_with("MAIL") && relay().connections == 1 && relay().mails.size() == 1) {
      relay().offers = {"8BITMIME"};
      return close_now();
    }
    return std::nullopt;
  };
  put(eight_bit);
  start();
  pass();
  put(eight_bit);
  pass();
  ASSERT_EQ(relay().mails.size(), 2u);
  EXPECT_EQ(relay().mails[0].content, converted);
  EXPECT_EQ(relay().mails[1].content, eight_bit);
}

}  // namespace
}  // namespace malleposte::deliver
