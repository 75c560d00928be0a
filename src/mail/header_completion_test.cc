#include "mail/header_completion.h"

#include <gtest/gtest.h>

#include <string>

#include "base/limits.h"

namespace malleposte::mail {
namespace {

const std::string date = "Date: D\r\n";
const std::string id = "Message-ID: <1@x>\r\n";

void append(std::string& out, std::span<const std::string_view> pieces) {
  for (const std::string_view piece : pieces) out += piece;
}

// A completion and what reads the header for it.
struct Completing {
  std::span<const std::string_view> feed(std::string_view text) {
    read_header(reader, text, completion);
    return completion.pass(reader, text);
  }
  std::span<const std::string_view> end() { return completion.end(); }
  HeaderReader reader;
  HeaderCompletion completion{date, id};
};

std::string complete(const std::string& text) {
  std::string whole;
  Completing completion;
  append(whole, completion.feed(text));
  append(whole, completion.end());
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    std::string parts;
    Completing other;
    append(parts, other.feed(std::string(text.substr(0, cut))));
    append(parts, other.feed(std::string_view(text).substr(cut)));
    append(parts, other.end());
    EXPECT_EQ(parts, whole) << "cut at " << cut;
  }
  std::string octets;
  Completing each;
  for (const char c : text) append(octets, each.feed({&c, 1}));
  append(octets, each.end());
  EXPECT_EQ(octets, whole);
  return whole;
}

// RFC 6409 8.2, 8.3
TEST(HeaderCompletion, AddsWhatIsMissingBehindTheLastField) {
  EXPECT_EQ(complete("Subject: x\r\n y\r\n\r\nbody\r\n"),
            "Subject: x\r\n y\r\n" + id + date + "\r\nbody\r\n");
  EXPECT_EQ(complete("Date: mine\r\n\r\nDate: body\r\n"),
            "Date: mine\r\n" + id + "\r\nDate: body\r\n");
  EXPECT_EQ(complete("message-id :<a@b>\r\nX: y\r\n\r\n"),
            "message-id :<a@b>\r\nX: y\r\n" + date + "\r\n");
}

TEST(HeaderCompletion, AddsNothingToWhatIsComplete) {
  for (const char* text : {"Date: a\r\nMessage-ID: b\r\n\r\nx\r\n", "DATE:\r\nMESSAGE-ID:\r\n"})
    EXPECT_EQ(complete(text), text);
}

// clause: 5321-6.4-a
TEST(HeaderCompletion, AddsNothingForARelayOrASigner) {
  for (const char* text :
       {"Received: from a by b\r\nSubject: x\r\n\r\n", "Subject: x\r\nReceived: late\r\n\r\n",
        "DKIM-Signature: v=1; h=date:from\r\nFrom: a@b\r\n\r\nx\r\n"})
    EXPECT_EQ(complete(text), text);
}

TEST(HeaderCompletion, FieldsOfOtherNamesAreNotMistaken) {
  EXPECT_EQ(
      complete("Resent-Date: a\r\nDated: b\r\nSubject: Date: c\r\n Message-ID: d\r\n\r\n"),
      "Resent-Date: a\r\nDated: b\r\nSubject: Date: c\r\n Message-ID: d\r\n" + id + date + "\r\n");
}

TEST(HeaderCompletion, AMessageWithoutBodyOrHeaderIsCompletedToo) {
  EXPECT_EQ(complete("Subject: x\r\n"), "Subject: x\r\n" + id + date);
  EXPECT_EQ(complete(""), id + date);
  EXPECT_EQ(complete("\r\nbody\r\n"), id + date + "\r\nbody\r\n");
  EXPECT_EQ(complete("hello\r\nworld\r\n"), id + date + "hello\r\nworld\r\n");
  EXPECT_EQ(complete("To: a\r\nhello world\r\n"), "To: a\r\n" + id + date + "hello world\r\n");
  EXPECT_EQ(complete("To: a\r\nDat"), "To: a\r\n" + id + date + "Dat");
}

TEST(HeaderCompletion, ALineWithoutAnEndGetsNoFieldBehindIt) {
  EXPECT_EQ(complete("Subject: x"), "Subject: x");
  EXPECT_EQ(complete("Subject: x\r\n y"), "Subject: x\r\n y");
}

TEST(HeaderCompletion, HoldsBackNoMoreThanOneLinesBeginning) {
  Completing completion;
  std::size_t held = 0, went = 0;
  const auto feed = [&](std::string_view text) {
    for (const auto piece : completion.feed(text)) went += piece.size();
    held = std::max(held, completion.completion.held());
  };
  std::string all;
  for (int i = 0; i < 200; ++i)
    all += std::string(900, 'n') + ": " + std::string(400, 'v') + "\r\n";
  for (std::size_t at = 0; at < all.size(); at += 7) feed(std::string_view(all).substr(at, 7));
  EXPECT_LE(held, limits::field_name_octets);
  EXPECT_GT(held, 800U);
  EXPECT_EQ(went + completion.completion.held(), all.size());
}

TEST(HeaderCompletion, LeavesAnEndlessHeaderAlone) {
  std::string bomb;
  while (bomb.size() < 2 * limits::header_octets) bomb += "a:\r\n";
  std::string out;
  Completing completion;
  append(out, completion.feed(bomb));
  append(out, completion.feed("\r\nx\r\n"));
  append(out, completion.end());
  EXPECT_EQ(out, bomb + "\r\nx\r\n");
}

}  // namespace
}  // namespace malleposte::mail
