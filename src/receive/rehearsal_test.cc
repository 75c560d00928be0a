// What `malleposte test` would tell, and that it is what a session does.
#include "receive/rehearsal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/values.h"

namespace malleposte::receive {
namespace {

using policy::Rehearsal;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

config::Settings settings() {
  config::Settings settings;
  settings.hostname = "mail.example.org";
  settings.smtpd_trusted_networks = *config::parse_cidr_list("192.0.2.0/24");
  settings.relay_domains = {"relay.example"};
  settings.message_size_limit = 1'000'000;
  return settings;
}

Rehearsal rehearsed(const config::Settings& settings, const char* client, std::string sender,
                    std::string recipient, std::optional<Limit> met = {}, bool room = true,
                    std::optional<Recipients::Found> found = {}) {
  return rehearse({*parse_ip(client), "198.51.100.1", "", std::move(sender), std::move(recipient)},
                  Rules(settings), met, room, found, WallTime(std::chrono::hours(500'000)));
}

std::vector<std::string> commands(const Rehearsal& rehearsal) {
  std::vector<std::string> all;
  for (const auto& step : rehearsal.steps) all.push_back(step.command);
  return all;
}

TEST(Rehearsal, ATrustedClientMaySendAnywhereAndItIsSaidWhy) {
  const auto told = rehearsed(settings(), "192.0.2.9", "a@example.org", "b@any.example");
  EXPECT_THAT(commands(told),
              ElementsAre("connection", "EHLO [192.0.2.9]", "MAIL FROM:<a@example.org>",
                          "RCPT TO:<b@any.example>", "DATA"));
  EXPECT_EQ(told.steps[0].reply, "220 mail.example.org ESMTP Malleposte");
  EXPECT_THAT(told.steps[1].reply, HasSubstr("250-DELIVERBY\n"));
  EXPECT_THAT(told.steps[1].reply, HasSubstr("250-FUTURERELEASE 2592000 2027-02-14T"));
  EXPECT_EQ(told.steps[2].reply, "250 2.1.0 Sender accepted.");
  EXPECT_EQ(told.steps[3].reply, "250 2.1.5 Recipient accepted.");
  EXPECT_THAT(told.steps[3].because, ElementsAre("smtpd_trusted_networks has 192.0.2.0/24"));
  EXPECT_THAT(told.steps[4].reply, StartsWith("354 "));
  EXPECT_EQ(to_string(*told.recipient), "b@any.example");
  EXPECT_FALSE(told.held);
}

TEST(Rehearsal, AStrangerIsRefusedAtTheRecipientAndNothingFollows) {
  const auto told = rehearsed(settings(), "203.0.113.9", "<>", "b@any.example");
  ASSERT_EQ(told.steps.size(), 4U);
  EXPECT_EQ(told.steps[2].command, "MAIL FROM:<>");
  EXPECT_FALSE(told.steps[3].taken);
  EXPECT_EQ(told.steps[3].reply,
            "553 5.7.1 Sorry, that domain isn't in my list of allowed rcpthosts.");
  EXPECT_THAT(told.steps[3].because,
              ElementsAre("smtpd_trusted_networks has not 203.0.113.9, and relay_domains has not "
                          "any.example"));
  EXPECT_FALSE(told.recipient);
  EXPECT_TRUE(rehearsed(settings(), "203.0.113.9", "<>", "b@relay.example").recipient);
}

TEST(Rehearsal, WhatTheProtocolItselfRefusesIsTold) {
  const auto told = rehearsed(settings(), "192.0.2.9", "a@example.org", "b@-bad-");
  EXPECT_FALSE(told.steps.back().taken);
  EXPECT_THAT(told.steps.back().reply, StartsWith("5"));
  EXPECT_TRUE(rehearsed(settings(), "192.0.2.9", "jörg@bücher.example", "b@any.example").recipient);
}

TEST(Rehearsal, ALimitAtTheDoorEndsItWithTheProperty) {
  const auto told = rehearsed(settings(), "203.0.113.9", "a@example.org", "b@relay.example",
                              Limit::sessions_per_address);
  ASSERT_EQ(told.steps.size(), 1U);
  EXPECT_EQ(told.steps[0].reply, "421 4.7.0 You have too many connections open.");
  EXPECT_THAT(told.steps[0].because, Contains("sessions_per_address is reached"));
}

TEST(Rehearsal, WithoutRoomTheSenderIsToldToComeBack) {
  const auto told = rehearsed(settings(), "192.0.2.9", "a@example.org", "b@any.example", {}, false);
  EXPECT_THAT(told.steps.back().reply, StartsWith("452 4.3.1"));
}

TEST(Rehearsal, WithheldExtensionsAndThePostmasterRuleAreNamed) {
  auto strict = settings();
  strict.ehlo_withheld = *config::parse_withheld_offers("DSN@198.51.100.1, ETRN@198.51.100.2");
  const auto told = rehearsed(strict, "203.0.113.9", "a@example.org", "postmaster");
  EXPECT_THAT(told.steps[1].because, Contains("ehlo_withheld has DSN@198.51.100.1"));
  EXPECT_THAT(told.steps[1].because, Not(Contains(HasSubstr("ETRN"))));
  EXPECT_THAT(told.steps[1].reply, Not(HasSubstr("DSN")));
  EXPECT_TRUE(told.held);
  EXPECT_THAT(told.steps.back().because,
              Contains("the message is held, since root_address is empty"));
}

TEST(Rehearsal, WhoHasNoMailboxIsRefusedAndThePostmasterIsNot) {
  using Found = Recipients::Found;
  const auto to = [](const char* recipient, Found found, const char* client = "192.0.2.9") {
    return rehearsed(settings(), client, "a@example.org", recipient, {}, true, found);
  };
  const auto told = to("b@relay.example", Found::nobody);
  EXPECT_EQ(told.steps.back().reply, "550 5.1.1 Sorry, there is no mailbox here by that name.");
  EXPECT_THAT(told.steps.back().because.back(), HasSubstr("there is none by its name"));
  EXPECT_FALSE(told.recipient);
  const auto postmaster = to("postmaster@relay.example", Found::nobody);
  ASSERT_TRUE(postmaster.recipient);
  EXPECT_EQ(to_string(*postmaster.recipient), "postmaster@mail.example.org");
  EXPECT_TRUE(postmaster.held);
  EXPECT_TRUE(to("b@relay.example", Found::there).recipient);
}

TEST(Rehearsal, WhereMailboxesCannotBeLookedIntoOnlyTrustedClientsAreHeard) {
  const auto unclear = Recipients::Found::unclear;
  const auto stranger =
      rehearsed(settings(), "198.51.100.7", "a@b.example", "b@relay.example", {}, true, unclear);
  EXPECT_THAT(stranger.steps.back().reply, HasSubstr("451 4.3.0"));
  EXPECT_THAT(stranger.steps.back().because.back(), HasSubstr("cannot be looked into now"));
  EXPECT_TRUE(
      rehearsed(settings(), "192.0.2.9", "a@b.example", "b@relay.example", {}, true, unclear)
          .recipient);
}

}  // namespace
}  // namespace malleposte::receive
