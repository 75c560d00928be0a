#include "smtp/client_protocol.h"

#include "base/limits.h"
#include "smtp/client_fixture.h"

namespace malleposte::smtp {
namespace {

// clause: 5321-2.2.1-a 5321-2.2.1-c 5321-3.3-m 5321-4.1.1.1-c 5321-4.1.1.1-e 5321-4.1.4-a
// clause: 5321-4.1.4-j 5321-4.5.4.1-h 5321-4.5.4.1-i 5321-4.5.4.1-j 5321-F.3-a 5321-4.2-h
// clause: 5321-4.2-g 2920-3.1-a 2920-3.1-b 6152-3-a
// clause: 5321-2.3.5-c 5321-4.1.1.1-b 5321-4.1.4-f
TEST_F(Client, PipelinesAWholeTransaction) {
  greet("250-mx\r\n250-PIPELINING\r\n250-SIZE 1000\r\n250 8BITMIME\r\n");
  auto transaction = to({"a@x", "b@x"}, 30);
  transaction.body = mail::Body::eight_bit;
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

// clause: 5321-4.1.1.3-f 5321-4.3.1-a 5321-4.1.1-c
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

// clause: 5321-2.2.1-d 5321-3.2-b
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

// clause: 5321-4.2.1-a
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

// clause: 1870-6.2-a 1870-6.2-c
TEST_F(Client, ARefusedSenderEndsAPlainTransactionAtOnce) {
  greet_plain();
  p.begin(to({"a@x"}));
  says();
  peer("451 4.3.0 later\r\n");
  EXPECT_EQ(words(p.take_finished()), Words{"temporary 451 4.3.0 later"});
  p.begin(to({"a@x"}));
  EXPECT_EQ(says(), "MAIL FROM:<s@example.org>\r\n");
}

// clause: 5321-3.3-i
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

// clause: 2920-3.1-a
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

// The lone dot ends what nobody is to get. Where the peer has taken somebody all the same, it would
// send them an empty message in the name of whoever wrote before.
TEST_F(Client, NoEmptyMessageIsEverSent) {
  greet_pipelining();
  p.begin(to({"a@x", "b@x"}));
  says();
  peer("550 no\r\n250 ok\r\n503 x\r\n354 go\r\n");
  EXPECT_EQ(says(), "");
  EXPECT_EQ(p.need(), Need::closed);
  EXPECT_EQ(words(p.take_finished()), (Words{"permanent 550 5.0.0 no", "permanent 550 5.0.0 no"}));
}

TEST_F(Client, ARefusedResetIsTheEndOfTheConnectionOnly) {
  for (auto reply : {"250 ok\r\n", "450 no\r\n", "502 no\r\n"}) {
    p = ClientProtocol("me.example");
    greet_pipelining();
    p.begin(to({"a@x"}));
    says();
    peer("250 ok\r\n250 ok\r\n451 full\r\n");
    (void)p.take_finished();
    p.begin(to({"b@x"}));
    EXPECT_TRUE(says().starts_with("RSET\r\nMAIL"));
    peer(reply);
    if (reply[0] == '2') {
      EXPECT_EQ(p.need(), Need::read);
      continue;
    }
    peer("503 nested\r\n250 ok\r\n354 go\r\n");
    EXPECT_EQ(p.need(), Need::closed);
    auto finished = p.take_finished();
    EXPECT_TRUE(finished->untouched) << "it may go over another connection";
    EXPECT_EQ(finished->results[0].verdict, Verdict::temporary);
  }
}

// clause: 5321-3.3-h 1870-6.2-e
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

// clause: 5321-4.5.3.1.10-a 5321-4.5.3.1.10-c 5321-4.5.3.1-c
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

// clause: 5321-4.5.3.1.7-c
TEST_F(Client, ATooLargeMessageIsKnownBefore) {
  greet("250-mx\r\n250 SIZE 100\r\n");
  EXPECT_FALSE(unfit(p.offers(), to({"a@x"}, 100)));
  auto ruling = unfit(p.offers(), to({"a@x"}, 101));
  ASSERT_TRUE(ruling);
  EXPECT_EQ(ruling->status, "5.3.4");
  EXPECT_EQ(ruling->verdict, Verdict::permanent);
  EXPECT_EQ(ruling->text, "the message has 101 octets; this host takes at most 100");
}

// clause: 5321-4.1.4-k
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

// clause: 5321-3.8-c 5321-4.1.1.10-f
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

// clause: 2920-3.1-c 2920-3.1-e
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

// clause: 5321-4.5.3.2-a 5321-4.5.3.2-b 5321-4.5.3.2-c 5321-4.5.3.2-d 5321-4.5.4-a
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

// clause: 5321-2.3.8-b
TEST(ClientDeathTest, APathWithALineEndIsABug) {
  ClientProtocol p("me");
  p.received("220 x\r\n");
  p.written();
  p.received("250-x\r\n250 PIPELINING\r\n");
  Transaction transaction;
  transaction.recipients = {{"a@x>\r\nRCPT TO:<b@x"}};
  ASSERT_EQ(p.need(), Need::transaction);
  EXPECT_DEATH(p.begin(transaction), "append_path");
}

}  // namespace
}  // namespace malleposte::smtp
