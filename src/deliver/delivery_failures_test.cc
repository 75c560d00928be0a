// What goes wrong on the way out, and the end of the server.
#include <gmock/gmock.h>

#include "deliver/delivery_fixture.h"

namespace malleposte::deliver {
namespace {

using mail::Fate;
using testing::ElementsAre;
using testing::HasSubstr;

// A connection that ends at each stage, in each way: the recipients are deferred, with the reason.
struct Ending {
  const char* stage;  // the line whose answer is replaced, "." for the end of data
  Say say;
  const char* status;
  const char* text;
};

class EndingAt : public Delivery, public testing::WithParamInterface<std::tuple<Ending, bool>> {};

// clause: 5321-4.5.4.1-a 5321-3.8-c
TEST_P(EndingAt, DefersEveryRecipientOnce) {
  const auto& [ending, pipelining] = GetParam();
  if (!pipelining) relay().offers = {};
  relay().answer = [&ending = ending](const std::string& line,
                                      const std::string&) -> std::optional<Say> {
    if (line.starts_with(ending.stage)) return ending.say;
    return std::nullopt;
  };
  start();
  auto id = put("s@example.org", {"a@x.example", "b@x.example"});
  pass(16min);
  for (std::size_t i : {0u, 1u}) {
    ASSERT_GE(message(id).history[i].size(), 1u);
    const auto& first = message(id).history[i][0];
    EXPECT_EQ(first.fate, Fate::queued);
    EXPECT_EQ(first.answer.status, ending.status);
    EXPECT_THAT(first.answer.text, HasSubstr(ending.text));
    EXPECT_EQ(first.answer.address, "192.0.2.1:25");
  }
  EXPECT_TRUE(relay().mails.empty());
  relay().answer = {};
  pass(2h);
  EXPECT_EQ(relay().mails.size(), 1u);
  EXPECT_EQ(relay().mails[0].to.size(), 2u);
}

INSTANTIATE_TEST_SUITE_P(
    Stages, EndingAt,
    testing::Combine(
        testing::Values(
            Ending{"EHLO", close_now(), "4.4.2", "lost connection while saying EHLO"},
            Ending{"EHLO", silence(), "4.4.2", "timed out while saying EHLO"},
            Ending{"EHLO", say_and_close("421 4.3.2 down"), "4.3.2", "down"},
            Ending{"EHLO", say("nonsense"), "4.5.0", "breaks the protocol"},
            Ending{"MAIL", close_now(), "4.4.2", "lost connection while saying MAIL FROM"},
            Ending{"MAIL", silence(), "4.4.2", "timed out while saying "},
            Ending{"MAIL", say_and_close("421 4.3.2 down"), "4.3.2", "down"},
            Ending{"MAIL", say("451 4.3.0 later"), "4.3.0", "later"},
            Ending{"MAIL", say("354 what"), "4.5.0", "breaks the protocol"},
            Ending{"RCPT", close_now(), "4.4.2", "lost connection while saying RCPT TO"},
            Ending{"RCPT", say_and_close("421 4.3.2 down"), "4.3.2", "down"},
            Ending{"RCPT", say("450 4.2.0 grey"), "4.2.0", "grey"},
            Ending{"DATA", close_now(), "4.4.2", "lost connection while saying DATA"},
            Ending{"DATA", silence(), "4.4.2", "timed out while saying DATA"},
            Ending{"DATA", say_and_close("421 4.3.2 down"), "4.3.2", "down"},
            Ending{"DATA", say("452 4.3.1 full"), "4.3.1", "full"},
            Ending{"DATA", say("250 eh"), "4.5.0", "breaks the protocol"},
            Ending{".", close_now(), "4.4.2", "it may have been delivered"},
            Ending{".", silence(), "4.4.2", "timed out while waiting for the answer to the final"},
            Ending{".", say_and_close("421 4.3.2 down"), "4.3.2", "down"},
            Ending{".", say("451 4.3.0 later"), "4.3.0", "later"},
            Ending{".", say("354 eh"), "4.5.0", "breaks the protocol"}),
        testing::Bool()));

TEST_F(Delivery, ABrokenTransferIsDeferred) {
  relay().breaks_after_content_octets = 20;
  world.store.block = 16;
  start();
  auto id = put("s@example.org", {"a@x.example"}, std::string(1000, 'x') + "\r\n");
  pass();
  EXPECT_EQ(last(id).fate, Fate::queued);
  EXPECT_EQ(last(id).answer.text, "lost connection while sending the message");
}

std::string blocks(std::size_t count) {
  std::string content;
  while (content.size() < count * 65536) content += "a line of a long message\r\n";
  return content;
}

// Each block comes just in time: a long message would have the connection for days.
TEST_F(Delivery, AHostThatTakesTheContentTooSlowlyIsLetGo) {
  relay().takes_a_block_in = limits::data_block_timeout - 10s;
  start();
  const auto id = put("s@example.org", {"a@x.example"}, blocks(500));
  pass(20min);
  ASSERT_EQ(message(id).history[0].size(), 1u);
  EXPECT_EQ(last(id).fate, Fate::queued);
  EXPECT_EQ(last(id).answer.status, "4.4.2");
  EXPECT_THAT(last(id).answer.text, HasSubstr("timed out while sending"));
  EXPECT_EQ(last(id).answer.outcome_class, mail::OutcomeClass::timeout);
  EXPECT_EQ(relay().open, 0u);
}

// Slower at times, but on the whole fast enough; and each message begins anew.
TEST_F(Delivery, AHostThatTakesTheContentSlowlyGetsAllOfIt) {
  relay().takes_a_block_in = 100s;
  start();
  for (int i = 0; i < 3; ++i) put("s@example.org", {"a@x.example"}, blocks(10));
  pass(90min);
  EXPECT_EQ(relay().mails.size(), 3u);
}

TEST_F(Delivery, AStaleConnectionIsReplacedWithoutAnAttempt) {
  relay();
  start();
  put("s@example.org", {"a@x.example"});
  pass(1s);
  bool stale = true;
  relay().answer = [&](const std::string& line, const std::string&) -> std::optional<Say> {
    if (stale && line.starts_with("MAIL")) {
      stale = false;
      return close_now();
    }
    return std::nullopt;
  };
  auto id = put("s@example.org", {"b@x.example"});
  pass(1s);
  EXPECT_EQ(relay().connections, 2u);
  EXPECT_EQ(message(id).history[0].size(), 1u);
  EXPECT_EQ(last(id).fate, Fate::delivered);
}

TEST_F(Delivery, AConnectionClosedForIdlenessIsReplacedToo) {
  relay();
  start();
  put("s@example.org", {"a@x.example"});
  pass(1s);
  bool stale = true;
  relay().answer = [&](const std::string& line, const std::string&) -> std::optional<Say> {
    if (stale && line.starts_with("MAIL")) {
      stale = false;
      return say_and_close("421 4.4.2 idle");
    }
    return std::nullopt;
  };
  auto id = put("s@example.org", {"b@x.example"});
  pass(1s);
  EXPECT_EQ(message(id).history[0].size(), 1u);
  EXPECT_EQ(last(id).fate, Fate::delivered);
}

TEST_F(Delivery, AReplacementIsMadeOnlyOnce) {
  relay();
  start();
  put("s@example.org", {"a@x.example"});
  pass(1s);
  relay().answer = [](const std::string& line, const std::string&) -> std::optional<Say> {
    if (line.starts_with("MAIL")) return close_now();
    return std::nullopt;
  };
  auto id = put("s@example.org", {"b@x.example"});
  pass(1s);
  EXPECT_EQ(relay().connections, 2u);
  EXPECT_EQ(message(id).history[0].size(), 1u);
  EXPECT_EQ(last(id).fate, Fate::queued);
}

// Peers that close after each message, or take no command behind the dot: the next message is
// carried over another connection and nothing is counted against it.
TEST_F(Delivery, ACloseBehindTheDotCostsTheNextMessageNothing) {
  relay().answer = [](const std::string& line, const std::string&) -> std::optional<Say> {
    if (line == ".") return say_and_close("250 one is enough");
    return std::nullopt;
  };
  start();
  for (int i = 0; i < 30; ++i) put("s@example.org", {"a@x.example"});
  pass(1min);
  EXPECT_EQ(relay().mails.size(), 30u);
  for (auto& [id, message] : world.store.messages) EXPECT_EQ(message.history[0].size(), 1u);
}

// Hosts limit the messages of a connection, too. That is no reason to send the rest for ever
// without commands behind the dot.
TEST_F(Delivery, ACloseNowAndThenDoesNotEndTheLookahead) {
  unsigned messages = 0;
  relay().answer = [&](const std::string& line, const std::string&) -> std::optional<Say> {
    if (line == "." && ++messages % 10 == 0) return say_and_close("250 enough");
    return std::nullopt;
  };
  start();
  for (int i = 0; i < 200; ++i) put("s@example.org", {"a@x.example"});
  pass(1min);
  EXPECT_EQ(relay().mails.size(), 200u);
  EXPECT_LE(relay().writes.size(), 200 + 3 * relay().connections);
}

TEST_F(Delivery, OutcomesThatCannotBeKeptAreSettledAgain) {
  relay();
  world.store.failing_settlements = 5;
  start();
  auto id = put("s@example.org", {"a@x.example"});
  pass(1s);
  EXPECT_EQ(relay().mails.size(), 1u);
  EXPECT_TRUE(message(id).history[0].empty());
  pass(5min);
  EXPECT_EQ(last(id).fate, Fate::delivered);
  EXPECT_EQ(relay().mails.size(), 1u) << "delivered again";
  EXPECT_EQ(world.record.outcomes.size(), 1u);
}

TEST_F(Delivery, ASlowSettlementDoesNotHoldTheConnection) {
  relay();
  world.store.settle_delay = 1h;
  start();
  for (int i = 0; i < 20; ++i) put("s@example.org", {"a@x.example"});
  pass(1s);
  EXPECT_EQ(relay().mails.size(), 20u);
  pass(2h);
}

TEST_F(Delivery, WithoutRoomForItsOutcomeNothingStarts) {
  relay();
  world.store.refused_reservations = 3;
  start();
  auto id = put("s@example.org", {"a@x.example"});
  pass(500ms);
  EXPECT_TRUE(relay().mails.empty());
  EXPECT_EQ(world.store.opens, 0u);
  pass(5s);
  EXPECT_EQ(last(id).fate, Fate::delivered);
}

TEST_F(Delivery, AMessageThatCannotBeReadStaysAndStopsNothing) {
  relay();
  world.store.failing_opens = 1;
  start();
  auto damaged = put("s@example.org", {"a@x.example"});
  auto good = put("s@example.org", {"b@x.example"});
  pass();
  EXPECT_EQ(last(damaged).fate, Fate::queued);
  EXPECT_EQ(last(damaged).answer.status, "4.3.0");
  EXPECT_EQ(last(good).fate, Fate::delivered);
  EXPECT_EQ(world.record.events.size(), 1u);
}

TEST_F(Delivery, DamageInTheMiddleNeverCompletesAMessage) {
  relay();
  world.store.block = 16;
  world.store.damaged_at = 32;
  start();
  auto id = put("s@example.org", {"a@x.example"}, std::string(100, 'x') + "\r\n");
  pass();
  EXPECT_TRUE(relay().mails.empty());
  EXPECT_EQ(last(id).fate, Fate::queued);
  EXPECT_EQ(last(id).answer.status, "4.3.0");
  EXPECT_EQ(relay().open, 0u);
}

TEST_F(Delivery, ManySitesAreServed) {
  world.settings.smart_relay.clear();
  for (int i = 0; i < 500; ++i)
    world.resolver.address("d" + std::to_string(i) + ".example", {"192.0.2.1"});
  relay();
  start();
  for (int i = 0; i < 500; ++i)
    put("s@example.org", {"a@d" + std::to_string(i) + ".example", "b@d1.example"});
  pass(1min);
  std::size_t recipients = 0;
  for (const auto& mail : relay().mails) recipients += mail.to.size();
  EXPECT_EQ(recipients, 1000u);
  EXPECT_LE(relay().most_open, limits::deliveries_in_all + 1);
  EXPECT_EQ(dispatcher->leased_messages(), 0u);
  pass(2min);
  EXPECT_EQ(relay().open, 0u);
}

// --- Shutdown ------------------------------------------------------------------------------------

using Shutdown = Delivery;

TEST_F(Shutdown, WaitsForTheAnswerToTheFinalDot) {
  relay().answer = [](const std::string& line, const std::string&) -> std::optional<Say> {
    if (line == ".") return silence();
    return std::nullopt;
  };
  start();
  auto id = put("s@example.org", {"a@x.example"});
  pass();
  stop();
  pass(10s);
  EXPECT_FALSE(in_doubt);
  leftovers_allowed = true;
  pass(25s);
  ASSERT_TRUE(in_doubt);
  ASSERT_EQ(in_doubt->size(), 1u);
  EXPECT_EQ(in_doubt->front().message, id);
  EXPECT_EQ(in_doubt->front().host, "192.0.2.1");
  EXPECT_TRUE(message(id).history[0].empty()) << "an outcome was invented";
}

TEST_F(Shutdown, EndsWhatIsNotPastTheDotAtOnce) {
  relay().answer = [](const std::string& line, const std::string&) -> std::optional<Say> {
    if (line == "DATA") return silence();
    return std::nullopt;
  };
  start();
  auto id = put("s@example.org", {"a@x.example"});
  pass();
  EXPECT_EQ(relay().open, 1u);
  stop();
  leftovers_allowed = true;
  pass(1s);
  ASSERT_TRUE(in_doubt);
  EXPECT_TRUE(in_doubt->empty());
  EXPECT_EQ(relay().open, 0u);
  EXPECT_TRUE(message(id).history[0].empty()) << "a shutdown is no attempt";
}

TEST_F(Shutdown, WaitsForSettlements) {
  relay();
  world.store.settle_delay = 3s;
  start();
  auto id = put("s@example.org", {"a@x.example"});
  pass();
  stop();
  pass(2s);
  EXPECT_FALSE(in_doubt);
  pass(2s);
  EXPECT_TRUE(in_doubt);
  EXPECT_EQ(last(id).fate, Fate::delivered);
}

TEST_F(Shutdown, AHurryWaitsForNoPeer) {
  relay().answer = [](const std::string& line, const std::string&) -> std::optional<Say> {
    if (line == ".") return silence();
    return std::nullopt;
  };
  start();
  auto id = put("s@example.org", {"a@x.example"});
  pass();
  stop();
  EXPECT_EQ(dispatcher->past_final_dot(), 1u);
  pass(1s);
  EXPECT_FALSE(in_doubt);
  dispatcher->hasten();
  leftovers_allowed = true;
  pass(1s);
  ASSERT_TRUE(in_doubt);
  ASSERT_EQ(in_doubt->size(), 1u);
  EXPECT_EQ(in_doubt->front().message, id);
  EXPECT_TRUE(message(id).history[0].empty()) << "it stays in the queue as it was";
}

TEST_F(Shutdown, AHurryStillWaitsForTheDisk) {
  relay();
  world.store.settle_delay = 3s;
  start();
  auto id = put("s@example.org", {"a@x.example"});
  pass();
  stop();
  dispatcher->hasten();
  pass(2s);
  EXPECT_FALSE(in_doubt) << "an answer that we have would be lost, and the mail doubled";
  pass(2s);
  ASSERT_TRUE(in_doubt);
  EXPECT_TRUE(in_doubt->empty());
  EXPECT_EQ(last(id).fate, Fate::delivered);
}

TEST_F(Shutdown, NothingStartsAfterwards) {
  relay();
  start();
  put("s@example.org", {"a@x.example"});
  pass();
  stop();
  pass(1s);
  ASSERT_TRUE(in_doubt);
  EXPECT_EQ(relay().open, 0u) << "kept connections say good bye";
  put("s@example.org", {"b@x.example"});
  pass(1h);
  EXPECT_EQ(relay().mails.size(), 1u);
}

}  // namespace
}  // namespace malleposte::deliver
