// How conversations end: politely, by 421, lost, or because the peer cannot be followed any more.
#include "smtp/client_fixture.h"

namespace malleposte::smtp {
namespace {

// clause: 2920-3.1-b
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

// clause: 5321-4.1.1.10-c 5321-4.1.4-p 5321-4.1.4-q
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
// clause: 5321-4.3.1-b
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

// clause: 5321-3.8-c
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

// clause: 5321-4.2-m
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

}  // namespace
}  // namespace malleposte::smtp
