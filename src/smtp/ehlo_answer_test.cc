#include "smtp/ehlo_answer.h"

#include <gtest/gtest.h>

namespace malleposte::smtp {
namespace {

// clause: 5321-2.2.1-a 6531-3.1-b 6531-3.1-c 5321-4.1.1.1-f
TEST(EhloAnswer, KnowsWhatAPeerOffers) {
  const auto answer = parse_ehlo_answer(
      "mx.example\nPIPELINING\n8BITMIME\nSIZE 1000\nCHUNKING\nBINARYMIME\nSMTPUTF8 x\nDSN\n"
      "ENHANCEDSTATUSCODES\nDELIVERBY 240\nFUTURERELEASE 3600 2026-12-31T00:00:00Z\n"
      "MT-PRIORITY MIXER\nLIMITS RCPTMAX=20 MAILMAX=5 RCPTDOMAINMAX=1\nX-OTHER a b");
  EXPECT_TRUE(answer.pipelining && answer.eight_bit_mime && answer.chunking && answer.binary_mime);
  EXPECT_TRUE(answer.smtputf8 && answer.dsn && answer.enhanced_status_codes && answer.mt_priority);
  EXPECT_TRUE(answer.size && answer.deliver_by && answer.future_release);
  EXPECT_EQ(answer.size_limit, 1000u);
  EXPECT_EQ(answer.deliver_by_min_s, 240u);
  EXPECT_EQ(answer.hold_max_s, 3600u);
  EXPECT_EQ(answer.recipients_max, 20u);
  EXPECT_EQ(answer.mails_max, 5u);
  EXPECT_EQ(answer.recipient_domains_max, 1u);
}

TEST(EhloAnswer, NothingIsOfferedByTheGreetingLine) {
  const auto answer = parse_ehlo_answer("CHUNKING DSN PIPELINING");
  EXPECT_FALSE(answer.chunking || answer.dsn || answer.pipelining);
}

// clause: 5321-4.1.1.1-f
// RFC 5321 2.4: the case of keywords has no meaning.
// clause: 5321-4.1.1.1-f
TEST(EhloAnswer, CaseAndBlanksDoNotMatter) {
  const auto answer = parse_ehlo_answer("mx\nchunking \nsmtpUTF8\n8bitmime\n Dsn\nsize  77 ");
  EXPECT_TRUE(answer.chunking && answer.smtputf8 && answer.dsn);
  EXPECT_EQ(answer.size_limit, 77u);
}

// clause: 9422-3.7-a 9422-3.7-b 6531-3.1-b 6531-3.1-c
TEST(EhloAnswer, AParameterThatIsNoneLeavesTheExtension) {
  const auto answer = parse_ehlo_answer(
      "mx\nSIZE lots\nDELIVERBY -5\nFUTURERELEASE\nDSN what\n"
      "LIMITS RCPTMAX=0 MAILMAX=1000000 RCPTDOMAINMAX=1x RCPTMAX NEW=3 FLAG");
  EXPECT_TRUE(answer.size && answer.deliver_by && answer.future_release && answer.dsn);
  EXPECT_EQ(answer.size_limit, 0u);
  EXPECT_EQ(answer.deliver_by_min_s, 0u);
  EXPECT_EQ(answer.recipients_max, 0u);
  EXPECT_EQ(answer.mails_max, 0u);
  EXPECT_EQ(answer.recipient_domains_max, 0u);
}

// clause: 9422-3.7-a
TEST(EhloAnswer, LimitsWithBadSyntaxAreIgnoredAsAWhole) {
  for (auto limits : {"RCPTMAX=5 =5", "RCPTMAX=5 MAILMAX=", "RCPTMAX=5 MAIL;MAX=2",
                      "RCPTMAX=5 X=a;b", "RCPTMAX=5 \xc3\xb6=1"}) {
    const auto answer = parse_ehlo_answer(std::string("mx\nLIMITS ") + limits + "\nDSN");
    EXPECT_EQ(answer.recipients_max, 0u) << limits;
    EXPECT_TRUE(answer.dsn);
  }
}

// clause: 9422-3.7-b
// RFC 9422 4: a limit that cannot be read does not spoil the others.
// clause: 9422-3.7-b
TEST(EhloAnswer, AWrongLimitIsSkippedAlone) {
  const auto answer = parse_ehlo_answer("mx\nLIMITS RCPTMAX=many mailmax=7 RCPTDOMAINMAX=02");
  EXPECT_EQ(answer.recipients_max, 0u);
  EXPECT_EQ(answer.mails_max, 7u);
  EXPECT_EQ(answer.recipient_domains_max, 0u);
}

// RFC 3030 3: BINARYMIME MUST NOT be used without CHUNKING. RFC 6531 3.1: SMTPUTF8 comes with
// 8BITMIME.
TEST(EhloAnswer, WhatCannotStandAloneDoesNot) {
  EXPECT_FALSE(parse_ehlo_answer("mx\nBINARYMIME").binary_mime);
  EXPECT_TRUE(parse_ehlo_answer("mx\nBINARYMIME\nCHUNKING").binary_mime);
  EXPECT_FALSE(parse_ehlo_answer("mx\nSMTPUTF8").smtputf8);
}

}  // namespace
}  // namespace malleposte::smtp
