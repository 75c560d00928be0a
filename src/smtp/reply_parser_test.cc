#include "smtp/reply_parser.h"

#include <gtest/gtest.h>

#include "base/limits.h"
#include "smtp/ehlo_answer.h"

namespace malleposte::smtp {
namespace {

using State = ReplyParser::State;

PeerReply parse(std::string_view text) {
  ReplyParser parser;
  EXPECT_EQ(parser.feed(text), State::reply) << parser.complaint();
  EXPECT_TRUE(text.empty());
  return parser.reply();
}

std::string complaint(std::string_view text) {
  ReplyParser parser;
  EXPECT_EQ(parser.feed(text), State::broken);
  EXPECT_EQ(parser.feed(text), State::broken);
  return std::string(parser.complaint());
}

// clause: 5321-4.2-e 5321-4.2-g
TEST(ReplyParser, TakesCodesAndTextApart) {
  auto reply = parse("550 5.1.1 No such user\r\n");
  EXPECT_EQ(reply.code, 550);
  EXPECT_EQ(reply.status, "5.1.1");
  EXPECT_EQ(reply.text, "No such user");
}

// clause: 6531-3.7.4.1-a
TEST(ReplyParser, TextMayBeUtf8) {
  const auto reply = parse("251 2.1.5 \xc3\xa9\xe6\x97\xa5@b.example\r\n");
  EXPECT_EQ(reply.code, 251);
  EXPECT_EQ(reply.text, "\xc3\xa9\xe6\x97\xa5@b.example");
}

TEST(ReplyParser, EverySplitGivesTheSameReply) {
  std::string_view text = "250-2.1.0 one\r\n250-2.1.0 two\r\n250 2.1.0 three\r\n421 bye\r\n";
  for (std::size_t at = 0; at <= text.size(); ++at) {
    ReplyParser parser;
    std::vector<std::string> seen;
    for (auto part : {text.substr(0, at), text.substr(at)})
      while (!part.empty())
        if (parser.feed(part) == State::reply)
          seen.push_back(std::to_string(parser.reply().code) + parser.reply().text);
    EXPECT_EQ(seen, (std::vector<std::string>{"250one\ntwo\nthree", "421bye"})) << at;
    EXPECT_FALSE(parser.in_reply());
  }
}

// clause: 5321-4.2-b 5321-4.2.1-d
TEST(ReplyParser, BareCodesAndBareLineFeedsAreAccepted) {
  EXPECT_EQ(parse("250\n").code, 250);
  EXPECT_EQ(parse("250\n").text, "");
  EXPECT_EQ(parse("250 \r\n").text, "");
  EXPECT_EQ(parse("250-a\n250\n").text, "a\n");
}

// Half a line would be another offer, "SIZE 100" for "SIZE 10000000".
TEST(ReplyParser, ALineThatDoesNotFitIsLeftOutWhole) {
  std::string text;
  for (int i = 0; i < 100; ++i) text += "250-" + std::string(400, 'x') + "\r\n";
  text += "250 SIZE 10000000\r\n";
  for (std::size_t filler = 0; filler < 420; ++filler) {
    const auto kept = parse("250-" + std::string(filler, 'y') + "\r\n" + text).text;
    const auto size = kept.find("SIZE");
    if (size != std::string::npos) {
      EXPECT_EQ(kept.substr(size), "SIZE 10000000");
    }
    EXPECT_LE(kept.size(), 16u * 1024);
  }
}

// A bare enhanced code without text behind it was read past its end by another mail server for
// twenty years (CVE-2026-43964).
// clause: 2034-4-f
TEST(ReplyParser, BareEnhancedCodesAreCodes) {
  auto reply = parse("550 5.7.2\r\n");
  EXPECT_EQ(reply.status, "5.7.2");
  EXPECT_EQ(reply.text, "");
}

TEST(ReplyParser, EnhancedCodesOfAnotherClassOrShapeAreText) {
  for (auto text :
       {"4.1.1 x", "5.1 x", "5.1.1x", "5.01.1 x", "5.1.1234 x", "5..1 x", "5.1.", "5"}) {
    auto reply = parse("550 " + std::string(text) + "\r\n");
    EXPECT_EQ(reply.status, "");
    EXPECT_EQ(reply.text, text);
  }
}

TEST(ReplyParser, WhatIsNoReplyIsABrokenPeer) {
  EXPECT_EQ(complaint("HTTP/1.1 400 Bad Request\r\n"),
            "not an SMTP reply: \"HTTP/1.1 400 Bad Request\"");
  complaint("\r\n");
  complaint("25\r\n");
  complaint("199 x\r\n");
  complaint("600 x\r\n");
  complaint("250x\r\n");
  complaint("2 50\r\n");
  EXPECT_EQ(complaint("250-a\r\n251 b\r\n"), "a reply whose lines carry different codes");
  EXPECT_EQ(complaint(std::string("250 a\0b\r\n", 9)), "a reply with a NUL character");
}

TEST(ReplyParser, EndlessLinesAndRepliesAreBroken) {
  EXPECT_EQ(complaint(std::string(limits::reply_line_octets, '2')), "a reply line without an end");
  std::string endless;
  for (std::size_t i = 0; i < limits::reply_lines; ++i) endless += "250-x\r\n";
  EXPECT_EQ(complaint(endless), "a reply of too many lines");
  std::string longest;
  for (std::size_t i = 1; i < limits::reply_lines; ++i)
    longest += "250-" + std::string(limits::reply_line_octets - 7, 'x') + "\r\n";
  EXPECT_LE(parse(longest + "250 end\r\n").text.size(), 16u * 1024);
}

// clause: 5321-4.1.1.1-f
TEST(EhloAnswer, KnowsWhatTheClientUses) {
  auto answer = parse_ehlo_answer("mx at your service\npipelining\nSIZE 1000\n8BITMIME\nX-FOO bar");
  EXPECT_TRUE(answer.pipelining);
  EXPECT_TRUE(answer.eight_bit_mime);
  EXPECT_TRUE(answer.size);
  EXPECT_EQ(answer.size_limit, 1000u);
}

TEST(EhloAnswer, TheGreetingLineIsNoKeyword) {
  EXPECT_FALSE(parse_ehlo_answer("PIPELINING").pipelining);
}

TEST(EhloAnswer, OddSizesMeanNoLimit) {
  for (auto text :
       {"x\nSIZE", "x\nSIZE 0", "x\nSIZE -5", "x\nSIZE 99999999999999999999999", "x\nSIZE 10k"}) {
    EXPECT_TRUE(parse_ehlo_answer(text).size);
    EXPECT_EQ(parse_ehlo_answer(text).size_limit, 0u) << text;
  }
}

}  // namespace
}  // namespace malleposte::smtp
