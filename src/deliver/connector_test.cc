// Which host of a plan is tried next, and what is said when none takes mail.
#include <gmock/gmock.h>

#include "deliver/delivery_fixture.h"

namespace malleposte::deliver {
namespace {

using mail::Fate;
using testing::ElementsAre;

class Connecting : public Delivery {
 protected:
  Connecting() { world.settings.smart_relay.clear(); }

  FakeHost& host(const std::string& address) { return world.network.host(address + ":25"); }
  // A host of x.example with an address each.
  void mx(std::uint16_t preference, const std::string& address) {
    const auto name = "h" + std::to_string(records.size()) + ".x.example";
    records.push_back({preference, name});
    world.resolver.mx("x.example", records);
    if (!address.empty())
      world.resolver.address(name, {address});
    else
      world.resolver.hosts[name] = {net::Lookup::failed, {}, "SERVFAIL"};
  }
  mail::MessageId try_once() {
    start();
    auto id = put("s@example.org", {"a@x.example"});
    pass(1s);
    return id;
  }

  std::vector<net::Mx> records;
};

// clause: 5321-5.1-k 5321-5.1-l
TEST_F(Connecting, ANextHopIsTriedAtALimitedNumberOfAddressesThenTheNextOne) {
  world.settings.smart_relay = {{"x.example", 0, true}, {"192.0.2.250", 25, false}};
  for (std::uint16_t i = 1; i <= 15; ++i) mx(i, "192.0.2." + std::to_string(i));
  host("192.0.2.250");
  const auto id = try_once();
  ASSERT_EQ(world.network.attempts.size(), limits::addresses_per_next_hop + 1);
  EXPECT_EQ(last(id).fate, Fate::delivered);
}

// RFC 5321 5.1: the next host may take it; a broken or blocking best host is a reason to ask it.
TEST_F(Connecting, ARefusalForGoodAtTheGreetingLetsTheNextHostBeTried) {
  mx(10, "192.0.2.1");
  mx(20, "192.0.2.2");
  mx(30, "192.0.2.3");
  host("192.0.2.1").greeting = say_and_close("554 5.7.1 not from you");
  host("192.0.2.2").answer = [](const std::string& line, const std::string&) {
    return line.starts_with("EHLO") || line.starts_with("HELO")
               ? std::optional(say_and_close("550 5.7.1 no"))
               : std::nullopt;
  };
  host("192.0.2.3");
  const auto id = try_once();
  EXPECT_EQ(last(id).fate, Fate::delivered);
  EXPECT_EQ(last(id).answer.address, "192.0.2.3:25");
}

TEST_F(Connecting, OnlyWhenEveryHostRefusesForGoodItIsFinal) {
  mx(10, "192.0.2.1");
  mx(20, "192.0.2.2");
  host("192.0.2.1").greeting = say_and_close("554 5.7.1 not from you");
  host("192.0.2.2").greeting = say_and_close("521 5.3.2 no mail here");
  const auto id = try_once();
  EXPECT_EQ(last(id).fate, Fate::bounced);
  EXPECT_EQ(last(id).answer.code, 521);
}

TEST_F(Connecting, AHostThatCouldNotBeReachedKeepsARefusalFromBeingFinal) {
  mx(10, "192.0.2.1");
  mx(20, "192.0.2.2");
  host("192.0.2.1").refuses_connections = true;
  host("192.0.2.2").greeting = say_and_close("554 5.7.1 not from you");
  const auto id = try_once();
  EXPECT_EQ(last(id).fate, Fate::queued);
  EXPECT_EQ(last(id).answer.status, "4.4.1");
}

TEST_F(Connecting, AHostThatCouldNotBeLookedUpKeepsARefusalFromBeingFinal) {
  mx(10, "");
  mx(20, "192.0.2.2");
  host("192.0.2.2").greeting = say_and_close("554 5.7.1 not from you");
  const auto id = try_once();
  EXPECT_EQ(last(id).fate, Fate::queued);
  EXPECT_EQ(last(id).answer.status, "4.4.3");
}

TEST_F(Connecting, AHostThatCouldNotBeLookedUpKeepsNobodyFromTheOthers) {
  mx(10, "");
  mx(20, "192.0.2.2");
  host("192.0.2.2");
  EXPECT_EQ(last(try_once()).fate, Fate::delivered);
  EXPECT_THAT(world.network.attempts, ElementsAre("192.0.2.2:25"));
}

TEST_F(Connecting, AddressesBeyondTheLimitKeepARefusalFromBeingFinal) {
  for (std::uint16_t i = 1; i <= limits::addresses_per_next_hop + 1; ++i) {
    mx(i, "192.0.2." + std::to_string(i));
    host("192.0.2." + std::to_string(i)).greeting = say_and_close("554 5.7.1 not from you");
  }
  const auto id = try_once();
  EXPECT_EQ(world.network.attempts.size(), limits::addresses_per_next_hop);
  EXPECT_EQ(last(id).fate, Fate::queued);
}

// Nine equal hosts: the limit of one preference leaves one out that might take the mail.
TEST_F(Connecting, HostsBeyondTheLimitOfOnePreferenceKeepARefusalFromBeingFinal) {
  for (std::size_t i = 1; i <= limits::addresses_per_preference + 1; ++i) {
    mx(10, "192.0.2." + std::to_string(i));
    host("192.0.2." + std::to_string(i)).greeting = say_and_close("554 5.7.1 not from you");
  }
  const auto id = try_once();
  EXPECT_EQ(world.network.attempts.size(), limits::addresses_per_preference);
  EXPECT_EQ(last(id).fate, Fate::queued);
  EXPECT_THAT(last(id).answer.text, testing::HasSubstr("not from you; not every host was asked"));
}

TEST_F(Connecting, AddressesOfAHostBeyondTheLimitKeepARefusalFromBeingFinal) {
  std::vector<std::string> addresses;
  for (std::size_t i = 1; i <= limits::addresses_per_host + 1; ++i) {
    addresses.push_back("192.0.2." + std::to_string(i));
    host(addresses.back()).greeting = say_and_close("554 5.7.1 not from you");
  }
  world.resolver.mx("x.example", {{10, "h.x.example"}});
  world.resolver.address("h.x.example", addresses);
  EXPECT_EQ(last(try_once()).fate, Fate::queued);
}

// Most of the first twenty are one host: the limits of addresses are not reached.
TEST_F(Connecting, HostsThatAreNotEvenLookedUpKeepARefusalFromBeingFinal) {
  host("192.0.2.1").greeting = say_and_close("554 5.7.1 not from you");
  for (std::size_t i = 0; i < limits::mx_hosts_per_domain; ++i) mx(10, "192.0.2.1");
  const auto all = try_once();
  EXPECT_EQ(last(all).fate, Fate::bounced);
  mx(20, "192.0.2.2");
  const auto some = put("s@example.org", {"a@x.example"});
  pass(2min);  // until the site that refuses everything is tried again
  EXPECT_EQ(last(some).fate, Fate::queued);
  EXPECT_THAT(world.network.attempts, testing::Not(testing::Contains("192.0.2.2:25")));
}

// RFC 1870: that one could not be asked says nothing about the size it takes.
TEST_F(Connecting, AHostThatCouldNotBeLookedUpKeepsAMessageFromBeingTooLargeForGood) {
  mx(10, "");
  mx(20, "192.0.2.2");
  host("192.0.2.2").offers = {"SIZE 5"};
  const auto id = try_once();
  EXPECT_EQ(last(id).fate, Fate::queued);
  EXPECT_EQ(last(id).answer.status, "4.3.4");
}

TEST_F(Connecting, WhatOneOfManyFindsTooLargeAndTheOthersRefuseToHearIsNotFinal) {
  for (std::size_t i = 1; i <= limits::addresses_per_preference + 1; ++i) {
    mx(10, "192.0.2." + std::to_string(i));
    host("192.0.2." + std::to_string(i)).greeting = say_and_close("554 5.7.1 not from you");
  }
  mx(5, "192.0.2.50");
  host("192.0.2.50").offers = {"SIZE 5"};
  const auto id = try_once();
  EXPECT_EQ(last(id).fate, Fate::queued);
  EXPECT_EQ(last(id).answer.status, "4.3.4");
}

// Its sender would wait for days to hear what so many hosts have said at once.
TEST_F(Connecting, WhatIsTooLargeForAllThatWereTriedIsReturnedHoweverManyThereAre) {
  for (std::size_t i = 1; i <= limits::addresses_per_preference + 1; ++i) {
    mx(10, "192.0.2." + std::to_string(i));
    host("192.0.2." + std::to_string(i)).offers = {"SIZE 5"};
  }
  const auto id = try_once();
  EXPECT_EQ(last(id).fate, Fate::bounced);
  EXPECT_EQ(last(id).answer.status, "5.3.4");
}

}  // namespace
}  // namespace malleposte::deliver
