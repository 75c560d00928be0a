#include "mail/dsn.h"

#include <gtest/gtest.h>

#include "base/limits.h"

namespace malleposte::mail {
namespace {

using namespace std::chrono_literals;

const WallTime now{std::chrono::sys_days(std::chrono::year(2026) / 5 / 21) + 5h + 33min + 29s};

Envelope envelope() {
  Envelope e;
  e.reverse_path = {"s", "example.org"};
  e.recipients = {{"a", "x.example"}, {"b", "x.example"}};
  e.arrived = now - 24h;
  return e;
}

Outcome refused() {
  Outcome o{1, Fate::bounced, {}, {}};
  o.answer = {"mx.x.example", "192.0.2.1:25", 550, "5.1.1", "No such user"};
  return o;
}

std::string content(const std::string& header, const std::vector<Outcome>& failed,
                    bool return_message = false) {
  const auto original = envelope();
  return make_dsn({DsnKind::failure,
                   original.reverse_path,
                   original,
                   MessageId{7},
                   failed,
                   header,
                   return_message,
                   "me.example",
                   now,
                   {}})
      .content;
}

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

// Text for people as one line, whatever its line breaks.
std::string unwrapped(std::string text) {
  for (std::string_view end : {"\r\n    ", "\r\n"})
    for (auto at = text.find(end); at != std::string::npos; at = text.find(end))
      text.replace(at, end.size(), " ");
  return text;
}

// The parts between the boundaries, preamble first.
std::vector<std::string> parts(const std::string& content) {
  auto at = content.find("boundary=\"") + 10;
  auto line = "\r\n--" + content.substr(at, content.find('"', at) - at);
  std::vector<std::string> all;
  for (std::size_t from = 0;;) {
    auto next = content.find(line, from);
    all.push_back(content.substr(from, next - from));
    if (next == std::string::npos) return all;
    from = next + line.size();
  }
}

// clause: 5321-3.6.3-b 3464-2-b 3464-2.1-a 3464-2.2.2-a 3464-2.2.3-b 3464-2.2.4-a 3464-2.2.4-b
// clause: 3464-2.2.4-c 3464-2.2.5-a 3464-2.3.2-a 3464-2.3.3-a 3464-2.3.4-a 3464-2.3.6-a
// clause: 3464-2.3.7-b 3464-2.4-a 3461-6.3-c 3461-6.3-d 3461-6.3-h 3461-6.3-i 3461-6.3-j
// clause: 3461-6.3-k 3461-6.3-m 3461-6.3-n 3461-9.2-a 3461-9.3-a 2852-4.1.2-b
TEST(Dsn, TellsPeopleAndProgramsWhatHappened) {
  auto all = parts(content("Subject: hi\r\nFrom: s\r\n\r\nbody\r\n", {refused()}));
  ASSERT_EQ(all.size(), 5u);
  EXPECT_TRUE(has(all[0], "From: Mail Delivery System <MAILER-DAEMON@me.example>\r\n"));
  EXPECT_TRUE(has(all[0], "\r\nTo: <s@example.org>\r\n"));
  EXPECT_TRUE(has(all[0], "\r\nAuto-Submitted: auto-replied\r\n"));
  EXPECT_TRUE(has(all[0], "Date: Thu, 21 May 2026 05:33:29 +0000\r\n"));
  EXPECT_TRUE(has(all[0], "\r\nMessage-ID: <0000000000007."));
  EXPECT_TRUE(has(all[0], "multipart/report; report-type=delivery-status;\r\n"));
  EXPECT_TRUE(has(all[1],
                  "<b@x.example>\r\n    There is no mailbox of that name in this domain.\r\n"
                  "    The host mx.x.example (192.0.2.1:25) said:\r\n"
                  "    550 5.1.1 No such user\r\n"
                  "    Check the address for slips, then send it again.\r\n"));
  EXPECT_TRUE(has(all[2],
                  "Content-Type: message/delivery-status\r\n\r\n"
                  "Reporting-MTA: dns; me.example\r\n"));
  EXPECT_TRUE(has(all[2],
                  "\r\n\r\nFinal-Recipient: rfc822; b@x.example\r\nAction: failed\r\n"
                  "Status: 5.1.1\r\nRemote-MTA: dns; mx.x.example\r\n"
                  "Diagnostic-Code: smtp; 550 5.1.1 No such user\r\n"));
  EXPECT_FALSE(has(all[2], "a@x.example"));
  EXPECT_EQ(all[3], "\r\nContent-Type: text/rfc822-headers\r\n\r\nSubject: hi\r\nFrom: s\r\n");
  EXPECT_EQ(all[4], "--\r\n");
}

// clause: 3464-2-a 3464-2-c 3464-2-d 3464-2-e 5321-3.6.3-d 5321-4.4-p 5321-4.4-x 5321-6.1-c
// clause: 5321-6.1-d 5321-6.1-g 3461-6.1-a
TEST(Dsn, GoesFromNobodyToTheSender) {
  const auto original = envelope();
  const std::vector failed{refused()};
  auto dsn = make_dsn({DsnKind::failure,
                       original.reverse_path,
                       original,
                       MessageId{7},
                       failed,
                       "",
                       false,
                       "me.example",
                       now,
                       {}});
  EXPECT_TRUE(dsn.envelope.reverse_path.null());
  EXPECT_EQ(dsn.envelope.recipients, (std::vector<Recipient>{{"s", "example.org"}}));
}

// clause: 5321-4.2.5-b
// clause: 3464-2.3.7-a
TEST(Dsn, ExpiryNamesTheLastReasonAndHowLongItWasTried) {
  Outcome o{0, Fate::expired, {}, {"mx", "192.0.2.1:25", 0, "4.4.1", "Connection refused"}};
  auto text = content("", {o});
  EXPECT_TRUE(has(text, "Action: failed\r\nStatus: 4.4.7\r\n"));
  EXPECT_TRUE(has(text, "could not be delivered in the time allowed"));
  EXPECT_TRUE(has(unwrapped(text), "tried for 1 day. The last attempt ended with:"));
  EXPECT_TRUE(has(text, "    The mail system of the recipient does not answer.\r\n"));
  EXPECT_TRUE(has(text, "    At the host mx (192.0.2.1:25):\r\n    Connection refused\r\n"));
  EXPECT_TRUE(has(text, "Diagnostic-Code: X-Malleposte; Connection refused\r\n"));
}

// clause: 3464-2.3.9-b
TEST(Dsn, AWarningSaysThatNothingIsLostYet) {
  const auto original = envelope();
  Outcome o{1, Fate::queued, {}, {"192.0.2.9", "192.0.2.9:25", 451, "4.7.1", "Later"}};
  o.ended = now;
  const std::vector delayed{o};
  auto all = parts(make_dsn({DsnKind::delay, original.reverse_path, original, MessageId{7}, delayed,
                             "Subject: hi\r\n\r\n", false, "me.example", now, now + 96h})
                       .content);
  ASSERT_EQ(all.size(), 5u);
  EXPECT_TRUE(has(all[0], "\r\nSubject: Delayed mail (still being tried)\r\n"));
  EXPECT_TRUE(has(all[1], "THIS IS ONLY A WARNING"));
  EXPECT_TRUE(has(unwrapped(all[1]), "will be tried again until Mon, 25 May 2026 05:33:29 +0000;"));
  EXPECT_TRUE(has(all[2],
                  "Action: delayed\r\nStatus: 4.7.1\r\nRemote-MTA: dns; [192.0.2.9]\r\n"
                  "Diagnostic-Code: smtp; 451 4.7.1 Later\r\n"
                  "Last-Attempt-Date: Thu, 21 May 2026 05:33:29 +0000\r\n"
                  "Will-Retry-Until: Mon, 25 May 2026 05:33:29 +0000\r\n"));
}

TEST(Dsn, RecipientsThatFailedTheSameWayStandTogether) {
  auto original = envelope();
  original.recipients.push_back({"c", "x.example"});
  std::vector<Outcome> failed(3, refused());
  for (std::uint32_t i = 0; i < 3; ++i) failed[i].recipient = i;
  failed[1].answer.text = "Gone";
  auto all = parts(make_dsn({DsnKind::failure,
                             original.reverse_path,
                             original,
                             MessageId{7},
                             failed,
                             "",
                             false,
                             "me.example",
                             now,
                             {}})
                       .content);
  EXPECT_TRUE(has(all[1], "\r\n\r\n<a@x.example>\r\n<c@x.example>\r\n    There is no mailbox"));
  EXPECT_TRUE(has(all[1], "\r\n\r\n<b@x.example>\r\n"));
  for (auto who : {"a", "b", "c"})
    EXPECT_TRUE(has(all[2], std::string("Final-Recipient: rfc822; ") + who + "@x.example\r\n"));
}

// clause: 3464-2.3.4-b 3461-6.3-l
TEST(Dsn, TheStatusIsOfTheClassThatItsActionSays) {
  auto o = refused();
  o.answer.status = "4.7.1";
  EXPECT_TRUE(has(content("", {o}), "Status: 5.7.1\r\n"));
  o.answer.status = "";
  EXPECT_TRUE(has(content("", {o}), "Status: 5.0.0\r\n"));
}

TEST(Dsn, AMessageComesBackWholeOnlyWhereItFits) {
  const std::string mail = "Subject: hi\r\n\r\nbody \xc3\xa9\r\n.\r\n";
  auto whole = parts(content(mail, {refused()}, true));
  ASSERT_EQ(whole.size(), 5u);
  EXPECT_EQ(whole[3],
            "\r\nContent-Type: message/rfc822\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" + mail);
  EXPECT_TRUE(has(whole[0], "Content-Transfer-Encoding: 8bit\r\n"));
  // As its header only: not all of it, too large, or not fit to be a part of a message.
  for (const auto& other : {mail + std::string(limits::dsn_message_octets, 'x') + "\r\n",
                            mail + std::string(999, 'x') + "\r\n", mail + "bare\nline\r\n",
                            mail + "a\rb\r\n", mail + std::string("\0\r\n", 3), mail + "no end"}) {
    auto cut = parts(content(other, {refused()}, true));
    ASSERT_EQ(cut.size(), 5u);
    EXPECT_EQ(cut[3], "\r\nContent-Type: text/rfc822-headers\r\n\r\nSubject: hi\r\n");
  }
  EXPECT_TRUE(has(content(mail, {refused()}, false), "text/rfc822-headers"));
}

TEST(Dsn, ForeignTextAddsNoLineFieldOrPart) {
  auto o = refused();
  o.answer.text = "x\r\n\r\nFinal-Recipient: rfc822; evil\r\nAction: delivered\xff";
  o.answer.host = "mx\r\nBcc: evil";
  o.answer.status = "5.1.1\r\nX: y";
  auto text = content("A: b\r\n", {o});
  EXPECT_FALSE(has(text, "\nFinal-Recipient: rfc822; evil"));
  EXPECT_FALSE(has(text, "\nAction: delivered"));
  EXPECT_FALSE(has(text, "\nBcc"));
  EXPECT_FALSE(has(text, "\nX:"));
  for (char c : text) EXPECT_TRUE(c == '\r' || c == '\n' || (c >= ' ' && c <= '~'));
}

TEST(Dsn, AHeaderThatKnowsTheBoundaryEndsNoPart) {
  const auto plain = content("A: b\r\n", {refused()});
  auto at = plain.find("boundary=\"") + 10;
  auto boundary = plain.substr(at, plain.find('"', at) - at);
  auto all = parts(content("A: b\r\n--" + boundary + "--\r\nC: d\r\n", {refused()}));
  EXPECT_EQ(all.size(), 5u);
}

TEST(Dsn, TheReturnedHeaderIsLimitedAndWhole) {
  std::string header;
  for (int i = 0; i < 1000; ++i) header += "X-Line: 0123456789012345678901234567890\r\n";
  auto all = parts(content(header, {refused()}));
  ASSERT_EQ(all.size(), 5u);
  EXPECT_LE(all[3].size(), limits::dsn_header_octets + 100);
  EXPECT_TRUE(all[3].ends_with("0123456789012345678901234567890\r\n"));
  auto cut = parts(content("A: b\r\nC: cut he", {refused()}));
  EXPECT_TRUE(cut[3].ends_with("\r\n\r\nA: b\r\n"));
}

TEST(Dsn, LongLinesAndEightBitsInTheHeaderStayLegal) {
  auto text = content("A: " + std::string(5000, 'x') + "\r\nB: \xc3\xa9\r\n", {refused()});
  EXPECT_TRUE(has(text, "Content-Transfer-Encoding: 8bit\r\n"));
  EXPECT_TRUE(has(text, "B: \xc3\xa9\r\n"));
  for (std::size_t at = 0; at < text.size();) {
    auto end = text.find("\r\n", at);
    ASSERT_NE(end, std::string::npos);
    EXPECT_LE(end - at, 998u);
    at = end + 2;
  }
}

// clause: 3464-2.3.2-b 3464-2.3.2-c 3464-2.3.2-d 3461-9.1-a
TEST(Dsn, ALongAddressStaysWhole) {
  auto original = envelope();
  original.recipients[1] = {std::string(60, 'l'), std::string(180, 'd') + ".example"};
  const std::vector failed{refused()};
  auto dsn = make_dsn({DsnKind::failure,
                       original.reverse_path,
                       original,
                       MessageId{7},
                       failed,
                       "",
                       false,
                       "me.example",
                       now,
                       {}});
  EXPECT_TRUE(has(dsn.content,
                  "\r\nFinal-Recipient: rfc822; " + to_string(original.recipients[1]) + "\r\n"));
}

// clause: 3461-9.2-a
TEST(Dsn, LongRepliesAreFolded) {
  auto o = refused();
  for (int i = 0; i < 60; ++i) o.answer.text += " and so on";
  o.answer.text += std::string(300, 'y');
  auto text = content("", {o});
  EXPECT_TRUE(has(text, "Diagnostic-Code: smtp; 550 5.1.1 No such user and so on"));
  for (std::size_t at = 0; at < text.size();) {
    auto end = text.find("\r\n", at);
    EXPECT_LE(end - at, 80u) << text.substr(at, end - at);
    at = end + 2;
  }
}

}  // namespace
}  // namespace malleposte::mail
