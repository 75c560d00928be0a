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
  trace.protocol.esmtp = true;
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
  trace.protocol.esmtp = false;
  trace.client_address = *parse_ip("2001:db8::1");
  EXPECT_EQ(received_field(trace),
            "Received: from client.example (unknown [IPv6:2001:db8::1])\r\n"
            "\tby mail.example.org with SMTP id " +
                to_string(MessageId{1}) + "; Thu, 21 May 2026 05:33:29 +0000\r\n");
}

// clause: 6710-4.1-b
TEST(Received, NamesAPriorityThatIsNotTheOrdinaryOne) {
  Trace trace = example();
  trace.priority = -4;
  EXPECT_TRUE(received_field(trace).ends_with(
      to_string(MessageId{1}) + "\r\n\tpriority -4; Thu, 21 May 2026 05:33:29 +0000\r\n"));
}

// RFC 3848 2, RFC 6531 4.3
TEST(Received, TheKeywordSaysHowTheMessageCame) {
  EXPECT_EQ(protocol_keyword({}), "SMTP");
  EXPECT_EQ(protocol_keyword({.esmtp = true}), "ESMTP");
  EXPECT_EQ(protocol_keyword({.esmtp = true, .tls = true}), "ESMTPS");
  EXPECT_EQ(protocol_keyword({.esmtp = true, .authenticated = true}), "ESMTPA");
  EXPECT_EQ(protocol_keyword({.esmtp = true, .tls = true, .authenticated = true}), "ESMTPSA");
  EXPECT_EQ(protocol_keyword({.esmtp = true, .utf8 = true}), "UTF8SMTP");
  EXPECT_EQ(protocol_keyword({.esmtp = true, .tls = true, .utf8 = true}), "UTF8SMTPS");
  EXPECT_EQ(protocol_keyword({.esmtp = true, .authenticated = true, .utf8 = true}), "UTF8SMTPA");
  EXPECT_EQ(protocol_keyword({.esmtp = true, .tls = true, .authenticated = true, .utf8 = true}),
            "UTF8SMTPSA");
}

// clause: 6531-3.7.3-a
TEST(Received, ARecipientBeyondAsciiIsNamedOnlyWithSmtputf8) {
  Trace trace = example();
  const Address recipient{"jörg", "bücher.example"};
  trace.only_recipient = &recipient;
  EXPECT_EQ(received_field(trace).find("for "), std::string::npos);
  trace.protocol.utf8 = true;
  const std::string field = received_field(trace);
  EXPECT_NE(field.find(" with UTF8SMTP id "), std::string::npos);
  EXPECT_NE(field.find("\r\n\tfor <jörg@bücher.example>; "), std::string::npos);
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

}  // namespace
}  // namespace malleposte::mail
