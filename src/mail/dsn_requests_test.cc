// What the sender asked for (RFC 3461), and in which alphabet and language (RFC 6533, RFC 3282): as
// it shows in the notice.
#include <gmock/gmock.h>

#include <set>

#include "mail/code_points.h"
#include "mail/dsn.h"
#include "mail/dsn_words.h"
#include "mail/transfer_encoding.h"

namespace malleposte::mail {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

const WallTime now{std::chrono::sys_days(std::chrono::year(2026) / 5 / 21) + 5h + 33min + 29s};

struct DsnRequests : testing::Test {
  DsnRequests() {
    original.reverse_path = {"s", "example.org"};
    original.recipients = {{"a", "x.example"}, {"b", "x.example"}};
    original.arrived = now - 24h;
    outcome.recipient = 1;
    outcome.fate = Fate::bounced;
    outcome.answer = {"mx.x.example", "192.0.2.1:25", 550, "5.1.1", "No such user"};
    outcome.ended = now - 1s;
  }
  Dsn dsn() {
    const std::vector outcomes{outcome};
    return make_dsn({kind, original.reverse_path, original, MessageId{7}, outcomes, content, whole,
                     "me.example", now, now + 96h});
  }
  void passed_on() {
    kind = DsnKind::success;
    outcome.fate = Fate::delivered;
    outcome.answer = {"mx.x.example", "192.0.2.1:25", 250, "2.0.0", "queued as 123"};
  }

  DsnKind kind = DsnKind::failure;
  Envelope original;
  Outcome outcome{};
  std::string content = "Subject: hi\r\n\r\n";
  bool whole = false;
};

// RFC 3461 6.3; RFC 3464 2.2.1, 2.3.1: both come back as they were sent, decoded.
// clause: 3461-6.3-a 3461-6.3-b 3461-6.3-f 3461-6.3-g 3464-2.2.1-a 3464-2.2.1-b 3464-2.2.1-c
// clause: 3464-3-a
TEST_F(DsnRequests, TheEnvelopeIdAndTheOriginalRecipientComeBack) {
  EXPECT_THAT(dsn().content, Not(HasSubstr("Original-")));
  original.requests.envelope_id = "QQ+314159 = x";
  original.recipients[1].original = "rfc822;Bert+list@Old.Example";
  const auto text = dsn().content;
  EXPECT_THAT(text, HasSubstr("\r\n\r\nOriginal-Envelope-Id: QQ+314159 = x\r\n"
                              "Reporting-MTA: dns; me.example\r\n"));
  EXPECT_THAT(text, HasSubstr("\r\n\r\nOriginal-Recipient: rfc822; Bert+list@Old.Example\r\n"
                              "Final-Recipient: rfc822; b@x.example\r\n"));
  original.requests.envelope_id = "x\r\nAction: delivered\r\n\r\n";
  EXPECT_THAT(dsn().content, HasSubstr("Original-Envelope-Id: x Action: delivered\r\nReporting"));
}

// RFC 3464 2.2.4: what it called itself, and its address as a comment.
// clause: 3464-2.2.4-a 3464-2.2.4-b 3464-2.2.4-c 3464-2.2.5-a 4865-5.1.2-a
TEST_F(DsnRequests, WhereTheMessageCameFromIsSaid) {
  original.client_address = "192.0.2.77";
  original.helo = "client.example";
  EXPECT_THAT(dsn().content,
              HasSubstr("\r\nReceived-From-MTA: dns; client.example ([192.0.2.77])\r\n"
                        "Arrival-Date: Wed, 20 May 2026 05:33:29 +0000\r\n"));
  original.helo = "evil)\r\nX: (y";
  EXPECT_THAT(dsn().content, HasSubstr("dns; evil??X:??y ([192.0.2.77])\r\n"));
  original.helo = "";
  EXPECT_THAT(dsn().content, HasSubstr("Received-From-MTA: dns; [192.0.2.77]\r\n"));
}

// clause: 3464-2.3.7-a 3464-2.3.7-b
TEST_F(DsnRequests, AnAttemptIsDatedAndNoneIsNot) {
  EXPECT_THAT(dsn().content, HasSubstr("Last-Attempt-Date: Thu, 21 May 2026 05:33:28 +0000\r\n"));
  outcome.ended = {};
  EXPECT_THAT(dsn().content, Not(HasSubstr("Last-Attempt-Date")));
}

// RFC 3461 5.2.2: a host that does not report took it.
// clause: 3464-2.3.9-a 3461-5.2.2-b
TEST_F(DsnRequests, WhatWasPassedOnIsRelayedAndNothingMore) {
  passed_on();
  const auto text = dsn().content;
  EXPECT_THAT(text, HasSubstr("\r\nSubject: Mail passed on to the next mail system\r\n"));
  EXPECT_THAT(text, HasSubstr("<b@x.example>\r\n"
                              "    The host mx.x.example (192.0.2.1:25) said:\r\n"
                              "    250 2.0.0 queued as 123\r\n\r\n"));
  EXPECT_THAT(text, HasSubstr("Action: relayed\r\nStatus: 2.0.0\r\n"
                              "Remote-MTA: dns; mx.x.example\r\n"
                              "Diagnostic-Code: smtp; 250 2.0.0 queued as 123\r\n"));
  EXPECT_THAT(text, Not(HasSubstr("Will-Retry-Until")));
  outcome.answer.status = "nonsense";
  EXPECT_THAT(dsn().content, HasSubstr("Action: relayed\r\nStatus: 2.0.0\r\n"));
}

TEST_F(DsnRequests, NoTwoNoticesOfOneMomentHaveOneMessageId) {
  std::set<std::string> seen;
  const auto id = [&] {
    const auto text = dsn().content;
    const auto at = text.find("Message-ID: ");
    return text.substr(at, text.find("\r\n", at) - at);
  };
  for (std::uint32_t recipient : {0, 1}) {
    outcome.recipient = recipient;
    kind = DsnKind::failure, outcome.fate = Fate::bounced;
    EXPECT_TRUE(seen.insert(id()).second);
    kind = DsnKind::delay, outcome.fate = Fate::queued;
    EXPECT_TRUE(seen.insert(id()).second);
    passed_on();
    EXPECT_TRUE(seen.insert(id()).second);
  }
}

// --- UTF-8 ---------------------------------------------------------------------------------------

// RFC 6533 3, 4: to an address in ASCII there goes ASCII, which any host takes.
// clause: 6533-3-f 6533-3-g 6533-4.1-a 6533-4.1-d 6533-4.5-a 6533-6.3-b 6532-3.7-b 6531-3.2-g
// clause: 6531-3.2-h
TEST_F(DsnRequests, AnAsciiSenderGetsANoticeThatGoesAnyWay) {
  original.requests.smtputf8 = true;
  original.recipients[1] = {"e", "日本.example"};
  original.recipients[1].original = "utf-8;\\x{E9}@\\x{65E5}\\x{672C}.example";
  content = "Subject: caf\u00e9\r\nTo: somebody@example.org\r\n\r\n";
  const auto made = dsn();
  EXPECT_TRUE(is_ascii(made.content)) << made.content;
  EXPECT_FALSE(made.envelope.requests.smtputf8);
  EXPECT_EQ(made.envelope.body, Body::seven_bit);
  EXPECT_THAT(made.content,
              HasSubstr("Content-Type: message/delivery-status\r\n\r\nReporting-MTA"));
  EXPECT_THAT(made.content,
              HasSubstr("Original-Recipient: utf-8; \\x{E9}@\\x{65E5}\\x{672C}.example\r\n"
                        "Final-Recipient: utf-8; e@\\x{65E5}\\x{672C}.example\r\n"));
  EXPECT_THAT(made.content, HasSubstr("Content-Type: text/plain; charset=utf-8\r\n"
                                      "Content-Language: en\r\n"
                                      "Content-Transfer-Encoding: quoted-printable\r\n\r\n"));
  EXPECT_THAT(made.content, HasSubstr("\r\n<e@=E6=97=A5=E6=9C=AC.example>\r\n"));
  EXPECT_THAT(made.content, HasSubstr("Content-Type: message/global-headers\r\n"
                                      "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
                                      "Subject: caf=C3=A9\r\n"));
  content += "body\r\n";
  whole = true;
  EXPECT_THAT(dsn().content, HasSubstr("Content-Type: message/global\r\n"
                                       "Content-Transfer-Encoding: quoted-printable\r\n\r\n"));
}

// clause: 6533-3-h 6533-3-k 6533-4.1-b 6533-4.1-c 6533-6.3-a 6533-6.4-a
TEST_F(DsnRequests, ASenderWithAnotherAlphabetGetsUtf8) {
  original.requests.smtputf8 = true;
  original.reverse_path = {"s", "送信者.example"};
  original.recipients[1] = {"e+x", "日本.example"};
  original.recipients[1].original = "utf-8;\\x{E9}\\x{2B}x@\\x{65E5}\\x{672C}.example";
  content = "Subject: caf\u00e9\r\n\r\n";
  const auto made = dsn();
  EXPECT_TRUE(made.envelope.requests.smtputf8);
  EXPECT_EQ(made.envelope.body, Body::eight_bit);
  EXPECT_THAT(made.content, HasSubstr("\r\nTo: <s@送信者.example>\r\n"));
  EXPECT_THAT(made.content, HasSubstr("Content-Type: message/global-delivery-status\r\n"
                                      "Content-Transfer-Encoding: 8bit\r\n\r\nReporting-MTA"));
  EXPECT_THAT(made.content, HasSubstr("Original-Recipient: utf-8; é+x@日本.example\r\n"
                                      "Final-Recipient: utf-8; e+x@日本.example\r\n"));
  EXPECT_THAT(made.content, HasSubstr("Content-Type: message/global-headers\r\n"
                                      "Content-Transfer-Encoding: 8bit\r\n\r\n"
                                      "Subject: caf\u00e9\r\n"));
  // Also when nothing in the parts needs it: the header does.
  original.recipients[1] = {"b", "x.example"};
  content = "Subject: x\r\n\r\n";
  EXPECT_TRUE(dsn().envelope.requests.smtputf8);
  EXPECT_EQ(dsn().envelope.body, Body::eight_bit);
}

// --- Languages -----------------------------------------------------------------------------------

TEST_F(DsnRequests, ASenderIsToldInTheLanguageOfTheMessage) {
  content = "Content-Language: fr\r\nSubject: bonjour\r\n\r\n";
  auto text = dsn().content;
  EXPECT_TRUE(is_ascii(text));
  EXPECT_THAT(text, HasSubstr("\r\nContent-Language: fr\r\n"));
  EXPECT_THAT(text, HasSubstr("\r\nSubject: " + encoded_words(french_words.failure_subject, 9)));
  EXPECT_THAT(text, HasSubstr("Content-Type: text/plain; charset=utf-8\r\nContent-Language: fr\r\n"
                              "Content-Transfer-Encoding: quoted-printable\r\n\r\n"));
  EXPECT_THAT(text, HasSubstr("    Il n'y a pas de bo=C3=AEte aux lettres de ce nom dans ce"));
  EXPECT_THAT(text, HasSubstr("    550 5.1.1 No such user\r\n")) << "a host speaks for itself";
  content = "Accept-Language: ja\r\n\r\n";
  text = dsn().content;
  EXPECT_TRUE(is_ascii(text));
  EXPECT_THAT(text, HasSubstr("Content-Language: ja\r\nContent-Transfer-Encoding: base64\r\n\r\n"));
  EXPECT_THAT(text, HasSubstr("Final-Recipient: rfc822; b@x.example\r\nAction: failed\r\n"));
}

TEST_F(DsnRequests, APostmasterIsToldInEnglish) {
  kind = DsnKind::double_bounce;
  content = "Content-Language: ja\r\n\r\n";
  EXPECT_THAT(dsn().content, HasSubstr("\r\nContent-Language: en\r\n"));
  EXPECT_THAT(dsn().content, HasSubstr("Content-Type: text/plain; charset=us-ascii\r\n"));
}

// Every kind in every language: all that is to be filled in is, and lines fit.
TEST_F(DsnRequests, NoSentenceIsLeftUnfinished) {
  for (auto language : all_languages)
    for (auto of : {DsnKind::failure, DsnKind::delay, DsnKind::success})
      for (auto fate : {Fate::bounced, Fate::expired, Fate::queued, Fate::delivered}) {
        if ((of == DsnKind::delay) != (fate == Fate::queued)) continue;
        if ((of == DsnKind::success) != (fate == Fate::delivered)) continue;
        kind = of;
        outcome.fate = fate;
        content = "Content-Language: " + std::string(tag(language)) + "\r\n\r\n";
        const std::vector outcomes{outcome};
        DsnCase about{kind,  original.reverse_path, original, MessageId{7}, outcomes, content,
                      whole, "me.example",          now,      now + 96h,    3};
        const auto text = make_dsn(about).content;
        EXPECT_THAT(text, Not(HasSubstr("{"))) << text;
        for (std::size_t at = 0; at < text.size();) {
          const auto end = text.find("\r\n", at);
          EXPECT_LE(end - at, 78u) << text.substr(at, end - at);
          at = end + 2;
        }
      }
}

}  // namespace
}  // namespace malleposte::mail
