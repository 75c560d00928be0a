#include "deliver/dispatcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits.h"
#include "deliver/fake_world.h"

namespace malleposte::deliver {
namespace {

using namespace std::chrono_literals;
using mail::Fate;
using testing::ElementsAre;
using testing::HasSubstr;

// Whole deliveries in a fake world: store, names, network and time. FakeStore checks that every
// leased recipient is settled exactly once.
class Delivery : public testing::Test {
 protected:
  Delivery() { world.settings.smart_relay = {{"192.0.2.1", 25, false}}; }
  ~Delivery() override {
    for (const auto& [id, message] : world.store.messages)
      EXPECT_TRUE(message.leased.empty() || leftovers_allowed) << "never settled";
  }

  void start() {
    own.emplace(world.settings, std::vector<IpAddress>{});
    routes.emplace(world.settings);
    dispatcher.emplace(Surroundings{world.loop, world.store, world.network, world.resolver,
                                    world.record, world.settings, *own, *routes});
    dispatcher->start();
    world.loop.settle();
  }
  void pass(Duration duration = 0s) { world.loop.pass(duration); }

  mail::MessageId put(const std::string& from, const std::vector<std::string>& to,
                      std::string content = "Subject: x\r\n\r\n.hello\r\n") {
    return world.store.put(from, to, std::move(content));
  }
  FakeStore::Message& message(mail::MessageId id) { return world.store.messages.at(id.value); }
  const mail::Outcome& last(mail::MessageId id, std::size_t recipient = 0) {
    static const mail::Outcome none{};
    auto& history = message(id).history[recipient];
    EXPECT_FALSE(history.empty());
    return history.empty() ? none : history.back();
  }
  FakeHost& relay() { return world.network.host("192.0.2.1:25"); }

  FakeWorld world;
  std::optional<OwnAddresses> own;
  std::optional<RouteTable> routes;
  std::optional<Dispatcher> dispatcher;
  bool leftovers_allowed = false;
};

TEST_F(Delivery, WhatIsHeldBeforeItsTurnGoesBackUntried) {
  relay();
  auto id = put("s@example.org", {"a@x.example", "b@y.example"});
  world.store.unwanted.insert(id.value);
  start();
  pass(1s);
  EXPECT_TRUE(message(id).leased.empty());
  EXPECT_TRUE(message(id).history[0].empty());
  EXPECT_TRUE(relay().mails.empty());
  auto other = put("s@example.org", {"c@x.example"});
  pass(1s);
  EXPECT_EQ(last(other).fate, mail::Fate::delivered) << "the next one goes on";
}

TEST_F(Delivery, AMessageReachesTheNextHopAndIsGone) {
  relay();
  start();
  auto id = put("s@example.org", {"a@x.example"});
  pass();
  ASSERT_EQ(relay().mails.size(), 1u);
  EXPECT_EQ(relay().mails[0].from, "s@example.org");
  EXPECT_THAT(relay().mails[0].to, ElementsAre("a@x.example"));
  EXPECT_EQ(relay().mails[0].content, "Subject: x\r\n\r\n.hello\r\n");
  EXPECT_EQ(last(id).fate, Fate::delivered);
  EXPECT_EQ(last(id).answer.address, "192.0.2.1:25");
  EXPECT_THAT(world.record.outcomes, ElementsAre("a@x.example delivered 2.0.0 taken"));
  EXPECT_THAT(world.record.gone, ElementsAre(id));
}

TEST_F(Delivery, AMessageCostsOneWriteOnAKeptConnection) {
  relay();
  start();
  for (int i = 0; i < 40; ++i) put("s@example.org", {"a@x.example"});
  pass();
  EXPECT_EQ(relay().mails.size(), 40u);
  EXPECT_LE(relay().connections, queue::Window::initial + 3);
  // EHLO and the first MAIL are two, then each message one: content, dot and the next commands.
  EXPECT_LE(relay().writes.size(), 40 + 2 * relay().connections);
}

TEST_F(Delivery, ConnectionsAreKeptForALittleWhile) {
  relay();
  start();
  put("s@example.org", {"a@x.example"});
  pass(2s);
  put("s@example.org", {"b@x.example"});
  pass(2s);
  EXPECT_EQ(relay().connections, 1u);
  EXPECT_EQ(relay().open, 1u);
  pass(10s);
  EXPECT_EQ(relay().open, 0u);
  EXPECT_EQ(relay().commands.back(), "QUIT");
}

TEST_F(Delivery, AConnectionCarriesALimitedNumber) {
  relay();
  start();
  for (std::size_t i = 0; i < 3 * limits::messages_per_connection; ++i) {
    put("s@example.org", {"a@x.example"});
    pass();
  }
  EXPECT_EQ(relay().mails.size(), 3 * limits::messages_per_connection);
  EXPECT_EQ(relay().connections, 3u);
}

TEST_F(Delivery, WorksWithoutPipelining) {
  relay().offers = {};
  start();
  for (int i = 0; i < 10; ++i) put("s@example.org", {"a@x.example", "b@x.example"});
  pass();
  EXPECT_EQ(relay().mails.size(), 10u);
}

TEST_F(Delivery, EachRecipientHasItsOwnOutcome) {
  relay().answer = [](const std::string& line, const std::string&) -> std::optional<Say> {
    if (line.find("<no@") != std::string::npos) return say("550 5.1.1 no such user");
    if (line.find("<later@") != std::string::npos) return say("450 4.2.1 busy");
    return std::nullopt;
  };
  start();
  auto id = put("s@example.org", {"yes@x.example", "no@x.example", "later@x.example"});
  pass();
  EXPECT_EQ(last(id, 0).fate, Fate::delivered);
  EXPECT_EQ(last(id, 1).fate, Fate::bounced);
  EXPECT_EQ(last(id, 1).answer.text, "no such user");
  EXPECT_EQ(last(id, 2).fate, Fate::queued);
  const auto wait = last(id, 2).next_attempt - world.loop.wall();
  EXPECT_GE(wait, 270s);
  EXPECT_LE(wait, 330s);
  ASSERT_EQ(world.store.settlements.size(), 1u);  // outcome and notice are one
  ASSERT_EQ(world.store.generated.size(), 1u);
  const auto& dsn = world.store.generated[0];
  EXPECT_TRUE(dsn.envelope.reverse_path.null());
  EXPECT_EQ(mail::to_string(dsn.envelope.recipients[0]), "s@example.org");
  EXPECT_THAT(dsn.content, HasSubstr("no such user"));
  EXPECT_THAT(dsn.content, HasSubstr("Subject: x\r\n"));
  EXPECT_THAT(dsn.content, testing::Not(HasSubstr(".hello")));
  EXPECT_TRUE(world.record.gone.empty());

  relay().answer = {};
  pass(6min);
  EXPECT_EQ(last(id, 2).fate, Fate::delivered);
  EXPECT_THAT(world.record.gone, ElementsAre(id));
}

TEST_F(Delivery, AllFailuresOfAMessageAreOneNotice) {
  world.settings.smart_relay.clear();
  for (auto domain : {"x.example", "y.example"}) {
    const auto n = std::string(domain).substr(0, 1);
    world.resolver.mx(domain, {{10, "mx." + n}});
    world.resolver.address("mx." + n, {n == "x" ? "192.0.2.11" : "192.0.2.12"});
  }
  world.network.host("192.0.2.11:25").answer = [](const std::string& line,
                                                  const std::string&) -> std::optional<Say> {
    if (line.starts_with("RCPT")) return say("550 x says no");
    return std::nullopt;
  };
  auto& slow = world.network.host("192.0.2.12:25");
  slow.greeting = silence();
  start();
  auto id = put("s@example.org", {"a@x.example", "b@y.example", "c@nowhere.example"});
  pass(1s);
  EXPECT_TRUE(world.store.settlements.empty()) << "the failures wait for the last part";
  pass(6min);
  EXPECT_EQ(last(id, 0).fate, Fate::bounced);
  EXPECT_EQ(last(id, 1).fate, Fate::queued);
  EXPECT_EQ(last(id, 2).fate, Fate::bounced);
  EXPECT_EQ(last(id, 2).answer.status, "5.1.2");
  ASSERT_EQ(world.store.generated.size(), 1u);
  EXPECT_THAT(world.store.generated[0].content, HasSubstr("x says no"));
  EXPECT_THAT(world.store.generated[0].content, HasSubstr("nowhere.example does not exist"));
}

TEST_F(Delivery, ABounceIsNeverBounced) {
  relay().answer = [](const std::string& line, const std::string&) -> std::optional<Say> {
    if (line.starts_with("MAIL")) return say("550 no");
    return std::nullopt;
  };
  start();
  auto id = put("", {"a@x.example"});
  pass();
  EXPECT_EQ(last(id).fate, Fate::bounced);
  EXPECT_TRUE(world.store.generated.empty());
}

TEST_F(Delivery, MailExpiresWithANotice) {
  relay().refuses_connections = true;
  start();
  auto id = put("s@example.org", {"a@x.example"});
  pass(119h);
  EXPECT_EQ(last(id).fate, Fate::queued);
  EXPECT_EQ(last(id).answer.status, "4.4.1");
  pass(2h);
  EXPECT_EQ(last(id).fate, Fate::expired);
  ASSERT_EQ(world.store.generated.size(), 1u);
  EXPECT_THAT(world.store.generated[0].content, HasSubstr("Connection refused"));
  // 5, 10, 20, 40 minutes, then every hour, and a last one at the end.
  EXPECT_NEAR(static_cast<double>(message(id).history[0].size()), 125, 10);
}

TEST_F(Delivery, ADeadSiteIsAskedOnceForAllItsMail) {
  relay().never_answers = true;
  start();
  for (int i = 0; i < 200; ++i) put("s@example.org", {"a@x.example"});
  pass(31s);
  EXPECT_LE(world.network.attempts.size(), queue::Window::initial);
  for (auto& [id, message] : world.store.messages) {
    ASSERT_EQ(message.history[0].size(), 1u);
    EXPECT_THAT(message.history[0][0].answer.text, HasSubstr("Connection timed out"));
  }
  relay().never_answers = false;
  pass(6min);
  EXPECT_EQ(relay().mails.size(), 200u);
}

TEST_F(Delivery, AHostThatTakesFewConnectionsIsGivenFew) {
  relay().answer = [this](const std::string&, const std::string&) -> std::optional<Say> {
    relay().greeting = relay().open >= 2 ? say_and_close("421 too many") : say("220 hi");
    return std::nullopt;
  };
  start();
  put("s@example.org", {"a@x.example"});
  pass();
  for (int i = 0; i < 300; ++i) put("s@example.org", {"a@x.example"});
  pass(1min);
  EXPECT_EQ(relay().mails.size(), 301u);
}

TEST_F(Delivery, HostsAreTriedInOrder) {
  world.settings.smart_relay = {{"192.0.2.1", 25, false},
                                {"192.0.2.2", 25, false},
                                {"192.0.2.3", 25, false},
                                {"192.0.2.4", 25, false}};
  world.network.host("192.0.2.2:25").greeting = say_and_close("421 busy");
  world.network.host("192.0.2.3:25").answer = [](const std::string& line, const std::string&) {
    return line.starts_with("EHLO") ? std::optional(say_and_close("451 not now")) : std::nullopt;
  };
  world.network.host("192.0.2.4:25");
  start();
  auto id = put("s@example.org", {"a@x.example"});
  pass();
  EXPECT_THAT(world.network.attempts,
              ElementsAre("192.0.2.1:25", "192.0.2.2:25", "192.0.2.3:25", "192.0.2.4:25"));
  EXPECT_EQ(last(id).fate, Fate::delivered);
  EXPECT_EQ(last(id).answer.host, "192.0.2.4");
}

TEST_F(Delivery, AnAttemptTriesALimitedNumberOfAddresses) {
  world.settings.smart_relay.clear();
  for (int i = 1; i < 30; ++i)
    world.settings.smart_relay.push_back({"192.0.2." + std::to_string(i), 25, false});
  start();
  put("s@example.org", {"a@x.example"});
  pass();
  EXPECT_EQ(world.network.attempts.size(), limits::addresses_per_attempt);
}

TEST_F(Delivery, AHostThatTakesNoMailBouncesItsDomainButNotARelaysMail) {
  relay().greeting = say_and_close("554 5.7.1 no");
  world.resolver.address("x.example", {"192.0.2.1"});
  start();
  auto relayed = put("s@example.org", {"a@x.example"});
  pass();
  EXPECT_EQ(last(relayed).fate, Fate::queued);
  EXPECT_EQ(last(relayed).answer.code, 554);
  dispatcher.reset();
  world.settings.smart_relay.clear();
  start();
  auto direct = put("s@example.org", {"a@x.example"});
  pass();
  EXPECT_EQ(last(direct).fate, Fate::bounced);
}

TEST_F(Delivery, NothingIsSentThroughAnUnconnectedTerminal) {
  world.settings.net = "0.255.255.255";
  relay();
  start();
  auto id = put("s@example.org", {"a@x.example"});
  pass();
  EXPECT_TRUE(world.network.attempts.empty());
  EXPECT_EQ(last(id).fate, Fate::queued);
  EXPECT_EQ(last(id).answer.status, "4.4.0");
}

TEST_F(Delivery, SuspendedNothingIsLeased) {
  world.settings.deliveries_suspended = true;
  relay();
  start();
  put("s@example.org", {"a@x.example"});
  pass(1h);
  EXPECT_EQ(world.store.opens, 0u);
  EXPECT_EQ(dispatcher->leased_messages(), 0u);
  dispatcher->suspend(false);
  pass();
  EXPECT_EQ(relay().mails.size(), 1u);
}

TEST_F(Delivery, ATooLargeMessageIsNotEvenOffered) {
  relay().offers = {"PIPELINING", "SIZE 10"};
  start();
  auto small = put("s@example.org", {"a@x.example"}, "1234\r\n");
  auto large = put("s@example.org", {"a@x.example"}, "1234567890\r\n");
  pass();
  EXPECT_EQ(last(small).fate, Fate::delivered);
  EXPECT_EQ(last(large).fate, Fate::bounced);
  EXPECT_EQ(last(large).answer.status, "5.3.4");
  EXPECT_EQ(relay().commands[1], "MAIL FROM:<s@example.org> SIZE=6");
}

TEST_F(Delivery, ManyRecipientsBecomeSeveralTransactions) {
  relay();
  start();
  std::vector<std::string> to;
  for (int i = 0; i < 250; ++i) to.push_back("u" + std::to_string(i) + "@x.example");
  auto id = put("s@example.org", to);
  pass();
  ASSERT_EQ(relay().mails.size(), 3u);
  std::size_t all = 0;
  for (const auto& mail : relay().mails) {
    EXPECT_LE(mail.to.size(), limits::recipients_per_transaction);
    all += mail.to.size();
  }
  EXPECT_EQ(all, 250u);
  for (std::size_t i = 0; i < 250; ++i) EXPECT_EQ(last(id, i).fate, Fate::delivered);
  EXPECT_THAT(world.record.gone, ElementsAre(id));
}

TEST_F(Delivery, ContentInBlocksArrivesWhole) {
  std::string content = "Subject: x\r\n\r\n";
  for (int i = 0; i < 3000; ++i)
    content += (i % 3 == 0 ? ".." : "a.b") + std::to_string(i) + "\r\n";
  relay();
  for (std::size_t block : {1u, 7u, 4096u}) {
    world.store.block = block;
    if (!dispatcher) start();
    put("s@example.org", {"a@x.example"}, content);
    pass();
    ASSERT_FALSE(relay().mails.empty());
    EXPECT_EQ(relay().mails.back().content, content);
  }
  EXPECT_EQ(relay().mails.size(), 3u);
}

// A connection that ends at each stage, in each way: the recipients are deferred, with the reason.
struct Ending {
  const char* stage;  // the line whose answer is replaced, "." for the end of data
  Say say;
  const char* status;
  const char* text;
};

class EndingAt : public Delivery, public testing::WithParamInterface<std::tuple<Ending, bool>> {};

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

class Shutdown : public Delivery {
 protected:
  void stop() {
    spawn([](Dispatcher& d, std::optional<std::vector<InDoubt>>& to) -> Task<void> {
      to = co_await d.stop();
    }(*dispatcher, in_doubt));
  }
  std::optional<std::vector<InDoubt>> in_doubt;
};

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
