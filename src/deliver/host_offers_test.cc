// What follows from what a next hop offers: which host gets a message, in how many transactions and
// sessions, and what becomes of one that nobody can take.
#include "deliver/delivery_fixture.h"

namespace malleposte::deliver {
namespace {

class HostOffers : public Delivery {
 protected:
  // Two hosts; the first is asked first.
  void two_hosts() {
    world.settings.smart_relay = {{"192.0.2.1", 25, false}, {"192.0.2.2", 25, false}};
  }
  FakeHost& other() { return world.network.host("192.0.2.2:25"); }

  mail::MessageId put_international() {
    const auto id =
        put("s@example.org", {"r@example.com"}, "Subject: caf\xC3\xA9\r\n\r\n.hello\r\n");
    message(id).envelope.requests.smtputf8 = true;
    return id;
  }
  std::vector<std::string> many(std::size_t count, const std::string& domain) {
    std::vector<std::string> all;
    for (std::size_t i = 0; i < count; ++i) all.push_back('r' + std::to_string(i) + '@' + domain);
    return all;
  }
  // Who got it, sorted; each transaction has at most `most`.
  std::vector<std::string> taken(std::size_t most) {
    std::vector<std::string> all;
    for (const auto& mail : relay().mails) {
      EXPECT_LE(mail.to.size(), most);
      all.insert(all.end(), mail.to.begin(), mail.to.end());
    }
    std::sort(all.begin(), all.end());
    return all;
  }
};

// RFC 6531 3.2: another host of the same destination may be able to.
TEST_F(HostOffers, TheHostThatTakesInternationalMailGetsIt) {
  two_hosts();
  relay().offers = {"PIPELINING", "8BITMIME"};
  other().offers = {"PIPELINING", "8BITMIME", "SMTPUTF8"};
  const auto id = put_international();
  start();
  EXPECT_EQ(last(id).fate, mail::Fate::delivered);
  EXPECT_EQ(relay().mails.size(), 0u);
  ASSERT_EQ(other().mails.size(), 1u);
}

// clause: 6531-3.2-f
TEST_F(HostOffers, InternationalMailBouncesWhereNoHostTakesIt) {
  two_hosts();
  relay().offers = other().offers = {"PIPELINING", "8BITMIME"};
  const auto id = put_international();
  start();
  EXPECT_EQ(last(id).fate, mail::Fate::bounced);
  EXPECT_EQ(last(id).answer.status, "5.6.7");
  EXPECT_EQ(relay().mails.size() + other().mails.size(), 0u);
}

TEST_F(HostOffers, InternationalMailWaitsForAHostThatCannotBeAsked) {
  two_hosts();
  relay().offers = {"PIPELINING", "8BITMIME"};
  other().offers = {"PIPELINING", "8BITMIME", "SMTPUTF8"};
  other().refuses_connections = true;
  const auto id = put_international();
  start();
  EXPECT_EQ(last(id).fate, mail::Fate::queued);
  EXPECT_EQ(last(id).answer.status, "4.6.7");
  other().refuses_connections = false;
  pass(1h);
  EXPECT_EQ(last(id).fate, mail::Fate::delivered);
}

// The connection to a host that cannot take a message is there for others.
TEST_F(HostOffers, OtherMailGoesOnWhereInternationalMailCannot) {
  relay().offers = {"PIPELINING", "8BITMIME"};
  const auto before = put("s@example.org", {"r@example.com"});
  const auto international = put_international();
  const auto after = put("s@example.org", {"r@example.com"});
  start();
  EXPECT_EQ(last(before).fate, mail::Fate::delivered);
  EXPECT_EQ(last(international).answer.status, "5.6.7");
  EXPECT_EQ(last(after).fate, mail::Fate::delivered);
}

// RFC 9422 4.2.
TEST_F(HostOffers, RecipientsBeyondTheHostsNumberGoInFurtherTransactions) {
  relay().offers = {"PIPELINING", "LIMITS RCPTMAX=2"};
  const auto recipients = many(5, "example.com");
  const auto id = put("s@example.org", recipients);
  start();
  EXPECT_EQ(taken(2), recipients);
  EXPECT_EQ(relay().mails.size(), 3u);
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_EQ(last(id, i).fate, mail::Fate::delivered);
    EXPECT_EQ(message(id).history[i].size(), 1u);
  }
}

// RFC 9422 4.1.
// clause: 9422-3.8-a
TEST_F(HostOffers, ASessionEndsAfterTheHostsNumberOfMessages) {
  relay().offers = {"PIPELINING", "LIMITS MAILMAX=2"};
  std::vector<mail::MessageId> ids;
  for (int i = 0; i < 5; ++i) ids.push_back(put("s@example.org", {"r@example.com"}));
  start();
  for (auto id : ids) {
    EXPECT_EQ(last(id).fate, mail::Fate::delivered);
    EXPECT_EQ(message(id).history[0].size(), 1u);
  }
  std::map<unsigned, int> on_connection;
  for (const auto& mail : relay().mails) EXPECT_LE(++on_connection[mail.connection], 2);
  EXPECT_EQ(relay().mails.size(), 5u);
}

// RFC 9422 4.3.
TEST_F(HostOffers, RecipientsBeyondTheHostsNumberOfDomainsGoInFurtherSessions) {
  relay().offers = {"PIPELINING", "LIMITS RCPTDOMAINMAX=1"};
  const std::vector<std::string> recipients = {"a@one.example", "b@two.example", "c@one.example",
                                               "d@three.example"};
  const auto id = put("s@example.org", recipients);
  start();
  pass(1min);
  EXPECT_EQ(taken(2), recipients);
  std::map<unsigned, std::set<std::string>> domains;
  for (const auto& mail : relay().mails)
    for (const auto& to : mail.to) domains[mail.connection].insert(to.substr(to.find('@')));
  for (const auto& [connection, of] : domains) EXPECT_EQ(of.size(), 1u);
  for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(last(id, i).fate, mail::Fate::delivered);
}

TEST_F(HostOffers, AllLimitsTogetherLoseAndDoubleNothing) {
  relay().offers = {"PIPELINING", "LIMITS RCPTMAX=2 MAILMAX=3 RCPTDOMAINMAX=2"};
  std::vector<std::string> all;
  for (int i = 0; i < 7; ++i) {
    std::vector<std::string> recipients;
    for (int j = 0; j <= i; ++j)
      recipients.push_back('r' + std::to_string(10 * i + j) + "@d" + std::to_string(j % 4) +
                           ".example");
    put("s@example.org", recipients);
    all.insert(all.end(), recipients.begin(), recipients.end());
  }
  start();
  pass(1min);
  std::sort(all.begin(), all.end());
  EXPECT_EQ(taken(2), all);
}

// clause: 2852-4.1.4.1-a 2852-7-a
// RFC 2852 4: mode R. The smart relay is the operator's, but this is no fault of it.
// clause: 2852-4.1.4.1-a 2852-7-a
TEST_F(HostOffers, WhatIsToComeBackInTimeIsNotGivenToWhoDoesNotPromiseThat) {
  two_hosts();
  relay().offers = {"PIPELINING"};
  other().offers = {"PIPELINING", "DELIVERBY"};
  const auto id = put("s@example.org", {"r@example.com"});
  message(id).envelope.requests.deliver_by = mail::DeliverBy{world.loop.wall() + 2h, true, false};
  start();
  EXPECT_EQ(last(id).fate, mail::Fate::bounced);
  EXPECT_EQ(last(id).answer.status, "5.3.3");
  EXPECT_EQ(other().connections, 0u) << "hosts are not tried one by one for it";
  EXPECT_TRUE(relay().mails.empty());
}

// clause: 2852-4.1.4-a
TEST_F(HostOffers, TheTimeThatIsLeftIsToldAsItIsAtTheAttempt) {
  relay().offers = {"PIPELINING", "DELIVERBY"};
  relay().refuses_connections = true;
  const auto id = put("s@example.org", {"r@example.com"});
  message(id).envelope.requests.deliver_by = mail::DeliverBy{world.loop.wall() + 2h, true, false};
  start();
  EXPECT_EQ(last(id).fate, mail::Fate::queued);
  relay().refuses_connections = false;
  pass(10min);
  EXPECT_EQ(last(id).fate, mail::Fate::delivered);
  const auto& commands = relay().commands;
  const auto mail = std::find_if(commands.begin(), commands.end(),
                                 [](const auto& line) { return line.starts_with("MAIL"); });
  ASSERT_NE(mail, commands.end());
  const auto left = std::stoi(mail->substr(mail->find("BY=") + 3));
  EXPECT_LT(left, 7000);
  EXPECT_GT(left, 6400);
}

}  // namespace
}  // namespace malleposte::deliver
