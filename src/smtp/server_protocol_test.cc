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

// clause: 2920-3.2-b
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

// clause: 1870-6.1-a 1870-6.3-a
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

// A driver that has seen EHLO and the answers to MAIL and RCPT of one transaction.
const std::string transaction = "HELO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\n";
const std::string begun = hello + "250 2.1.0 Sender accepted.\r\n250 2.1.5 Recipient accepted.\r\n";
const std::string chunk_taken = "250 2.0.0 Chunk taken.\r\n";
const std::string accepted_1 =
    "250 2.0.0 Message accepted as " + to_string(mail::MessageId{1}) + ".\r\n";

TEST(ServerProtocol, HowChunksAreCutMakesNoDifference) {
  const std::string text = transaction +
                           "BDAT 5\r\n.\r\nQUBDAT 0\r\nBDAT 4\r\nIT\r\nBDAT 3 LAST\r\n.\r\n"
                           "BDAT 6\r\nQUIT\r\nBDAT 2 LAST\r\nxxMAIL FROM:<a@b>\r\n"
                           "RCPT TO:<c@d>\r\nBDAT 2\r\n\n\nRSET\r\nQUIT\r\n";
  Driver whole = driver();
  const std::string expected = whole.run({text});
  EXPECT_EQ(expected, begun + chunk_taken + chunk_taken + chunk_taken + accepted_1 +
                          "503 5.5.1 Name sender and recipients first.\r\n"
                          "503 5.5.1 Name sender and recipients first.\r\n"
                          "250 2.1.0 Sender accepted.\r\n250 2.1.5 Recipient accepted.\r\n"
                          "550 5.6.11 The message has a line feed without carriage return.\r\n"
                          "250 2.0.0 Forgotten.\r\n221 2.0.0 Good bye.\r\n[closed]");
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    Driver d = driver();
    EXPECT_EQ(d.run({text.substr(0, cut), text.substr(cut)}), expected) << "cut at " << cut;
    ASSERT_EQ(d.messages.size(), 1U);
    EXPECT_EQ(d.messages[0].content, ".\r\nQUIT\r\n.\r\n");
    EXPECT_EQ(d.noted, whole.noted);
    EXPECT_EQ(d.content_refused, 1U);
  }
}

// Whoever keeps the message learns that it was taken back.
TEST(ServerProtocol, AMessageIsForgottenBetweenItsChunks) {
  for (const char* end : {"RSET\r\n", "EHLO x\r\n", "HELO x\r\n", "BDAT 3 FIRST\r\nxxx"}) {
    Driver d = driver();
    d.run({transaction + "BDAT 1\r\nx" + end + "BDAT 1 LAST\r\ny"});
    EXPECT_EQ(d.content_refused, 1U) << end;
    EXPECT_TRUE(d.messages.empty()) << end;
  }
}

TEST(ServerProtocol, FailedChunksCountAsOneMistake) {
  Driver d = driver();
  d.options.errors = 1;
  std::string text = "HELO x\r\n";
  for (int i = 0; i < 10; ++i) text += "BDAT 6\r\nQUIT\r\n";
  EXPECT_EQ(d.run({text + "NOOP\r\nBDAT 6 LAST\r\nQUIT\r\nBDAT 0\r\n"}).substr(hello.size()), [] {
    std::string all;
    for (int i = 0; i < 10; ++i) all += "503 5.5.1 Name sender and recipients first.\r\n";
    return all +
           "250 2.0.0 Here I am.\r\n503 5.5.1 Name sender and recipients first.\r\n"
           "421 4.7.0 Too many mistakes; good bye.\r\n[closed]";
  }());
  EXPECT_EQ(d.noted.size(), 2U);
}

TEST(ServerProtocol, AChunkWhoseLengthIsNotKnownEndsTheSession) {
  const std::string blanks(limits::command_line_octets, ' ');
  for (const std::string& line :
       {std::string("BDAT"), std::string("BDAT x LAST"), "BDAT 1" + blanks,
        "  bdat\t1 LAST" + blanks, std::string("BDAT 1 LAST\r"), std::string("BDAT 1\0", 7),
        std::string("BDAT 99999999999999999999 LAST")}) {
    for (const std::size_t step : {std::size_t{1}, std::size_t{700}, line.size() + 2}) {
      Driver d = driver();
      std::vector<std::string> pieces{transaction};
      const std::string octets = line + "\r\nNOOP\r\n";
      for (std::size_t at = 0; at < octets.size(); at += step)
        pieces.push_back(octets.substr(at, step));
      const std::string answers = d.run(pieces);
      EXPECT_EQ(answers.find("421 4.5.4 "), begun.size()) << line.substr(0, 30) << answers;
      EXPECT_TRUE(answers.ends_with("[closed]"));
      EXPECT_EQ(answers.find("Here I am"), std::string::npos);
    }
  }
}

TEST(ServerProtocol, TheSizeLimitCountsAllChunks) {
  Driver d = driver();
  d.options.size_limit = 10;
  EXPECT_EQ(d.run({transaction + "BDAT 6\r\n0123\r\nBDAT 4 LAST\r\n89\r\n"}),
            begun + chunk_taken + accepted_1);
  EXPECT_EQ(d.run({transaction + "BDAT 6\r\n0123\r\nBDAT 5\r\n890\r\nBDAT 6 LAST\r\nQUIT\r\n"}),
            begun + chunk_taken +
                "552 5.3.4 The message is bigger than I may take.\r\n"
                "552 5.3.4 The message is bigger than I may take.\r\n");
  EXPECT_EQ(d.messages.size(), 1U);
}

TEST(ServerProtocol, ChunksThatAreNotOfferedAreDroppedAllTheSame) {
  Driver d = driver();
  d.offers.chunking = d.offers.etrn = false;
  EXPECT_EQ(d.run({transaction + "BDAT 6 LAST\r\nQUIT\r\nETRN x\r\n"}),
            begun +
                "502 5.5.1 That command is not offered here.\r\n"
                "502 5.5.1 That command is not offered here.\r\n");
}

TEST(ServerProtocol, ARefusalBeforeTheFirstChunkIsSaidAtItsEnd) {
  ServerOptions options;
  options.hostname = "h";
  ServerProtocol protocol(options, false);
  protocol.feed("HELO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nBDAT 5\r\nQU");
  ASSERT_EQ(protocol.next(), Step::mail);
  protocol.accept_mail(protocol.address());
  ASSERT_EQ(protocol.next(), Step::rcpt);
  protocol.accept_recipient(protocol.address());
  ASSERT_EQ(protocol.next(), Step::data);
  protocol.output().clear();
  protocol.refuse(reply(452, "4.3.1", "No space."));
  ASSERT_EQ(protocol.next(), Step::need_input);
  EXPECT_EQ(protocol.output(), "");
  protocol.feed("IT\nBDAT 2 LAST\r\nxxNOOP\r\n");
  ASSERT_EQ(protocol.next(), Step::need_input);
  EXPECT_EQ(protocol.output(),
            "452 4.3.1 No space.\r\n452 4.3.1 No space.\r\n250 2.0.0 Here I am.\r\n");
}

TEST(ServerProtocol, ParametersComeWithTheTransaction) {
  Driver d = driver();
  d.offers = Offers::to_client(true);
  const std::string said =
      d.run({"EHLO x\r\nMAIL FROM:<a@b> RET=HDRS ENVID=x+2By HOLDFOR=10 BODY=BINARYMIME\r\n"
             "RCPT TO:<c@d> NOTIFY=NEVER\r\nRCPT TO:<c@refused> ORCPT=rfc822;x@y\r\n"
             "RCPT TO:<e@f> ORCPT=rfc822;g@h\r\nRCPT TO:<i@j>\r\nDATA\r\n"
             "BDAT 3 LAST\r\na\n\rMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n.\r\n"});
  EXPECT_NE(said.find("503 5.5.1 BODY=BINARYMIME needs BDAT."), std::string::npos) << said;
  ASSERT_EQ(d.messages.size(), 2U);
  EXPECT_EQ(d.messages[0].content, "a\n\r");
  const ServerTransaction& first = d.messages[0].transaction;
  EXPECT_EQ(first.body, mail::Body::binary);
  EXPECT_EQ(first.requests.returned, mail::Return::headers);
  EXPECT_EQ(first.requests.envelope_id, "x+y");
  EXPECT_EQ(first.requests.held_until, WallTime{} + std::chrono::seconds(10));
  ASSERT_EQ(first.recipients.size(), 3U);
  EXPECT_TRUE(first.recipients[0].notify.never);
  EXPECT_EQ(first.recipients[1].original, "rfc822;g@h");
  EXPECT_EQ(first.recipients[2], (mail::Recipient{"i", "j"}));
  EXPECT_EQ(d.messages[1].transaction.requests, mail::Requests{});
  EXPECT_EQ(d.messages[1].transaction.body, mail::Body::seven_bit);
}

TEST(ServerProtocol, OffersDependOnTheClient) {
  Driver d = driver();
  d.offers = Offers::to_client(true);
  EXPECT_EQ(d.run({"EHLO x\r\n"}),
            banner +
                "250-mail.example.org\r\n250-PIPELINING\r\n250-8BITMIME\r\n"
                "250-ENHANCEDSTATUSCODES\r\n250-CHUNKING\r\n250-BINARYMIME\r\n250-SMTPUTF8\r\n"
                "250-DSN\r\n250-DELIVERBY\r\n250-FUTURERELEASE 2592000 1970-01-31T00:00:00Z\r\n"
                "250-MT-PRIORITY\r\n250-ETRN\r\n250-HELP\r\n250-LIMITS RCPTMAX=1000\r\n"
                "250 SIZE\r\n");
}

// clause: 5321-3.8-b
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
