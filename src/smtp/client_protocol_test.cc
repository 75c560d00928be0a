#include "smtp/client_protocol.h"

#include <gtest/gtest.h>

#include "base/limits.h"

namespace malleposte::smtp {
namespace {

using Need = ClientProtocol::Need;

// A conversation played line by line against the protocol alone.
class Client : public testing::Test {
 protected:
  // What the client says now, all of it.
  std::string says() {
    if (p.need() != Need::write) return "";
    std::string text(p.output());
    p.written();
    return text;
  }
  void peer(std::string_view lines) { p.received(lines); }
  void greet(std::string_view ehlo) {
    peer("220 mx ESMTP\r\n");
    EXPECT_EQ(says(), "EHLO me.example\r\n");
    peer(ehlo);
    EXPECT_EQ(p.need(), Need::transaction);
  }
  void greet_pipelining() { greet("250-mx\r\n250 PIPELINING\r\n"); }
  void greet_plain() { greet("250 mx\r\n"); }

  static Transaction to(std::vector<std::string> recipients, std::uint64_t size = 3) {
    Transaction transaction;
    transaction.reverse_path = "s@example.org";
    transaction.recipients = std::move(recipients);
    transaction.size = size;
    return transaction;
  }
  // "accepted 250 2.0.0 text" for each recipient.
  static std::vector<std::string> words(const std::optional<Finished>& finished) {
    EXPECT_TRUE(finished);
    std::vector<std::string> all;
    if (finished)
      for (const auto& r : finished->results) {
        static const char* names[] = {"accepted", "temporary", "permanent"};
        all.push_back(std::string(names[static_cast<int>(r.verdict)]) + ' ' +
                      std::to_string(r.code) + ' ' + r.status + ' ' + r.text);
      }
    return all;
  }
  using Words = std::vector<std::string>;

  ClientProtocol p{"me.example"};
};

TEST_F(Client, PipelinesAWholeTransaction) {
  greet("250-mx\r\n250-PIPELINING\r\n250-SIZE 1000\r\n250 8BITMIME\r\n");
  auto transaction = to({"a@x", "b@x"}, 30);
  transaction.eight_bit = true;
  p.begin(transaction);
  EXPECT_EQ(says(),
            "MAIL FROM:<s@example.org> SIZE=30 BODY=8BITMIME\r\n"
            "RCPT TO:<a@x>\r\nRCPT TO:<b@x>\r\nDATA\r\n");
  EXPECT_EQ(p.need(), Need::read);
  peer("250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n550 5.1.1 No b\r\n354 go\r\n");
  EXPECT_EQ(p.need(), Need::content);
  EXPECT_FALSE(p.past_final_dot());
  EXPECT_EQ(p.finish_content(".\r\n"), ".\r\n");
  EXPECT_TRUE(p.past_final_dot());
  p.content_written();
  EXPECT_FALSE(p.take_finished());
  peer("250 2.0.0 queued as 1\r\n");
  EXPECT_FALSE(p.past_final_dot());
  EXPECT_EQ(words(p.take_finished()),
            (Words{"accepted 250 2.0.0 queued as 1", "permanent 550 5.1.1 No b"}));
  EXPECT_EQ(p.need(), Need::transaction);
  p.quit();
  EXPECT_EQ(says(), "QUIT\r\n");
  peer("221 bye\r\n");
  EXPECT_EQ(p.need(), Need::closed);
}

TEST_F(Client, OneCommandWaitsForTheOtherWithoutPipelining) {
  greet_plain();
  p.begin(to({"a@x", "b@x"}));
  EXPECT_EQ(says(), "MAIL FROM:<s@example.org>\r\n");
  peer("250 ok\r\n");
  EXPECT_EQ(says(), "RCPT TO:<a@x>\r\n");
  peer("450 later\r\n");
  EXPECT_EQ(says(), "RCPT TO:<b@x>\r\n");
  peer("250 ok\r\n");
  EXPECT_EQ(says(), "DATA\r\n");
  peer("354 go\r\n");
  EXPECT_FALSE(p.takes_next());
  p.finish_content(".\r\n");
  p.content_written();
  peer("250 done\r\n");
  EXPECT_EQ(words(p.take_finished()),
            (Words{"temporary 450 4.0.0 later", "accepted 250 2.0.0 done"}));
}

TEST_F(Client, FallsBackToHelo) {
  peer("220 old\r\n");
  says();
  peer("502 what?\r\n");
  EXPECT_EQ(says(), "HELO me.example\r\n");
  peer("250 hi\r\n");
  EXPECT_EQ(p.need(), Need::transaction);
  EXPECT_FALSE(p.offers().pipelining);
}

TEST_F(Client, ARefusalAtTheGreetingIsTheWholeHosts) {
  peer("554 5.7.1 go away\r\n");
  EXPECT_EQ(p.need(), Need::closed);
  ASSERT_TRUE(p.refusal());
  EXPECT_EQ(p.refusal()->verdict, Verdict::permanent);
  EXPECT_EQ(p.refusal()->status, "5.7.1");
}

TEST_F(Client, ABusyGreetingIsTemporary) {
  peer("421 too many\r\n");
  ASSERT_TRUE(p.refusal());
  EXPECT_EQ(p.refusal()->verdict, Verdict::temporary);
}

TEST_F(Client, ALostGreetingIsTemporary) {
  p.lost("timed out");
  ASSERT_TRUE(p.refusal());
  EXPECT_EQ(p.refusal()->text, "timed out while waiting for the greeting");
  EXPECT_EQ(p.refusal()->status, "4.4.2");
}

TEST_F(Client, ARefusedSenderIsEveryRecipients) {
  greet_pipelining();
  p.begin(to({"a@x", "b@x"}));
  says();
  peer("550 5.7.1 not you\r\n503 x\r\n503 x\r\n503 x\r\n");
  EXPECT_EQ(words(p.take_finished()),
            (Words{"permanent 550 5.7.1 not you", "permanent 550 5.7.1 not you"}));
  EXPECT_EQ(p.need(), Need::transaction);
}

TEST_F(Client, ARefusedSenderEndsAPlainTransactionAtOnce) {
  greet_plain();
  p.begin(to({"a@x"}));
  says();
  peer("451 4.3.0 later\r\n");
  EXPECT_EQ(words(p.take_finished()), Words{"temporary 451 4.3.0 later"});
  p.begin(to({"a@x"}));
  EXPECT_EQ(says(), "MAIL FROM:<s@example.org>\r\n");
}

TEST_F(Client, DataIsNotAskedForNobody) {
  greet_plain();
  p.begin(to({"a@x"}));
  says();
  peer("250 ok\r\n");
  says();
  peer("550 no\r\n");
  EXPECT_EQ(words(p.take_finished()), Words{"permanent 550 5.0.0 no"});
  p.begin(to({"b@x"}));
  EXPECT_EQ(says(), "RSET\r\n") << "the transaction was left open";
  peer("250 ok\r\n");
  EXPECT_EQ(says(), "MAIL FROM:<s@example.org>\r\n");
}

TEST_F(Client, DataTakenForNobodyIsEndedWithoutContent) {
  greet_pipelining();
  p.begin(to({"a@x"}));
  says();
  peer("250 ok\r\n550 no\r\n354 go\r\n");
  EXPECT_EQ(says(), ".\r\n");
  EXPECT_FALSE(p.take_finished());
  peer("554 no valid recipients\r\n");
  EXPECT_EQ(words(p.take_finished()), Words{"permanent 550 5.0.0 no"});
  p.begin(to({"a@x"}));
  EXPECT_TRUE(says().starts_with("MAIL"));
}

TEST_F(Client, ARefusalOfDataIsForTheAcceptedRecipients) {
  greet_pipelining();
  p.begin(to({"a@x", "b@x"}));
  says();
  peer("250 ok\r\n550 no\r\n250 ok\r\n451 4.3.1 full\r\n");
  EXPECT_EQ(words(p.take_finished()),
            (Words{"permanent 550 5.0.0 no", "temporary 451 4.3.1 full"}));
  p.begin(to({"a@x"}));
  EXPECT_TRUE(says().starts_with("RSET\r\nMAIL"));
  peer("250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n");
  EXPECT_EQ(p.need(), Need::content);
}

TEST_F(Client, RecipientsThatAreTooManyAreNamedOnceTheMessageIsTaken) {
  for (auto answer : {"250 ok\r\n", "451 later\r\n", "550 no\r\n"}) {
    p = ClientProtocol("me.example");
    greet_pipelining();
    p.begin(to({"a@x", "b@x", "c@x", "d@x", "e@x", "f@x"}));
    says();
    peer(
        "250 ok\r\n250 ok\r\n552 too many\r\n452 4.5.3 too many\r\n550 5.5.3 too many\r\n"
        "552 5.2.2 full\r\n452 4.3.1 no space\r\n354 go\r\n");
    p.finish_content(".\r\n");
    peer(answer);
    auto finished = p.take_finished();
    ASSERT_TRUE(finished);
    const bool taken = answer[0] == '2';
    EXPECT_EQ(finished->surplus,
              taken ? (std::vector<std::size_t>{1, 2, 3}) : (std::vector<std::size_t>{}));
    auto all = words(finished);
    all.erase(all.begin());
    EXPECT_EQ(all, (Words{"temporary 552 5.0.0 too many", "temporary 452 4.5.3 too many",
                          "temporary 550 5.5.3 too many", "permanent 552 5.2.2 full",
                          "temporary 452 4.3.1 no space"}));
  }
}

TEST_F(Client, TheFirstRecipientIsNeverTooMany) {
  greet_pipelining();
  p.begin(to({"a@x"}));
  says();
  peer("250 ok\r\n552 5.5.3 too many\r\n554 none\r\n");
  auto finished = p.take_finished();
  EXPECT_TRUE(finished->surplus.empty());
  EXPECT_EQ(words(finished), Words{"permanent 552 5.5.3 too many"});
}

TEST_F(Client, ATooLargeMessageIsKnownBefore) {
  greet("250-mx\r\n250 SIZE 100\r\n");
  EXPECT_FALSE(p.refuses(100));
  auto ruling = p.refuses(101);
  ASSERT_TRUE(ruling);
  EXPECT_EQ(ruling->status, "5.3.4");
  EXPECT_EQ(ruling->verdict, Verdict::permanent);
  EXPECT_EQ(ruling->text, "the message has 101 octets; this host takes at most 100");
}

TEST_F(Client, TheNextCommandsFollowTheFinalDot) {
  greet_pipelining();
  p.begin(to({"a@x"}));
  says();
  peer("250 ok\r\n250 ok\r\n354 go\r\n");
  ASSERT_TRUE(p.takes_next());
  p.begin(to({"b@x"}));
  EXPECT_FALSE(p.takes_next());
  EXPECT_EQ(p.finish_content(".\r\n"),
            ".\r\nMAIL FROM:<s@example.org>\r\nRCPT TO:<b@x>\r\nDATA\r\n");
  p.content_written();
  peer("250 first\r\n250 ok\r\n250 ok\r\n354 go\r\n");
  EXPECT_EQ(words(p.take_finished()), Words{"accepted 250 2.0.0 first"});
  ASSERT_EQ(p.need(), Need::content);
  p.finish_content(".\r\n");
  p.content_written();
  peer("250 second\r\n");
  EXPECT_EQ(words(p.take_finished()), Words{"accepted 250 2.0.0 second"});
  EXPECT_EQ(p.need(), Need::transaction);
}

TEST_F(Client, ALossAtTheDotLeavesTheFirstInDoubtAndTheNextUntouched) {
  greet_pipelining();
  p.begin(to({"a@x"}));
  says();
  peer("250 ok\r\n250 ok\r\n354 go\r\n");
  p.begin(to({"b@x"}));
  p.finish_content(".\r\n");
  p.lost("lost connection");
  auto first = p.take_finished();
  ASSERT_TRUE(first);
  EXPECT_TRUE(first->in_doubt);
  EXPECT_FALSE(first->untouched);
  auto second = p.take_finished();
  ASSERT_TRUE(second);
  EXPECT_TRUE(second->untouched);
  EXPECT_FALSE(second->in_doubt);
  EXPECT_FALSE(p.take_finished());
}

TEST_F(Client, ANextThatWasNeverSaidIsUntouched) {
  greet_pipelining();
  p.begin(to({"a@x"}));
  says();
  peer("250 ok\r\n250 ok\r\n354 go\r\n");
  p.begin(to({"b@x"}));
  peer("552 5.3.4 too much\r\n");  // in the middle of the content
  EXPECT_EQ(words(p.take_finished()), Words{"permanent 552 5.3.4 too much"});
  auto second = p.take_finished();
  ASSERT_TRUE(second);
  EXPECT_TRUE(second->untouched);
  EXPECT_EQ(p.need(), Need::closed);
}

TEST_F(Client, UnaskedRepliesEndTheConversation) {
  greet_plain();
  peer("421 idle\r\n");
  EXPECT_EQ(p.need(), Need::closed);
}

// A host that said more than one reply to EHLO ended the whole server: whoever had connected relied
// on a reason that was only set before EHLO.
TEST_F(Client, AReplyTooManyBehindEhloIsARefusalToo) {
  peer("220 mx\r\n");
  says();
  peer("250 mx\r\n250 mx\r\n");
  EXPECT_EQ(p.need(), Need::closed);
  ASSERT_TRUE(p.refusal());
  EXPECT_EQ(p.refusal()->verdict, Verdict::temporary);
  EXPECT_EQ(p.refusal()->status, "4.5.0") << "and not 250, which would read as a success";
}

TEST_F(Client, AHostThatRefusesUsHearsAGoodBye) {
  for (auto greeting : {"554 5.7.1 no\r\n", "450 later\r\n"}) {
    p = ClientProtocol("me.example");
    peer(greeting);
    EXPECT_EQ(p.need(), Need::closed);
    EXPECT_EQ(p.output(), "QUIT\r\n");
  }
  p = ClientProtocol("me.example");
  peer("421 closing\r\n");
  EXPECT_EQ(p.output(), "") << "it does not listen any more";
}

// Taken one for the other, 550 and 250 would bounce what was taken.
TEST_F(Client, AReplyBeforeItsCommandMakesAllOfThemDoubtful) {
  greet_plain();
  p.begin(to({"a@x", "b@x"}));
  says();
  peer("250 ok\r\n");
  says();
  peer("550 no\r\n");
  says();
  peer("250 ok\r\n354 go\r\n");
  EXPECT_EQ(p.need(), Need::closed);
  const auto all = words(p.take_finished());
  ASSERT_EQ(all.size(), 2u);
  for (const auto& one : all)
    EXPECT_EQ(one,
              "temporary 0 4.5.0 the peer breaks the protocol: a reply to what was not said "
              "yet");
}

// A connection lost, closed by 421 or broken at each stage: every recipient gets one ruling.
enum class End { lost, closing, garbage };
struct Stage {
  const char* replies;       // to the pipelined transaction of two recipients
  bool content;              // whether the content is sent
  bool dot;                  // whether the final dot is sent
  const char* first;         // the expected beginning for the first recipient with a loss
  bool untouched, in_doubt;  // with a loss
};

TEST_F(Client, EveryEndAtEveryStageDecidesEveryRecipient) {
  const Stage stages[] = {
      {"", false, false, "temporary 0 4.4.2 lost connection while saying MAIL FROM", true, false},
      {"250 ok\r\n", false, false, "temporary 0 4.4.2 lost connection while saying RCPT TO", true,
       false},
      {"250 ok\r\n550 no\r\n", false, false, "permanent 550 5.0.0 no", true, false},
      {"250 ok\r\n250 ok\r\n250 ok\r\n", false, false,
       "temporary 0 4.4.2 lost connection while saying DATA", true, false},
      {"250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n", true, false,
       "temporary 0 4.4.2 lost connection while sending the message", false, false},
      {"250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n", true, true,
       "temporary 0 4.4.2 lost connection while waiting for the answer to the final dot; it may "
       "have been delivered",
       false, true},
  };
  for (const auto& stage : stages)
    for (auto end : {End::lost, End::closing, End::garbage}) {
      p = ClientProtocol("me.example");
      greet_pipelining();
      p.begin(to({"a@x", "b@x"}));
      says();
      peer(stage.replies);
      EXPECT_EQ(p.need() == Need::content, stage.content);
      if (stage.dot) p.finish_content(".\r\n");
      if (end == End::lost) p.lost("lost connection");
      if (end == End::closing) peer("421 4.3.2 going down\r\n");
      if (end == End::garbage) peer("hello\r\n");
      EXPECT_EQ(p.need(), Need::closed);
      auto finished = p.take_finished();
      ASSERT_TRUE(finished) << stage.first;
      auto all = words(finished);
      ASSERT_EQ(all.size(), 2u);
      const bool refused_before = all[0] == "permanent 550 5.0.0 no";
      if (end == End::lost) {
        EXPECT_EQ(all[0], stage.first);
        EXPECT_EQ(finished->untouched, stage.untouched);
        EXPECT_EQ(finished->in_doubt, stage.in_doubt);
      } else if (end == End::closing) {
        EXPECT_FALSE(finished->in_doubt);
        EXPECT_EQ(finished->untouched, stage.untouched);
      } else {
        EXPECT_EQ(finished->in_doubt, stage.in_doubt);
        EXPECT_FALSE(finished->untouched);
      }
      if (end == End::closing && !refused_before) {
        EXPECT_EQ(all[0], "temporary 421 4.3.2 going down");
      }
      if (end == End::garbage) {
        EXPECT_EQ(all[1],
                  std::string("temporary 0 4.5.0 the peer breaks the protocol: not an SMTP reply: "
                              "\"hello\"") +
                      (stage.in_doubt ? "; it may have been delivered" : ""));
      }
      EXPECT_FALSE(p.take_finished());
    }
}

TEST_F(Client, WrongRepliesAreABrokenPeer) {
  for (auto replies : {"354 x\r\n", "250 ok\r\n354 x\r\n", "250 ok\r\n250 ok\r\n250 x\r\n"}) {
    p = ClientProtocol("me.example");
    greet_pipelining();
    p.begin(to({"a@x"}));
    says();
    peer(replies);
    EXPECT_EQ(p.need(), Need::closed) << replies;
    auto all = words(p.take_finished());
    ASSERT_EQ(all.size(), 1u);
    EXPECT_TRUE(all[0].starts_with("temporary 0 4.5.0 ")) << all[0];
  }
}

TEST_F(Client, EverySplitOfTheRepliesGivesTheSame) {
  const std::string_view replies =
      "250-2.1.0 a\r\n250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n550-5.1.1 No\r\n550 5.1.1 b\r\n354 go\r\n";
  for (std::size_t at = 0; at <= replies.size(); ++at) {
    p = ClientProtocol("me.example");
    greet_pipelining();
    p.begin(to({"a@x", "b@x"}));
    says();
    peer(replies.substr(0, at));
    peer(replies.substr(at));
    ASSERT_EQ(p.need(), Need::content);
    p.finish_content(".\r\n");
    peer("250 ok\r\n");
    EXPECT_EQ(words(p.take_finished()),
              (Words{"accepted 250 2.0.0 ok", "permanent 550 5.1.1 No b"}));
  }
}

TEST_F(Client, EachStageHasItsTimeOut) {
  EXPECT_EQ(p.timeout(), limits::greeting_timeout);
  peer("220 x\r\n");
  EXPECT_EQ(p.timeout(), limits::ehlo_timeout);
  says();
  peer("250-x\r\n250 PIPELINING\r\n");
  p.begin(to({"a@x"}));
  says();
  EXPECT_EQ(p.timeout(), limits::mail_timeout);
  peer("250 ok\r\n250 ok\r\n");
  EXPECT_EQ(p.timeout(), limits::data_timeout);
  peer("354 go\r\n");
  EXPECT_EQ(p.timeout(), limits::data_block_timeout);
  p.finish_content(".\r\n");
  EXPECT_EQ(p.timeout(), limits::data_end_timeout);
}

TEST(ClientDeathTest, APathWithALineEndIsABug) {
  ClientProtocol p("me");
  p.received("220 x\r\n");
  p.written();
  p.received("250-x\r\n250 PIPELINING\r\n");
  Transaction transaction;
  transaction.recipients = {"a@x>\r\nRCPT TO:<b@x"};
  ASSERT_EQ(p.need(), Need::transaction);
  EXPECT_DEATH(p.begin(transaction), "append_path");
}

}  // namespace
}  // namespace malleposte::smtp
