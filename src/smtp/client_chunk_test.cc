// The content by BDAT (RFC 3030), to peers that know it, break it, or only say that they do.
#include "base/limits.h"
#include "smtp/client_fixture.h"

namespace malleposte::smtp {
namespace {

class ClientChunk : public Client {
 protected:
  void greet_chunking() { greet("250-mx\r\n250-PIPELINING\r\n250 CHUNKING\r\n"); }
  // Up to the content, of one recipient.
  void to_the_content() {
    greet_chunking();
    p.begin(to({"a@x"}));
    says();
    peer("250 ok\r\n250 ok\r\n");
    ASSERT_EQ(p.need(), Need::content);
  }
};

// clause: 3030-3-a 1870-5-a
// RFC 3030 4.1: no DATA; the length of the message exactly, and nothing behind it.
TEST_F(ClientChunk, TheContentIsOneChunk) {
  greet_chunking();
  p.begin(to({"a@x", "b@x"}, 30));
  EXPECT_EQ(says(), "MAIL FROM:<s@example.org>\r\nRCPT TO:<a@x>\r\nRCPT TO:<b@x>\r\n");
  peer("250 ok\r\n550 5.1.1 no\r\n");
  EXPECT_EQ(p.need(), Need::read);
  EXPECT_EQ(p.timeout(), limits::rcpt_timeout);
  peer("250 ok\r\n");
  ASSERT_EQ(p.need(), Need::content);
  EXPECT_TRUE(p.sends_chunk());
  EXPECT_EQ(p.content_head(), "BDAT 30 LAST\r\n");
  EXPECT_FALSE(p.past_final_dot());
  EXPECT_EQ(p.finish_content(""), "");
  EXPECT_TRUE(p.past_final_dot());
  EXPECT_EQ(p.timeout(), limits::data_end_timeout);
  p.content_written();
  peer("250 2.0.0 all of it\r\n");
  EXPECT_EQ(words(p.take_finished()),
            (Words{"permanent 550 5.1.1 no", "accepted 250 2.0.0 all of it"}));
  EXPECT_EQ(p.need(), Need::transaction);
}

TEST_F(ClientChunk, WithoutPipeliningItNeedsNoLeaveEither) {
  greet("250-mx\r\n250 CHUNKING\r\n");
  p.begin(to({"a@x", "b@x"}));
  for (auto command : {"MAIL FROM:<s@example.org>\r\n", "RCPT TO:<a@x>\r\n", "RCPT TO:<b@x>\r\n"}) {
    EXPECT_EQ(says(), command);
    peer("250 ok\r\n");
  }
  ASSERT_EQ(p.need(), Need::content);
  EXPECT_FALSE(p.takes_next());
}

TEST_F(ClientChunk, NothingIsSentForNobody) {
  greet_chunking();
  p.begin(to({"a@x"}));
  says();
  peer("250 ok\r\n550 no\r\n");
  EXPECT_EQ(words(p.take_finished()), Words{"permanent 550 5.0.0 no"});
  EXPECT_EQ(p.need(), Need::transaction);
  p.begin(to({"b@x"}));
  EXPECT_EQ(says(), "RSET\r\nMAIL FROM:<s@example.org>\r\nRCPT TO:<b@x>\r\n");
}

// clause: 3030-2-c
TEST_F(ClientChunk, ARefusedSenderIsEveryRecipients) {
  greet_chunking();
  p.begin(to({"a@x", "b@x"}));
  says();
  peer("550 5.7.1 not you\r\n503 x\r\n250 ok\r\n");
  EXPECT_EQ(words(p.take_finished()),
            (Words{"permanent 550 5.7.1 not you", "permanent 550 5.7.1 not you"}));
  p.begin(to({"a@x"}));
  EXPECT_TRUE(says().starts_with("RSET\r\n")) << "the peer took mail without a sender";
}

// RFC 2920 3.1, RFC 3030 4.2.
TEST_F(ClientChunk, TheNextCommandsFollowTheChunk) {
  to_the_content();
  ASSERT_TRUE(p.takes_next());
  p.begin(to({"b@x"}, 5));
  EXPECT_EQ(p.content_head(), "BDAT 3 LAST\r\n");
  EXPECT_EQ(p.finish_content(""), "RSET\r\nMAIL FROM:<s@example.org>\r\nRCPT TO:<b@x>\r\n");
  p.content_written();
  peer("250 first\r\n250 ok\r\n250 ok\r\n250 ok\r\n");
  EXPECT_EQ(words(p.take_finished()), Words{"accepted 250 2.0.0 first"});
  ASSERT_EQ(p.need(), Need::content);
  EXPECT_EQ(p.content_head(), "BDAT 5 LAST\r\n");
  p.finish_content("");
  peer("250 second\r\n");
  EXPECT_EQ(words(p.take_finished()), Words{"accepted 250 2.0.0 second"});
}

// clause: 3030-2-h 3030-2-f
TEST_F(ClientChunk, ARefusedChunkIsResetBeforeTheNextMessage) {
  to_the_content();
  p.finish_content("");
  peer("552 5.2.2 full\r\n");
  EXPECT_EQ(words(p.take_finished()), Words{"permanent 552 5.2.2 full"});
  p.begin(to({"b@x"}));
  EXPECT_TRUE(says().starts_with("RSET\r\nMAIL"));
}

// clause: 3030-2-h
// Else the next message meets a peer that is still in the transaction before, and bounces with 503.
TEST_F(ClientChunk, ARefusedChunkDoesNotHarmTheMessageBehindIt) {
  to_the_content();
  p.begin(to({"b@x"}));
  EXPECT_TRUE(p.finish_content("").starts_with("RSET\r\nMAIL"));
  p.content_written();
  peer("452 4.3.1 full\r\n250 reset\r\n250 ok\r\n250 ok\r\n");
  EXPECT_EQ(words(p.take_finished()), Words{"temporary 452 4.3.1 full"});
  EXPECT_EQ(p.need(), Need::content);
}

// Somebody between has let the offer pass and not the command.
TEST_F(ClientChunk, APeerThatDoesNotKnowBdatIsSpokenToOtherwise) {
  for (bool early : {true, false})
    for (auto reply : {"500 5.5.1 what\r\n", "502 5.5.1 what\r\n"}) {
      p = ClientProtocol("me.example");
      to_the_content();
      p.begin(to({"b@x"}));
      if (!early) p.finish_content("");
      peer(reply);
      const auto first = p.take_finished();
      ASSERT_TRUE(first);
      EXPECT_TRUE(first->chunking_broken);
      EXPECT_FALSE(first->in_doubt);
      EXPECT_EQ(first->results[0].verdict, Verdict::temporary);
      const auto second = p.take_finished();
      ASSERT_TRUE(second);
      EXPECT_TRUE(second->untouched);
      EXPECT_EQ(p.need(), Need::closed) << "it may take the content for commands";
    }
  p = ClientProtocol("me.example");
  greet_chunking();
  p.forgo_chunking();
  p.begin(to({"a@x"}));
  EXPECT_TRUE(says().ends_with("DATA\r\n"));
}

TEST_F(ClientChunk, ARefusalInTheMiddleIsBelieved) {
  to_the_content();
  peer("552 5.3.4 too much\r\n");
  const auto finished = p.take_finished();
  EXPECT_EQ(words(finished), Words{"permanent 552 5.3.4 too much"});
  EXPECT_FALSE(finished->chunking_broken);
  EXPECT_EQ(p.need(), Need::closed);
}

TEST_F(ClientChunk, WordsOutOfTurnAreABrokenPeer) {
  for (auto reply : {"250 ok\r\n", "354 go\r\n"}) {
    p = ClientProtocol("me.example");
    to_the_content();
    peer(reply);
    const auto all = words(p.take_finished());
    ASSERT_EQ(all.size(), 1u);
    EXPECT_TRUE(all[0].starts_with("temporary 0 4.5.0 ")) << all[0];
  }
  p = ClientProtocol("me.example");
  to_the_content();
  p.finish_content("");
  peer("354 go\r\n");
  const auto finished = p.take_finished();
  EXPECT_TRUE(finished->in_doubt);
}

// One reply too many has moved the others: the 550 was not the second recipient's.
TEST_F(ClientChunk, AReplyTooManyMakesAllOfThemDoubtful) {
  greet_chunking();
  p.begin(to({"a@x", "b@x"}));
  says();
  peer("250 ok\r\n250 ok\r\n550 no\r\n250 ok\r\n");
  EXPECT_EQ(p.need(), Need::closed);
  for (const auto& one : words(p.take_finished()))
    EXPECT_TRUE(one.starts_with("temporary 0 4.5.0 ")) << one;
}

TEST_F(ClientChunk, TheEndBehindTheLastOctetLeavesItInDoubt) {
  to_the_content();
  p.lost("lost connection");
  auto finished = p.take_finished();
  EXPECT_FALSE(finished->in_doubt);
  EXPECT_FALSE(finished->untouched);
  p = ClientProtocol("me.example");
  to_the_content();
  p.finish_content("");
  p.lost("lost connection");
  finished = p.take_finished();
  EXPECT_TRUE(finished->in_doubt);
  EXPECT_EQ(words(finished),
            Words{"temporary 0 4.4.2 lost connection while waiting for the answer to the message; "
                  "it may have been delivered"});
}

TEST_F(ClientChunk, GoodByeInsteadOfAnAnswerLeavesNoDoubt) {
  to_the_content();
  p.begin(to({"b@x"}));
  p.finish_content("");
  peer("421 4.3.2 going down\r\n");
  const auto first = p.take_finished();
  EXPECT_EQ(words(first), Words{"temporary 421 4.3.2 going down"});
  EXPECT_FALSE(first->in_doubt);
  EXPECT_TRUE(p.take_finished()->untouched);
}

// RFC 3461 5.2.2: only who offers DSN goes on reporting.
TEST_F(Client, ReportsArePassedOnToWhoOffersThem) {
  for (bool dsn : {true, false}) {
    p = ClientProtocol("me.example");
    greet(dsn ? "250-mx\r\n250-PIPELINING\r\n250 DSN\r\n" : "250-mx\r\n250 PIPELINING\r\n");
    p.begin(to({"a@x", "b@x"}));
    says();
    peer("250 ok\r\n250 ok\r\n550 no\r\n354 go\r\n");
    p.finish_content(".\r\n");
    peer("250 ok\r\n");
    const auto finished = p.take_finished();
    EXPECT_EQ(finished->results[0].reports_passed_on, dsn);
    EXPECT_FALSE(finished->results[1].reports_passed_on);
  }
}

}  // namespace
}  // namespace malleposte::smtp
