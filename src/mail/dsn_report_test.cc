#include "mail/dsn_report.h"

#include <gtest/gtest.h>

namespace malleposte::mail {
namespace {

using namespace std::chrono_literals;

const WallTime now{std::chrono::sys_days(std::chrono::year(2026) / 5 / 21) + 5h + 33min + 29s};

Dsn dsn(const std::string& recipient, Outcome outcome, std::string_view header,
        DsnKind kind = DsnKind::failure) {
  Envelope original;
  original.reverse_path = {"s", "example.org"};
  original.recipients = {{recipient, "x.example"}, {recipient + "2", "x.example"}};
  original.arrived = now - 1h;
  std::vector<Outcome> outcomes{outcome, outcome};
  outcomes[1].recipient = 1;
  return make_dsn({kind, original.reverse_path, original, MessageId{7}, outcomes, header, false,
                   "me.example", now, now + 5h});
}

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

TEST(DsnReport, SaysOfEveryRecipientWhatItsDsnSaid) {
  Outcome refused{0, Fate::bounced, {}, {"mx.x.example", "192.0.2.1:25", 550, "5.1.1", "No user"}};
  for (int i = 0; i < 12; ++i) refused.answer.text += " of this name";  // long enough to be folded
  Outcome late{0, Fate::queued, {}, {"", "", 0, "4.4.3", "no answer from DNS"}};
  std::vector<GatheredDsn> gathered;
  for (const auto& one : {dsn("a", refused, "Message-ID: <1@s>\r\nSubject: first\r\n one\r\n\r\n"),
                          dsn("b", late, "X: y\r\n\r\n", DsnKind::delay)}) {
    auto read = read_dsn(one.content);
    ASSERT_TRUE(read);
    gathered.push_back(*read);
  }
  const auto report =
      make_report({{"s", "example.org"}, MessageId{9}, "me.example", now}, gathered);
  EXPECT_TRUE(report.envelope.reverse_path.null());
  EXPECT_EQ(report.envelope.recipients, (std::vector<Recipient>{{"s", "example.org"}}));
  const auto& text = report.content;
  EXPECT_TRUE(has(text, "\r\nSubject: Undelivered mail: 2 notices in one\r\n"));
  EXPECT_TRUE(has(text, "Message of Thu, 21 May 2026 04:33:29 +0000, \"first one\", <1@s>"));
  for (auto who : {"a", "a2"})
    EXPECT_TRUE(
        has(text, std::string("    <") + who + "@x.example> failed:\r\n        There is no "));
  for (auto who : {"b", "b2"})
    EXPECT_TRUE(has(text, std::string("    <") + who + "@x.example> is late:\r\n"));
  EXPECT_TRUE(has(text, "no answer from DNS"));
  EXPECT_TRUE(has(text, "Final-Recipient: rfc822; a2@x.example\r\nAction: failed\r\n"));
  EXPECT_TRUE(has(text, "Final-Recipient: rfc822; b2@x.example\r\nAction: delayed\r\n"));
  for (char c : text) ASSERT_TRUE(c == '\r' || c == '\n' || (c >= ' ' && c <= '~'));
}

TEST(DsnReport, WhatIsNoDsnIsNotRead) {
  Outcome refused{0, Fate::bounced, {}, {"mx", "192.0.2.1:25", 550, "5.1.1", "No user"}};
  const auto good = dsn("a", refused, "A: b\r\n\r\n").content;
  ASSERT_TRUE(read_dsn(good));
  for (std::size_t length = 0; length + 4 < good.size(); length += 7)
    EXPECT_FALSE(read_dsn(good.substr(0, length))) << length;
  EXPECT_FALSE(read_dsn("Subject: x\r\n\r\nhello\r\n"));
}

// Senders of successful bulk mail are told in reports, too, each message in its language.
TEST(DsnReport, TellsOfSuccessInTheLanguageOfEachMessage) {
  Outcome passed{0, Fate::delivered, {}, {"mx", "192.0.2.1:25", 250, "2.0.0", "thanks"}};
  std::vector<GatheredDsn> gathered;
  for (auto header : {"Content-Language: fr\r\nSubject: un\r\n\r\n",
                      "Accept-Language: ja\r\nSubject: two\r\n\r\n"})
    gathered.push_back(*read_dsn(dsn("a", passed, header, DsnKind::success).content));
  EXPECT_TRUE(has(gathered[0].people, "Message du jeudi 21 mai 2026 à 04:33:29 (UTC), \"un\""));
  EXPECT_TRUE(has(gathered[0].people, "    <a@x.example> a été transmis :\r\n        mx: 250"));
  EXPECT_TRUE(has(gathered[1].people, "2026年5月21日（木）04:33:29（UTC）のメール, \"two\""));
  EXPECT_TRUE(has(gathered[1].people, "    <a2@x.example> 引き渡し済み：\r\n"));
  const auto report =
      make_report({{"s", "example.org"}, MessageId{9}, "me.example", now}, gathered);
  EXPECT_TRUE(has(report.content, "\r\nContent-Language: fr\r\n"));
  EXPECT_TRUE(has(report.content, "Final-Recipient: rfc822; a2@x.example\r\nAction: relayed\r\n"));
  EXPECT_EQ(report.envelope.body, Body::seven_bit);
}

TEST(DsnReport, AReportToAnotherAlphabetIsInternationalized) {
  Envelope original;
  original.reverse_path = {"s", "é.example"};
  original.recipients = {{"b", "日.example"}};
  original.requests.smtputf8 = true;
  original.arrived = now - 1h;
  const std::vector<Outcome> refused{
      {0, Fate::bounced, {}, {"mx", "192.0.2.1:25", 550, "5.1.1", "No user"}}};
  const auto one = make_dsn({DsnKind::failure, original.reverse_path, original, MessageId{7},
                             refused, "A: b\r\n\r\n", false, "me.example", now, now});
  const auto read = read_dsn(one.content);
  ASSERT_TRUE(read);
  EXPECT_TRUE(read->global);
  EXPECT_TRUE(has(read->people, "<b@日.example> failed:"));
  const std::vector gathered{*read, *read};
  const auto report =
      make_report({original.reverse_path, MessageId{9}, "me.example", now}, gathered);
  EXPECT_TRUE(report.envelope.requests.smtputf8);
  EXPECT_EQ(report.envelope.body, Body::eight_bit);
  EXPECT_TRUE(has(report.content,
                  "Content-Type: message/global-delivery-status\r\n"
                  "Content-Transfer-Encoding: 8bit\r\n\r\n"));
  EXPECT_TRUE(has(report.content, "Final-Recipient: utf-8; b@日.example\r\n"));
}

// The original's header is foreign: nothing in it may look like a recipient of the report.
TEST(DsnReport, ForeignHeadersAddNoPartOrRecipient) {
  Outcome refused{0, Fate::bounced, {}, {"mx", "192.0.2.1:25", 550, "5.1.1", "No user"}};
  auto read = read_dsn(dsn("a", refused,
                           "Subject: x\r\n\tFinal-Recipient: rfc822; evil@x\r\n"
                           "Message-ID: <\xc3\xa9>\r\n\r\n")
                           .content);
  ASSERT_TRUE(read);
  EXPECT_FALSE(has(read->programs, "evil"));
  EXPECT_TRUE(has(read->people, "<\xc3\xa9>"));
}

}  // namespace
}  // namespace malleposte::mail
