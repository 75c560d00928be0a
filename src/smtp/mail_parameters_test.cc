#include "smtp/mail_parameters.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string>

#include "base/limits.h"

namespace malleposte::smtp {
namespace {

using namespace std::chrono_literals;

constexpr WallTime now{Duration(1'795'747'206s)};  // 2026-11-27T02:40:06Z

std::vector<Parameter> split(std::string_view text) {
  std::vector<Parameter> result;
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(word.size() + 1, text.size()));
    const std::size_t equals = word.find('=');
    result.push_back(
        {word.substr(0, equals), equals == std::string_view::npos ? "" : word.substr(equals + 1)});
  }
  return result;
}

Result<MailParameters, Reply> mail(std::string_view text, bool trusted = true) {
  return mail_parameters(split(text), Offers::to_client(trusted), now);
}

Result<RecipientParameters, Reply> rcpt(std::string_view text, bool smtputf8 = false) {
  return recipient_parameters(split(text), Offers{}, smtputf8);
}

void expect_wrong(std::string_view text) {
  const auto result = mail(text);
  ASSERT_FALSE(result) << text;
  EXPECT_EQ(result.error().code, 501) << text;
  EXPECT_EQ(result.error().status, "5.5.4") << text;
}

TEST(MailParameters, AreAllTakenAtOnce) {
  const auto result = mail(
      "SIZE=1000 BODY=BINARYMIME SMTPUTF8 RET=full ENVID=QQ+2B1 BY=+3600;rT HOLDFOR=60 "
      "MT-PRIORITY=-3");
  ASSERT_TRUE(result);
  EXPECT_EQ(result->declared_size, 1000U);
  EXPECT_EQ(result->body, mail::Body::binary);
  const mail::Requests& asked = result->requests;
  EXPECT_TRUE(asked.smtputf8);
  EXPECT_EQ(asked.returned, mail::Return::full);
  EXPECT_EQ(asked.envelope_id, "QQ+1");
  EXPECT_EQ(asked.deliver_by, (mail::DeliverBy{now + 1h, true, true}));
  EXPECT_EQ(asked.held_until, now + 60s);
  EXPECT_EQ(asked.priority, -3);
}

TEST(MailParameters, WithoutAnyNothingIsAskedFor) {
  const auto result = mail("");
  ASSERT_TRUE(result);
  EXPECT_EQ(result->requests, mail::Requests{});
  EXPECT_EQ(result->body, mail::Body::seven_bit);
  EXPECT_EQ(result->declared_size, 0U);
}

TEST(MailParameters, WhatIsNotOfferedIsNotSupported) {
  for (const char* text :
       {"BY=1;R", "HOLDFOR=1", "HOLDUNTIL=2030-01-01T00:00:00Z", "MT-PRIORITY=1", "AUTH=<>", "X"}) {
    const auto result = mail(text, false);
    ASSERT_FALSE(result) << text;
    EXPECT_EQ(to_string(result.error()), "555 5.5.4 A parameter is not supported.") << text;
  }
  Offers nothing;
  nothing.eight_bit_mime = nothing.binary_mime = nothing.smtputf8 = nothing.dsn = false;
  for (const char* text : {"BODY=7BIT", "SMTPUTF8", "RET=FULL", "ENVID=a"}) {
    EXPECT_EQ(mail_parameters(split(text), nothing, now).error().code, 555) << text;
  }
  for (const char* text : {"NOTIFY=NEVER", "ORCPT=rfc822;a@b"}) {
    EXPECT_EQ(recipient_parameters(split(text), nothing, false).error().code, 555) << text;
  }
  nothing.eight_bit_mime = true;
  EXPECT_EQ(mail_parameters(split("BODY=BINARYMIME"), nothing, now).error().code, 501);
}

// clause: 3461-4.3-a 3461-4.4-b 6531-3.4-b
TEST(MailParameters, ValuesAreChecked) {
  for (const char* text :
       {"SIZE=", "SIZE=1x", "SIZE=-1", "SIZE=999999999999999999999", "BODY=", "BODY=8BIT",
        "SMTPUTF8=1", "RET=", "RET=BODY", "ENVID=", "ENVID=+0D", "ENVID=+7F", "ENVID=a=b",
        "ENVID=\xc3\xa9", "MT-PRIORITY=", "MT-PRIORITY=10", "MT-PRIORITY=-0", "MT-PRIORITY=+1"}) {
    expect_wrong(text);
  }
  EXPECT_EQ(mail("SIZE=99999999999999999999")->declared_size, UINT64_MAX);
}

// RFC 3461 5.4: these lengths are taken, and no more.
// clause: 3461-5.4-a
TEST(MailParameters, DsnParametersHaveTheirLengths) {
  EXPECT_TRUE(mail("ENVID=" + std::string(100, 'x')));
  expect_wrong("ENVID=" + std::string(101, 'x'));
  EXPECT_TRUE(rcpt("ORCPT=rfc822;" + std::string(493, 'x')));
  EXPECT_FALSE(rcpt("ORCPT=rfc822;" + std::string(494, 'x')));
  EXPECT_TRUE(rcpt("NOTIFY=SUCCESS,FAILURE,DELAY"));
}

// RFC 2852 4.
// clause: 2852-4-a 2852-4-b
TEST(MailParameters, DeliverByTellsTimeAndMode) {
  EXPECT_EQ(mail("BY=999999999;N")->requests.deliver_by,
            (mail::DeliverBy{now + 999'999'999s, false, false}));
  EXPECT_EQ(mail("BY=-5;nt")->requests.deliver_by, (mail::DeliverBy{now - 5s, false, true}));
  EXPECT_EQ(mail("BY=0;N")->requests.deliver_by, (mail::DeliverBy{now, false, false}));
  for (const char* text : {"BY=", "BY=5", "BY=5;", "BY=;R", "BY=5;T", "BY=5;RN", "BY=5;RTT",
                           "BY=1000000000;R", "BY=+-5;N", "BY=0;R", "BY=-1;R", "BY=5;R;T"}) {
    expect_wrong(text);
  }
}

// RFC 4865 4.
// clause: 4865-4.2-d 4865-4.2-g 4865-4.2-h 4865-4.2-i 4865-5.2.2-a
TEST(MailParameters, MailIsHeldForATimeWithinTheOffer) {
  EXPECT_EQ(mail("HOLDFOR=2592000")->requests.held_until, now + limits::future_release);
  EXPECT_EQ(mail("HOLDUNTIL=2026-12-27T02:40:06Z")->requests.held_until,
            now + limits::future_release);
  // The time has come already.
  EXPECT_EQ(mail("HOLDUNTIL=2026-11-27T02:40:06Z")->requests.held_until, WallTime{});
  EXPECT_EQ(mail("HOLDUNTIL=1970-01-01T00:00:00Z")->requests.held_until, WallTime{});
  for (const char* text :
       {"HOLDFOR=0", "HOLDFOR=01", "HOLDFOR=", "HOLDFOR=-1", "HOLDFOR=2592001",
        "HOLDFOR=9999999999", "HOLDUNTIL=", "HOLDUNTIL=2026-12-27T02:40:07Z",
        "HOLDUNTIL=2026-12-27", "HOLDFOR=1 HOLDUNTIL=1970-01-01T00:00:00Z",
        "HOLDUNTIL=1970-01-01T00:00:00Z HOLDFOR=1", "HOLDFOR=60 BY=60;R", "HOLDFOR=60 BY=59;N"}) {
    expect_wrong(text);
  }
  EXPECT_TRUE(mail("HOLDFOR=60 BY=61;R"));
}

// RFC 3461 4.1.
// clause: 3461-4.1-a 3461-4.1-b
TEST(MailParameters, NeverStandsAlone) {
  EXPECT_EQ(rcpt("NOTIFY=never")->notify, (mail::Notify{.never = true}));
  EXPECT_EQ(rcpt("NOTIFY=Success,DELAY")->notify, (mail::Notify{.success = true, .delay = true}));
  EXPECT_EQ(rcpt("NOTIFY=FAILURE,FAILURE")->notify, (mail::Notify{.failure = true}));
  EXPECT_EQ(rcpt("")->notify, mail::Notify{});
  for (const char* text : {"NOTIFY=", "NOTIFY=,", "NOTIFY=SUCCESS,", "NOTIFY=NEVER,SUCCESS",
                           "NOTIFY=DELAY,NEVER", "NOTIFY=NONE"}) {
    EXPECT_EQ(rcpt(text).error().code, 501) << text;
  }
}

// RFC 3461 4.2.
// clause: 3461-4.2-a 3461-4.2-e
TEST(MailParameters, TheOriginalRecipientIsDecoded) {
  EXPECT_EQ(rcpt("ORCPT=rfc822;Bob+2Bx+40y@b.example")->original, "rfc822;Bob+x@y@b.example");
  EXPECT_EQ(rcpt("ORCPT=x400;/S+3Da+20b/")->original, "x400;/S=a b/");
  for (const char* text :
       {"ORCPT=", "ORCPT=a@b", "ORCPT=;a@b", "ORCPT=rfc822;", "ORCPT=rfc822;a=b",
        "ORCPT=rfc822;+0A", "ORCPT=rfc822;\xc3\xa9", "ORCPT=rfc.822;a", "ORCPT=rfc822;+2"}) {
    EXPECT_EQ(rcpt(text, true).error().code, 501) << text;
  }
}

// Postfix does so for recipients beyond ASCII, and its mail bounced.
TEST(MailParameters, AnInternationalOriginalRecipientMayBeOfTheTypeRfc822) {
  EXPECT_EQ(rcpt("ORCPT=rfc822;j+C3+B6rg@b.example", true)->original,
            "rfc822;j\xc3\xb6rg@b.example");
  EXPECT_EQ(rcpt("ORCPT=rfc822;j+C3+B6rg@b.example").error().code, 501);
  EXPECT_EQ(rcpt("ORCPT=rfc822;j+F6rg@b.example", true).error().code, 501);
}

// RFC 6533 3: in ASCII always, in UTF-8 with SMTPUTF8; kept as it came.
// clause: 6533-3-a 6533-3-m
TEST(MailParameters, TheOriginalRecipientMayBeOfAnyAlphabet) {
  EXPECT_EQ(rcpt("ORCPT=UTF-8;r\\x{E9}@b.example")->original, "UTF-8;r\\x{E9}@b.example");
  EXPECT_EQ(rcpt("ORCPT=utf-8;r\xc3\xa9@b.example", true)->original, "utf-8;r\xc3\xa9@b.example");
  for (const char* text :
       {"ORCPT=utf-8;", "ORCPT=utf-8;\\x{e9}", "ORCPT=utf-8;\\x{}", "ORCPT=utf-8;\\x{E9",
        "ORCPT=utf-8;\\x{D800}", "ORCPT=utf-8;\\x{110000}", "ORCPT=utf-8;\\y", "ORCPT=utf-8;a+2B",
        "ORCPT=utf-8;a=b", "ORCPT=utf-8;\xc3", "ORCPT=utf-8;\xed\xa0\x80"}) {
    EXPECT_EQ(rcpt(text, true).error().code, 501) << text;
  }
  EXPECT_EQ(rcpt("ORCPT=utf-8;r\xc3\xa9@b.example").error().code, 501);
}

}  // namespace
}  // namespace malleposte::smtp
