#include "mail/final_delivery.h"

#include <gtest/gtest.h>

namespace malleposte::mail {
namespace {

// With every way to cut the content into three.
std::string through(std::string_view content) {
  const auto of = [](std::initializer_list<std::string_view> pieces) {
    FinalContent filter("mail.example.org");
    std::string out;
    for (const auto piece : pieces) filter.pass(piece, out);
    filter.end(out);
    return out;
  };
  const auto whole = of({content});
  for (std::size_t i = 0; i <= content.size(); ++i)
    for (std::size_t j = i; j <= content.size(); ++j)
      EXPECT_EQ(of({content.substr(0, i), content.substr(i, j - i), content.substr(j)}), whole)
          << i << ' ' << j;
  return whole;
}

TEST(FinalDelivery, FieldsNameTheReversePathAndTheRecipient) {
  EXPECT_EQ(final_delivery_fields({"anna", "example.org"}, {"bert b", "example.com"}),
            "Return-Path: <anna@example.org>\nDelivered-To: \"bert b\"@example.com\n");
  EXPECT_EQ(final_delivery_fields({}, {"bert", "example.com"}),
            "Return-Path: <>\nDelivered-To: bert@example.com\n");
}

TEST(FinalContent, HasLinesAsInFiles) {
  EXPECT_EQ(through("Subject: x\r\n\r\na\r\n\r\n.b\r\n"), "Subject: x\n\na\n\n.b\n");
  EXPECT_EQ(through("Subject: x\r\n\r\nno end"), "Subject: x\n\nno end");
  EXPECT_EQ(through(""), "");
}

TEST(FinalContent, LeavesOutEveryReturnPathWithItsFoldedLines) {
  EXPECT_EQ(through("Received: by a\r\nReturn-Path: <a@b>\r\nreturn-path :\r\n <c@d>\r\n\tx\r\n"
                    "Return-Paths: y\r\nSubject: z\r\n q\r\n\r\nReturn-Path: in the body\r\n"),
            "Received: by a\nReturn-Paths: y\nSubject: z\n q\n\nReturn-Path: in the body\n");
}

TEST(FinalContent, KeepsWhatIsNoHeader) {
  EXPECT_EQ(through("no field\r\nReturn-Path: <a@b>\r\n"), "no field\nReturn-Path: <a@b>\n");
  EXPECT_EQ(through("Subject: x\r\nReturn-Pa"), "Subject: x\nReturn-Pa");
  EXPECT_EQ(through("Subject : x\r\nA  :b\r\n\r\n"), "Subject : x\nA  :b\n\n");
}

TEST(FinalContent, KnowsWhatTheRecipientHasHad) {
  const Recipient anna{"anna", "example.org"}, bert{"bert", "example.org"};
  const std::string ours = "Received: from c by mail.example.org; x\r\n";
  const std::string content =
      ours + "Return-Path: <a@b>\r\nDelivered-To: anna@example.org\r\n" + ours + "\r\nhello\r\n";
  for (std::size_t cut = 0; cut <= content.size(); ++cut) {
    FinalContent filter("mail.example.org");
    std::string out;
    filter.pass(content.substr(0, cut), out);
    filter.pass(content.substr(cut), out);
    EXPECT_TRUE(filter.delivered_before(anna)) << cut;
    EXPECT_FALSE(filter.delivered_before(bert)) << cut;
  }
  FinalContent unended("mail.example.org");
  std::string out;
  unended.pass(content.substr(0, content.find("\r\n\r\n") + 2), out);
  unended.end(out);
  EXPECT_TRUE(unended.delivered_before(anna));
}

// The trace of its coming here is in front of every message.
TEST(FinalContent, AForeignDeliveredToIsNoLoop) {
  const Recipient anna{"anna", "example.org"};
  for (const char* header : {"Received: from c by mail.example.org; x\r\n",
                             "Received: from c by mail.example.org; x\r\n"
                             "Received: from d by other.example; x\r\n"}) {
    FinalContent filter("mail.example.org");
    std::string out;
    filter.pass(std::string(header) + "Delivered-To: anna@example.org\r\n\r\nhello\r\n", out);
    EXPECT_FALSE(filter.delivered_before(anna)) << header;
  }
}

TEST(FinalContent, ChangesOnlyPairsOfCrAndLf) {
  EXPECT_EQ(through("A: b\r\n\r\nx\ry\r\r\nz\n\r"), "A: b\n\nx\ry\r\nz\n\r");
}

}  // namespace
}  // namespace malleposte::mail
