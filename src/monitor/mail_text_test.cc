#include "monitor/mail_text.h"

#include <gtest/gtest.h>

#include "monitor/event_text.h"

namespace malleposte::monitor {
namespace {

constexpr WallTime now{std::chrono::seconds(1'795'428'942)};
constexpr mail::MessageId id{1234567};

// The line without its time, which depends on the machine's zone.
std::string after_time(const std::string& out) {
  return out.substr(15);
}

mail::Envelope envelope() {
  mail::Envelope envelope;
  envelope.reverse_path = {"a", "example.org"};
  envelope.recipients = {{"b", "example.net"}, {"c", "example.net"}};
  envelope.client_address = "192.0.2.7";
  envelope.client_name = "client.example.org";
  envelope.helo = "client";
  return envelope;
}

mail::Outcome outcome(mail::Fate fate) {
  return {0, fate, {}, {"mx.example.net", "192.0.2.1:25", 250, "2.0.0", "Ok: queued as 1"}};
}

class MailLine : public testing::Test {
 protected:
  MailText text_{"host", "malleposte", 42};
  std::string out_;
};

TEST_F(MailLine, OutcomeIsTheClassicLine) {
  text_.outcome(out_, now, id, "b@example.net", outcome(mail::Fate::delivered), Duration(120'000));
  EXPECT_EQ(after_time(out_),
            " host malleposte[42]: 000000000qglj: to=<b@example.net>, "
            "relay=mx.example.net[192.0.2.1]:25, delay=0.12, dsn=2.0.0, status=sent "
            "(250 2.0.0 Ok: queued as 1)\n");
}

TEST_F(MailLine, VouchedTellsWhoSaysWhatOfAClient) {
  text_.vouched(out_, now, "192.0.2.7:25", "proxy", "by=127.0.0.1:9\nx");
  EXPECT_EQ(after_time(out_), " host malleposte[42]: proxy for 192.0.2.7:25: by=127.0.0.1:9?x\n");
}

TEST_F(MailLine, OutcomeWithoutAHostHasRelayNone) {
  mail::Outcome deferred{0, mail::Fate::queued, {}, {"", "", 0, "4.4.3", "No DNS answer"}};
  text_.outcome(out_, now, id, "b@example.net", deferred, Duration(5'000'000));
  EXPECT_EQ(after_time(out_),
            " host malleposte[42]: 000000000qglj: to=<b@example.net>, relay=none, delay=5.00, "
            "dsn=4.4.3, status=deferred (No DNS answer)\n");
}

// Scripts look for `status=WORD (ANSWER)`: what is new stands behind it, and not where mail was
// sent.
TEST_F(MailLine, WhatWasNotSentHasItsClassBehindTheAnswer) {
  auto full = outcome(mail::Fate::bounced);
  full.answer = {"mx.example.net", "192.0.2.1:25", 552,
                 "5.2.2",          "Full",         mail::OutcomeClass::mailbox_full};
  text_.outcome(out_, now, id, "b@example.net", full, Duration(0));
  EXPECT_TRUE(out_.ends_with("dsn=5.2.2, status=bounced (552 5.2.2 Full) class=mailbox_full\n"))
      << out_;
  out_.clear();
  full.fate = mail::Fate::delivered;
  full.answer.outcome_class = mail::OutcomeClass::delivered;
  text_.outcome(out_, now, id, "b@example.net", full, Duration(0));
  EXPECT_TRUE(out_.ends_with(")\n")) << out_;
}

TEST_F(MailLine, Ipv6RelayKeepsOnePairOfBrackets) {
  auto sent = outcome(mail::Fate::delivered);
  sent.answer.address = "[2001:db8::1]:25";
  text_.outcome(out_, now, id, "b@example.net", sent, Duration(0));
  EXPECT_NE(out_.find("relay=mx.example.net[2001:db8::1]:25,"), std::string::npos) << out_;
}

TEST_F(MailLine, EveryFateHasItsWord) {
  const std::pair<mail::Fate, std::string_view> words[] = {
      {mail::Fate::queued, "deferred"},   {mail::Fate::delivered, "sent"},
      {mail::Fate::bounced, "bounced"},   {mail::Fate::expired, "expired"},
      {mail::Fate::deleted, "deleted"},   {mail::Fate::discarded, "discarded"},
      {mail::Fate::replaced, "replaced"},
  };
  for (auto [fate, word] : words) EXPECT_EQ(status_word(fate), word);
}

TEST_F(MailLine, AcceptedHasClientThenFrom) {
  text_.accepted(out_, now, id, envelope(), 1024);
  auto line_end = out_.find('\n');
  EXPECT_EQ(after_time(out_.substr(0, line_end)),
            " host malleposte[42]: 000000000qglj: client=client.example.org[192.0.2.7]");
  EXPECT_EQ(after_time(out_.substr(line_end + 1)),
            " host malleposte[42]: 000000000qglj: from=<a@example.org>, size=1024, nrcpt=2 "
            "(queue active)\n");
}

TEST_F(MailLine, GeneratedSaysWhyAndRemovedEnds) {
  auto dsn = envelope();
  dsn.reverse_path = {};
  text_.generated(out_, now, id, dsn, 10, "non-delivery notification");
  text_.removed(out_, now, id);
  EXPECT_NE(out_.find(": generated (non-delivery notification)\n"), std::string::npos);
  EXPECT_NE(out_.find(": from=<>, size=10, nrcpt=2 (queue active)\n"), std::string::npos);
  EXPECT_TRUE(out_.ends_with(": removed\n"));
}

TEST_F(MailLine, RefusedIsNoqueueReject) {
  text_.refused(out_, now, "unknown[192.0.2.9]", "pc", "a@b.example", "c@d.example",
                "553 5.7.1 Sorry, that domain isn't in my list of allowed rcpthosts.");
  EXPECT_EQ(after_time(out_),
            " host malleposte[42]: NOQUEUE: reject: RCPT from unknown[192.0.2.9]: 553 5.7.1 Sorry, "
            "that domain isn't in my list of allowed rcpthosts.; from=<a@b.example> "
            "to=<c@d.example> proto=SMTP helo=<pc>\n");
}

TEST_F(MailLine, APeersControlCharactersDoNotMakeALine) {
  text_.refused(out_, now, "p", "x\r\nNov 23 10:15:42 host malleposte[42]: fake", "s\n", "r\x1b[2J",
                "550 5.7.1 no\nmore");
  auto bounced = outcome(mail::Fate::bounced);
  bounced.answer.text = "a\nb";
  bounced.answer.host = "h\n";
  bounced.answer.status = "5.0.0\n";
  text_.outcome(out_, now, id, "q\n@d", bounced, Duration(0));
  EXPECT_EQ(std::count(out_.begin(), out_.end(), '\n'), 2);
  EXPECT_EQ(out_.find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace malleposte::monitor
