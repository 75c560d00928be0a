#include "smtp/server_protocol.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace malleposte::smtp {
namespace {

using Step = ServerProtocol::Step;

struct Message {
  ServerTransaction transaction;
  std::string content;
};

// A session that accepts everything but recipients of the domain "refused".
struct Driver {
  ServerOptions options;
  Offers offers = {};
  bool repair = false;
  std::vector<Message> messages = {};
  std::vector<std::string> noted = {};
  unsigned content_refused = 0;

  std::string run(const std::vector<std::string>& pieces) {
    ServerProtocol protocol(options, repair, offers);
    std::string sent, content;
    protocol.greet();
    for (std::string piece : pieces) {
      protocol.feed(piece);
      for (bool more = true; more;) {
        const Step step = protocol.next();
        switch (step) {
          case Step::need_input:
          case Step::flush:
            sent += protocol.output();
            protocol.output().clear();
            more = step == Step::flush;
            break;
          case Step::mail:
            // What is not yet used survives the buffer it came in.
            protocol.keep_input();
            piece.assign(piece.size(), '#');
            protocol.accept_mail(protocol.address());
            break;
          case Step::rcpt:
            if (protocol.address().domain == "refused") {
              protocol.refuse(reply(553, "5.7.1", "No."));
            } else {
              protocol.accept_recipient(protocol.address());
            }
            break;
          case Step::data:
            content.clear();
            protocol.accept_data();
            break;
          case Step::content:
            content += protocol.content();
            break;
          case Step::content_refused:
            ++content_refused;
            break;
          case Step::end_of_data:
            messages.push_back({protocol.transaction(), content});
            protocol.accept_message(mail::MessageId{messages.size()});
            break;
          case Step::refused:
            noted.emplace_back(protocol.refusal());
            break;
          case Step::close:
            return sent + protocol.output() + "[closed]";
        }
      }
    }
    return sent;
  }
};

Driver driver() {
  Driver result;
  result.options.hostname = "mail.example.org";
  return result;
}

const std::string banner = "220 mail.example.org ESMTP Malleposte\r\n";
const std::string hello = banner + "250 mail.example.org\r\n";

TEST(ServerProtocol, TakesAMessage) {
  Driver d = driver();
  d.options.size_limit = 1000;
  EXPECT_EQ(d.run({"EHLO client.example\r\nMAIL FROM:<a@b> SIZE=10 BODY=8BITMIME\r\n"
                   "RCPT TO:<c@d>\r\nRCPT TO:<e@f>\r\nDATA\r\nhello\r\n.\r\nQUIT\r\n"}),
            banner +
                "250-mail.example.org\r\n250-PIPELINING\r\n250-8BITMIME\r\n"
                "250-ENHANCEDSTATUSCODES\r\n250-CHUNKING\r\n250-BINARYMIME\r\n250-SMTPUTF8\r\n"
                "250-DSN\r\n250-ETRN\r\n250-HELP\r\n250-LIMITS RCPTMAX=1000\r\n250 SIZE 1000\r\n"
                "250 2.1.0 Sender accepted.\r\n250 2.1.5 Recipient accepted.\r\n"
                "250 2.1.5 Recipient accepted.\r\n354 End your message with a period.\r\n"
                "250 2.0.0 Message accepted as " +
                to_string(mail::MessageId{1}) +
                ".\r\n"
                "221 2.0.0 Good bye.\r\n[closed]");
  ASSERT_EQ(d.messages.size(), 1U);
  EXPECT_EQ(d.messages[0].content, "hello\r\n");
  EXPECT_EQ(d.messages[0].transaction.reverse_path, (mail::Address{"a", "b"}));
  EXPECT_EQ(d.messages[0].transaction.recipients.size(), 2U);
  EXPECT_EQ(d.messages[0].transaction.declared_size, 10U);
  EXPECT_EQ(d.messages[0].transaction.body, mail::Body::eight_bit);
}

TEST(ServerProtocol, HowTheInputIsCutMakesNoDifference) {
  const std::string text =
      "HELO x\r\nMAIL FROM:<>\r\nRCPT TO:<c@refused>\r\nRCPT To: c@d\nDATA\r\n..\r\n.\r\nNOOP\n"
      "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\na\nb\r\n.\r\nRSET\r\nWHAT\r\nQUIT\r\n";
  Driver whole = driver();
  const std::string expected = whole.run({text});
  ASSERT_EQ(whole.messages.size(), 1U);
  EXPECT_EQ(whole.noted.size(), 2U);
  std::vector<std::string> bytes;
  for (const char c : text) bytes.emplace_back(1, c);
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    Driver d = driver();
    const bool byte_by_byte = cut == text.size();
    EXPECT_EQ(d.run(byte_by_byte ? bytes : std::vector{text.substr(0, cut), text.substr(cut)}),
              expected)
        << "cut at " << cut;
    ASSERT_EQ(d.messages.size(), 1U);
    EXPECT_EQ(d.messages[0].content, ".\r\n");
    EXPECT_EQ(d.noted, whole.noted);
    EXPECT_EQ(d.content_refused, 1U);
  }
}

TEST(ServerProtocol, WithoutEnhancedCodesNoneAreSent) {
  Driver d = driver();
  d.offers.enhanced_status = d.offers.pipelining = d.offers.eight_bit_mime = false;
  EXPECT_EQ(
      d.run({"EHLO x\r\nMAIL FROM:<a@b> BODY=7BIT\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@refused>\r\n"}),
      banner +
          "250-mail.example.org\r\n250-CHUNKING\r\n250-BINARYMIME\r\n250-SMTPUTF8\r\n250-DSN\r\n"
          "250-ETRN\r\n250-HELP\r\n250-LIMITS RCPTMAX=1000\r\n250 SIZE\r\n555 A parameter is not "
          "supported.\r\n"
          "250 Sender accepted.\r\n553 No.\r\n");
}

TEST(ServerProtocol, TooManyMistakesEndTheSession) {
  Driver d = driver();
  d.options.errors = 2;
  EXPECT_EQ(d.run({"HELO x\r\nA\r\nB\r\nC\r\nD\r\n"}),
            hello +
                "500 5.5.1 I do not know that command.\r\n"
                "500 5.5.1 I do not know that command.\r\n"
                "421 4.7.0 Too many mistakes; good bye.\r\n[closed]");
}

TEST(ServerProtocol, RefusedRecipientsAreNoMistakes) {
  Driver d = driver();
  d.options.errors = 2;
  std::string text = "HELO x\r\nMAIL FROM:<a@b>\r\n";
  for (int i = 0; i < 100; ++i) text += "RCPT TO:<a@refused>\r\n";
  EXPECT_EQ(d.run({text}).find("421"), std::string::npos);
}

TEST(ServerProtocol, LinesHaveALimit) {
  Driver d = driver();
  const std::string noop = "NOOP " + std::string(limits::command_line_octets - 7, 'x');
  EXPECT_EQ(d.run({noop + "\r\n", noop + "x\r\n", noop, "xxxx", noop + "\r\nNOOP\r\n"}),
            banner +
                "250 2.0.0 Here I am.\r\n500 5.5.2 The line is too long.\r\n"
                "500 5.5.2 The line is too long.\r\n250 2.0.0 Here I am.\r\n");
}

TEST(ServerProtocol, RepliesDoNotGatherWithoutEnd) {
  ServerOptions options;
  options.hostname = "h";
  ServerProtocol protocol(options, false);
  std::string text;
  for (int i = 0; i < 10'000; ++i) text += "HELP\r\n";
  protocol.feed(text);
  unsigned flushes = 0;
  while (protocol.next() == Step::flush) {
    EXPECT_LT(protocol.output().size(), 20'000U);
    protocol.output().clear();
    ++flushes;
  }
  EXPECT_GT(flushes, 10U);
}

TEST(ServerProtocol, SizeIsCheckedAtMailAndAgainAtTheEnd) {
  Driver d = driver();
  d.options.size_limit = 10;
  EXPECT_EQ(d.run({"HELO x\r\nMAIL FROM:<a@b> SIZE=11\r\n"
                   "MAIL FROM:<a@b> SIZE=99999999999999999999\r\n"
                   "MAIL FROM:<a@b> SIZE=999999999999999999999\r\nMAIL FROM:<a@b> SIZE=1x\r\n"
                   "MAIL FROM:<a@b> SIZE=1\r\nRCPT TO:<c@d>\r\nDATA\r\n",
                   "0123456789\r\n.\r\nRCPT TO:<c@d>\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\n"
                   "DATA\r\n01234567\r\n.\r\n"}),
            hello +
                "552 5.3.4 The message is bigger than I may take.\r\n"
                "552 5.3.4 The message is bigger than I may take.\r\n"
                "501 5.5.4 SIZE needs a number of octets.\r\n"
                "501 5.5.4 SIZE needs a number of octets.\r\n"
                "250 2.1.0 Sender accepted.\r\n250 2.1.5 Recipient accepted.\r\n"
                "354 End your message with a period.\r\n"
                "552 5.3.4 The message is bigger than I may take.\r\n"
                "503 5.5.1 Name the sender with MAIL first.\r\n"
                "250 2.1.0 Sender accepted.\r\n250 2.1.5 Recipient accepted.\r\n"
                "354 End your message with a period.\r\n"
                "250 2.0.0 Message accepted as " +
                to_string(mail::MessageId{1}) + ".\r\n");
  EXPECT_EQ(d.content_refused, 1U);
}

TEST(ServerProtocol, ContentRefusedHalfWayIsDroppedToItsEnd) {
  ServerOptions options;
  options.hostname = "h";
  ServerProtocol protocol(options, false);
  protocol.feed("HELO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\na\r\n");
  ASSERT_EQ(protocol.next(), Step::mail);
  protocol.accept_mail(protocol.address());
  ASSERT_EQ(protocol.next(), Step::rcpt);
  protocol.accept_recipient(protocol.address());
  ASSERT_EQ(protocol.next(), Step::data);
  protocol.accept_data();
  ASSERT_EQ(protocol.next(), Step::content);
  protocol.refuse_content(reply(452, "4.3.1", "No space."));
  ASSERT_EQ(protocol.next(), Step::need_input);
  EXPECT_TRUE(protocol.in_data());
  protocol.output().clear();
  protocol.feed("b\nc\r\n.\r\n");
  ASSERT_EQ(protocol.next(), Step::refused);
  EXPECT_EQ(protocol.refusal(), "452 4.3.1 No space.");
  EXPECT_EQ(protocol.output(), "452 4.3.1 No space.\r\n");
  ASSERT_EQ(protocol.next(), Step::need_input);
  EXPECT_FALSE(protocol.in_data());
  EXPECT_TRUE(protocol.transaction().recipients.empty());
}

TEST(ServerProtocol, HangsUpWithALastWord) {
  ServerOptions options;
  options.hostname = "h";
  ServerProtocol protocol(options, false);
  protocol.hang_up(reply(421, "4.3.2", "Later."));
  EXPECT_EQ(protocol.next(), Step::close);
  EXPECT_EQ(protocol.output(), "421 4.3.2 Later.\r\n");
}

}  // namespace
}  // namespace malleposte::smtp
