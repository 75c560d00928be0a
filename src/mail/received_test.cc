#include "mail/received.h"

#include <gtest/gtest.h>

#include <string>

#include "base/limits.h"

namespace malleposte::mail {
namespace {

using namespace std::chrono;

WallTime at(year_month_day date, seconds time) {
  return sys_days(date) + time;
}

Trace example() {
  Trace trace;
  trace.helo = "client.example";
  trace.client_address = *parse_ip("192.0.2.1");
  trace.hostname = "mail.example.org";
  trace.esmtp = true;
  trace.id = MessageId{1};
  trace.when = at(2026y / May / 21, 5h + 33min + 29s);
  return trace;
}

// clause: 5321-4.4-b 5321-4.4-c 5321-4.4-z 5321-4.4-aa 5321-4.4-ab
TEST(Received, HasTheFormOfTheStandard) {
  Trace trace = example();
  const Address recipient{"joe", "relay.example"};
  trace.client_name = "host.client.example";
  trace.only_recipient = &recipient;
  EXPECT_EQ(received_field(trace),
            "Received: from client.example (host.client.example [192.0.2.1])\r\n"
            "\tby mail.example.org with ESMTP id " +
                to_string(MessageId{1}) +
                "\r\n"
                "\tfor <joe@relay.example>; Thu, 21 May 2026 05:33:29 +0000\r\n");
}

// clause: 5321-4.4-d 5321-7.2-a
TEST(Received, SaysUnknownAndNamesNoRecipientOfSeveral) {
  Trace trace = example();
  trace.esmtp = false;
  trace.client_address = *parse_ip("2001:db8::1");
  EXPECT_EQ(received_field(trace),
            "Received: from client.example (unknown [IPv6:2001:db8::1])\r\n"
            "\tby mail.example.org with SMTP id " +
                to_string(MessageId{1}) + "; Thu, 21 May 2026 05:33:29 +0000\r\n");
}

TEST(Received, NothingTheClientSaysBreaksOut) {
  Trace trace = example();
  trace.helo = "x)\r\nSubject: (";
  trace.client_name = "a (b) \n c";
  const std::string field = received_field(trace);
  EXPECT_EQ(field.find("Received: from x???Subject:?? (a??b????c [192.0.2.1])\r\n\tby"), 0U)
      << field;
}

TEST(Received, LongNamesAreCut) {
  Trace trace = example();
  const std::string helo(5000, 'x');
  trace.helo = helo;
  EXPECT_LT(received_field(trace).find("\r\n"), 998U);
}

// clause: 5321-4.4-h 5321-4.4-i 5321-4.4-y 5321-F.5-a
TEST(DateTime, IsRfc5322InUtc) {
  EXPECT_EQ(date_time(at(1970y / January / 1, 0s)), "Thu, 1 Jan 1970 00:00:00 +0000");
  EXPECT_EQ(date_time(at(2024y / February / 29, 23h + 59min + 59s) + 999999us),
            "Thu, 29 Feb 2024 23:59:59 +0000");
  EXPECT_EQ(date_time(at(2038y / January / 19, 3h + 14min + 8s)),
            "Tue, 19 Jan 2038 03:14:08 +0000");
}

std::uint32_t hops(const std::string& text) {
  HopCounter whole;
  whole.feed(text);
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    HopCounter counter;
    counter.feed(std::string_view(text).substr(0, cut));
    counter.feed(std::string_view(text).substr(cut));
    EXPECT_EQ(counter.hops(), whole.hops()) << "cut at " << cut;
    EXPECT_EQ(counter.done(), whole.done()) << "cut at " << cut;
  }
  return whole.hops();
}

TEST(HopCounter, CountsReceivedFieldsOfTheHeaderOnly) {
  EXPECT_EQ(hops("Received: a\r\n\tby b\r\nSubject: x\r\nRECEIVED: c\r\nreceived : d\r\n\r\n"
                 "Received: in the body\r\n"),
            3U);
  EXPECT_EQ(hops("Subject: Received: x\r\n Received: folded\r\nReceived-SPF: no\r\nReceive: d\r\n"),
            0U);
  EXPECT_EQ(hops("\r\nReceived: body\r\n"), 0U);
  EXPECT_EQ(hops(""), 0U);
}

TEST(HopCounter, LooksAtALimitedStretch) {
  HopCounter counter;
  counter.feed("X: " + std::string(limits::header_octets, 'x') + "\r\n");
  counter.feed("Received: a\r\n");
  EXPECT_TRUE(counter.done());
  EXPECT_EQ(counter.hops(), 0U);
}

}  // namespace
}  // namespace malleposte::mail
