#include "smtp/envelope_commands.h"

#include <gtest/gtest.h>

namespace malleposte::smtp {
namespace {

using namespace std::chrono_literals;

EhloAnswer all() {
  EhloAnswer offers;
  offers.size = offers.eight_bit_mime = offers.chunking = offers.binary_mime = offers.smtputf8 =
      offers.dsn = offers.deliver_by = offers.future_release = offers.mt_priority = true;
  return offers;
}

// With everything a client can ask for.
Transaction demanding() {
  Transaction made;
  made.reverse_path = "s@example.org";
  made.recipients = {
      {"r@example.com", {.success = true, .delay = true}, "rfc822;r+x=y@a b.example"}};
  made.size = 30;
  made.body = mail::Body::eight_bit;
  made.now = WallTime(1000s);
  made.requests.smtputf8 = true;
  made.requests.envelope_id = "id+1=\x7f";
  made.requests.returned = mail::Return::headers;
  made.requests.deliver_by = mail::DeliverBy{WallTime(1090s + 500ms), true, true};
  made.requests.held_until = WallTime(1060s);
  made.requests.priority = -4;
  return made;
}

std::string mail_line(const EhloAnswer& offers, const Transaction& transaction) {
  std::string line;
  append_mail(line, offers, transaction);
  return line;
}

std::string rcpt_line(const EhloAnswer& offers, const Transaction& transaction) {
  std::string line;
  append_rcpt(line, offers, transaction, transaction.recipients[0]);
  return line;
}

// clause: 3461-5.2.1-a 3461-5.2.1-c 3461-5.2.1-e 3461-5.2.1-g 3461-5.2.1-h 3461-4.5-a 3461-4.5-c
// clause: 6710-4.2-a 1870-6-a 1870-6-b 6152-3-a 6531-3.4-a 5321-4.1.2-d
// RFC 3461 5.2.1: RET, ENVID, NOTIFY and ORCPT go on as they were given. 4: xtext.
// clause: 3461-5.2.1-a 3461-5.2.1-c 3461-5.2.1-e 3461-5.2.1-g 3461-5.2.1-h 3461-4.5-a 3461-4.5-c
// clause: 3461-5-a 2852-4.1.4-a 6710-4.2-a 6710-5-b 5321-4.1.2-d 6531-3.4-a
TEST(EnvelopeCommands, SayAllThatWasAskedFor) {
  EXPECT_EQ(mail_line(all(), demanding()),
            "MAIL FROM:<s@example.org> SIZE=30 BODY=8BITMIME SMTPUTF8 RET=HDRS "
            "ENVID=id+2B1+3D+7F BY=90;RT HOLDFOR=60 MT-PRIORITY=-4\r\n");
  EXPECT_EQ(rcpt_line(all(), demanding()),
            "RCPT TO:<r@example.com> NOTIFY=SUCCESS,DELAY "
            "ORCPT=rfc822;r+2Bx+3Dy@a+20b.example\r\n");
}

// clause: 3461-5.2.2-a 5321-4.1.1.3-f
// RFC 5321 4.1.1.11: no parameter of an extension that is not offered.
// clause: 3461-5.2.2-a 5321-4.1.1.3-f
TEST(EnvelopeCommands, SayNothingThatIsNotOffered) {
  EXPECT_EQ(mail_line({}, demanding()), "MAIL FROM:<s@example.org>\r\n");
  EXPECT_EQ(rcpt_line({}, demanding()), "RCPT TO:<r@example.com>\r\n");
}

// clause: 3461-5.2.1-b 3461-5.2.1-d 3461-5.2.1-f 6531-3.4-c
// RFC 3461 5.2.1, b and d: what was not given is not made up.
// clause: 3461-5.2.1-b 3461-5.2.1-d 3461-5.2.1-f 3461-5.2.1-i 6531-3.4-c
TEST(EnvelopeCommands, SayNothingThatWasNotAskedFor) {
  Transaction plain;
  plain.recipients = {{"r@example.com"}};
  EXPECT_EQ(mail_line(all(), plain), "MAIL FROM:<> SIZE=0\r\n");
  EXPECT_EQ(rcpt_line(all(), plain), "RCPT TO:<r@example.com>\r\n");
}

// clause: 3461-5.2.1-e
TEST(EnvelopeCommands, EveryNotifyIsSaidAsItWas) {
  auto message = demanding();
  message.recipients[0].original.clear();
  auto& notify = message.recipients[0].notify;
  notify = {.never = true};
  EXPECT_EQ(rcpt_line(all(), message), "RCPT TO:<r@example.com> NOTIFY=NEVER\r\n");
  notify = {.success = true, .failure = true, .delay = true};
  EXPECT_EQ(rcpt_line(all(), message), "RCPT TO:<r@example.com> NOTIFY=SUCCESS,FAILURE,DELAY\r\n");
  notify = {.failure = true};
  EXPECT_EQ(rcpt_line(all(), message), "RCPT TO:<r@example.com> NOTIFY=FAILURE\r\n");
}

// clause: 3030-3-g
TEST(EnvelopeCommands, BinaryContentIsSaidToBe) {
  auto message = demanding();
  message.body = mail::Body::binary;
  message.requests = {};
  EXPECT_EQ(mail_line(all(), message), "MAIL FROM:<s@example.org> SIZE=30 BODY=BINARYMIME\r\n");
}

// clause: 2852-4.1.4-a
// RFC 2852 4: what is left when it is sent; behind the time, with mode N, less than nothing.
// clause: 2852-4.1.4-a
TEST(EnvelopeCommands, TheTimeLeftIsThatOfNow) {
  auto message = demanding();
  message.requests = {};
  message.body = mail::Body::seven_bit;
  message.requests.deliver_by = mail::DeliverBy{message.now - 12s - 1us, false, false};
  EXPECT_EQ(mail_line(all(), message), "MAIL FROM:<s@example.org> SIZE=30 BY=-13;N\r\n");
  message.requests.deliver_by->deadline = message.now + 2'000'000'000s;
  EXPECT_EQ(mail_line(all(), message), "MAIL FROM:<s@example.org> SIZE=30 BY=999999999;N\r\n");
}

// clause: 2852-4.1.4.2-b 2852-4.1.4.2-c
TEST(EnvelopeCommands, WhoDoesNotKeepTheTimeTellsAtLeastOfDelays) {
  auto message = demanding();
  message.recipients[0].original.clear();
  auto& notify = message.recipients[0].notify;
  auto offers = all();
  offers.deliver_by = false;
  message.requests.deliver_by->return_after = false;
  notify = {};
  EXPECT_EQ(rcpt_line(all(), message), "RCPT TO:<r@example.com>\r\n");
  EXPECT_EQ(rcpt_line(offers, message), "RCPT TO:<r@example.com> NOTIFY=FAILURE,DELAY\r\n");
  notify = {.success = true};
  EXPECT_EQ(rcpt_line(offers, message), "RCPT TO:<r@example.com> NOTIFY=SUCCESS,DELAY\r\n");
  notify = {.never = true};
  EXPECT_EQ(rcpt_line(offers, message), "RCPT TO:<r@example.com> NOTIFY=NEVER\r\n");
  message.requests.deliver_by.reset();
  notify = {};
  EXPECT_EQ(rcpt_line(offers, message), "RCPT TO:<r@example.com>\r\n");
}

// RFC 4865: only what lies ahead is waited for, and no longer than the peer does.
// clause: 4865-4.1-a 4865-4.1-b 4865-4.1-c
TEST(EnvelopeCommands, HoldingIsAskedForOnlyWhereItMakesSense) {
  auto message = demanding();
  message.requests = {};
  message.body = mail::Body::seven_bit;
  auto offers = all();
  offers.hold_max_s = 60;
  message.requests.held_until = message.now + 60s;
  EXPECT_EQ(mail_line(offers, message), "MAIL FROM:<s@example.org> SIZE=30 HOLDFOR=60\r\n");
  message.requests.held_until = message.now + 61s;
  EXPECT_EQ(mail_line(offers, message), "MAIL FROM:<s@example.org> SIZE=30\r\n");
  message.requests.held_until = message.now;
  EXPECT_EQ(mail_line(offers, message), "MAIL FROM:<s@example.org> SIZE=30\r\n");
}

// clause: 6533-3-b 6533-3-c 6533-3-d 6533-3-e 6533-3-i 6533-3-j
// RFC 6533 3: in UTF-8 only where the transaction is international, else every character in ASCII.
// clause: 6533-3-b 6533-3-c 6533-3-d 6533-3-e 6533-3-i 6533-3-j 6531-1.1-a
TEST(EnvelopeCommands, AnInternationalOriginalRecipientSurvivesEverywhere) {
  auto message = demanding();
  message.recipients[0].notify = {};
  message.recipients[0].original = "utf-8;j\xc3\xb6=\xf0\x9f\x90\x8e@x\xe4\xb8\xad.example";
  EXPECT_EQ(rcpt_line(all(), message),
            "RCPT TO:<r@example.com> ORCPT=utf-8;j\xc3\xb6\\x{3D}\xf0\x9f\x90\x8e@x\xe4\xb8\xad"
            ".example\r\n");
  message.requests.smtputf8 = false;
  EXPECT_EQ(rcpt_line(all(), message),
            "RCPT TO:<r@example.com> ORCPT=utf-8;j\\x{F6}\\x{3D}\\x{1F40E}@x\\x{4E2D}.example\r\n");
  message.recipients[0].original = "UTF-8;j\\x{F6}\\@x\xc3\\x{D800}";
  EXPECT_EQ(rcpt_line(all(), message),
            "RCPT TO:<r@example.com> ORCPT=UTF-8;j\\x{F6}\\x{5C}@x\\x{C3}\\x{5C}x{D800}\r\n");
  message.requests.smtputf8 = true;
  message.recipients[0].original = "utf-8;\\x{F6}\\x{2B}\\x{4E2D}\\x{1F40E}@x";
  EXPECT_EQ(
      rcpt_line(all(), message),
      "RCPT TO:<r@example.com> ORCPT=utf-8;\xc3\xb6\\x{2B}\xe4\xb8\xad\xf0\x9f\x90\x8e@x\r\n");
}

}  // namespace
}  // namespace malleposte::smtp
