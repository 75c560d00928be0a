#include <gmock/gmock.h>

#include "deliver/delivery_fixture.h"

namespace malleposte::deliver {
namespace {

using mail::Fate;
using testing::ElementsAre;
using testing::HasSubstr;

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
  EXPECT_LE(relay().connections, queue::Window::quick + 3);
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

// clause: 5321-4.2.1-a 5321-4.2.1-b 5321-3.3-j
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

// clause: 5321-4.4-t 5321-4.4-u 5321-4.4-v 5321-6.1-b 5321-4.1.1.4-h 5321-3.6.3-a 3464-3-b
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

// clause: 5321-3.6.3-c 5321-6.1-e 5321-4.5.4-b 3461-5.2-a
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

TEST_F(Delivery, ADeadSiteIsAskedAtOnceWhenSomebodyWantsIt) {
  relay().refuses_connections = true;
  start();
  put("s@example.org", {"a@x.example"});
  pass(1s);
  relay().refuses_connections = false;
  const auto second = put("s@example.org", {"a@x.example"});
  pass(limits::first_probe / 2);
  ASSERT_TRUE(message(second).history[0].empty()) << "it waits for the probe";
  world.store.flush(second);
  pass();
  EXPECT_EQ(last(second).fate, Fate::delivered);
}

// clause: 5321-4.5.4.1-e
TEST_F(Delivery, ADeadSiteIsAskedOnceForAllItsMail) {
  relay().never_answers = true;
  start();
  for (int i = 0; i < 200; ++i) put("s@example.org", {"a@x.example"});
  pass(31s);
  EXPECT_EQ(world.network.attempts.size(), 1u);
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

// clause: 1870-6.2-d
TEST_F(Delivery, ATooLargeMessageIsNotEvenOffered) {
  relay().offers = {"PIPELINING", "SIZE 10"};
  start();
  auto small = put("s@example.org", {"a@x.example"}, "1234\r\n");
  auto large = put("s@example.org", {"a@x.example"}, "1234567890\r\n");
  pass();
  EXPECT_EQ(last(small).fate, Fate::delivered);
  EXPECT_EQ(last(large).fate, Fate::bounced);
  EXPECT_EQ(last(large).answer.status, "5.3.4");
  std::vector<std::string> mails;
  for (const auto& command : relay().commands)
    if (command.starts_with("MAIL")) mails.push_back(command);
  EXPECT_EQ(mails, std::vector<std::string>{"MAIL FROM:<s@example.org> SIZE=6"});
}

// A backup host with a small limit bounced what the primary would have taken.
TEST_F(Delivery, WhatIsTooLargeForOneHostGoesToTheNext) {
  world.settings.smart_relay.clear();
  world.resolver.mx("x.example", {{10, "small.example"}, {20, "large.example"}});
  world.resolver.address("small.example", {"192.0.2.10"});
  world.resolver.address("large.example", {"192.0.2.20"});
  auto& small = world.network.host("192.0.2.10:25");
  auto& large = world.network.host("192.0.2.20:25");
  small.offers = {"PIPELINING", "SIZE 10"};
  large.offers = {"PIPELINING", "SIZE 20"};
  start();
  const std::string contents[] = {"1234567890\r\n", "1\r\n", "1234567890\r\n", "2\r\n"};
  for (const auto& content : contents) {
    auto id = put("s@example.org", {"a@x.example"}, content);
    pass(10ms);
    EXPECT_EQ(last(id).fate, Fate::delivered) << content;
  }
  std::size_t at_large = 0;
  for (const auto& mail : large.mails) at_large += mail.content == contents[0];
  EXPECT_EQ(at_large, 2u);
  for (const auto& command : small.commands) EXPECT_EQ(command.find("SIZE=12"), std::string::npos);

  // For good only when all say so; while one cannot be asked, it may be the one.
  auto nobodys = put("s@example.org", {"a@x.example"}, std::string(30, 'x') + "\r\n");
  pass(10ms);
  EXPECT_EQ(last(nobodys).fate, Fate::bounced);
  EXPECT_EQ(last(nobodys).answer.status, "5.3.4");
  pass(10s);
  large.refuses_connections = true;
  auto waits = put("s@example.org", {"a@x.example"}, contents[0]);
  auto goes = put("s@example.org", {"a@x.example"}, contents[1]);
  pass(10ms);
  EXPECT_EQ(last(waits).fate, Fate::queued);
  EXPECT_EQ(last(waits).answer.status, "4.3.4");
  EXPECT_EQ(last(waits).answer.host, "small.example");
  EXPECT_EQ(last(goes).fate, Fate::delivered) << "the site is not taken for dead";
  large.refuses_connections = false;
  pass(6min);
  EXPECT_EQ(last(waits).fate, Fate::delivered);
  pass(1min);
  EXPECT_EQ(small.open + large.open, 0u);
}

// clause: 5321-4.5.3.1.8-f
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

// RFC 5321 4.5.3.1.10: what is too much for one transaction is not too much for the next. Another
// mail server waits for its retry time, minutes for every hundred recipients of a list.
TEST_F(Delivery, RecipientsThatAreTooManyForAHostGoInFurtherTransactionsAtOnce) {
  std::size_t in_transaction = 0;
  relay().answer = [&](const std::string& line, const std::string&) -> std::optional<Say> {
    if (line.starts_with("MAIL")) in_transaction = 0;
    if (line.starts_with("RCPT") && line.find("nobody") != std::string::npos)
      return say("550 5.1.1 nobody");
    if (line.starts_with("RCPT") && ++in_transaction > 10) return say("452 4.5.3 too many");
    return std::nullopt;
  };
  start();
  std::vector<std::string> to;
  for (int i = 0; i < 35; ++i)
    to.push_back((i % 5 == 4 ? "nobody" : "u") + std::to_string(i) + "@x.example");
  auto id = put("s@example.org", to);
  auto behind = put("s@example.org", {"other@x.example"});
  pass();
  EXPECT_EQ(relay().mails.size(), 4u) << "28 recipients by tens, and the other message";
  for (std::size_t i = 0; i < to.size(); ++i) {
    ASSERT_EQ(message(id).history[i].size(), 1u) << to[i];
    EXPECT_EQ(last(id, i).fate, i % 5 == 4 ? Fate::bounced : Fate::delivered) << to[i];
  }
  EXPECT_EQ(last(behind).fate, Fate::delivered);
  EXPECT_EQ(world.store.generated.size(), 1u) << "one notice of all that were refused";
  EXPECT_EQ(dispatcher->leased_messages(), 0u);
}

// A host that takes nobody more, and says so to the first recipient, is not asked for ever.
TEST_F(Delivery, TooManySaidToTheFirstRecipientIsDeferred) {
  bool first = true;
  relay().answer = [&](const std::string& line, const std::string&) -> std::optional<Say> {
    if (!line.starts_with("RCPT") || std::exchange(first, false)) return std::nullopt;
    return say("452 4.5.3 too many");
  };
  start();
  auto id = put("s@example.org", {"a@x.example", "b@x.example", "c@x.example"});
  pass();
  EXPECT_EQ(relay().mails.size(), 1u);
  EXPECT_EQ(last(id, 0).fate, Fate::delivered);
  for (std::size_t i : {1u, 2u}) {
    EXPECT_EQ(message(id).history[i].size(), 1u);
    EXPECT_EQ(last(id, i).fate, Fate::queued);
    EXPECT_EQ(last(id, i).answer.text, "too many");
  }
}

// clause: 5321-2.4-d
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

}  // namespace
}  // namespace malleposte::deliver
