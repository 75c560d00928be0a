#include "deliver/candidates.h"

#include <gtest/gtest.h>

#include <set>

#include "base/limits.h"
#include "deliver/fake_world.h"

namespace malleposte::deliver {
namespace {

class CandidatesFor : public testing::Test {
 protected:
  FakeWorld world;
  std::vector<IpAddress> machine;

  Candidates find(config::NextHop next_hop) {
    OwnAddresses own(world.settings, machine);
    std::optional<Candidates> found;
    spawn([](NameSources names, config::NextHop hop, std::optional<Candidates>& to) -> Task<void> {
      to = co_await find_candidates(names, hop);
    }({world.loop, world.resolver, own, world.settings}, next_hop, found));
    EXPECT_TRUE(found);
    return *found;
  }
  // "192.0.2.1:25 192.0.2.2:25", or the status and reason of the failure.
  std::string line(config::NextHop next_hop) {
    auto found = find(next_hop);
    if (found.failure) return found.failure->status + ' ' + found.failure->text;
    std::string all;
    for (const auto& target : found.targets)
      all += (all.empty() ? "" : " ") + net::to_string(target.endpoint);
    return all;
  }
  std::string mx(const std::string& domain) { return line({domain, 0, true}); }
};

// clause: 5321-5.1-a 5321-5.1-g 5321-5.1-m 5321-5.1-p 5321-5.1-t
TEST_F(CandidatesFor, MxByPreference) {
  world.resolver.mx("x.example", {{20, "b.x"}, {10, "a.x"}});
  world.resolver.address("a.x", {"2001:db8::1", "192.0.2.1"});
  world.resolver.address("b.x", {"192.0.2.2"});
  EXPECT_EQ(mx("x.example"), "[2001:db8::1]:25 192.0.2.1:25 192.0.2.2:25");
  EXPECT_EQ(line({"x.example", 2525, true}), "[2001:db8::1]:2525 192.0.2.1:2525 192.0.2.2:2525");
  world.settings.mx_port = 26;
  EXPECT_EQ(mx("x.example"), "[2001:db8::1]:26 192.0.2.1:26 192.0.2.2:26");
}

// clause: 5321-5.1-n
TEST_F(CandidatesFor, EqualPreferencesComeInAnyOrder) {
  world.resolver.mx("x.example", {{10, "a.x"}, {10, "b.x"}, {10, "c.x"}, {5, "first.x"}});
  world.resolver.address("first.x", {"192.0.2.9"});
  world.resolver.address("a.x", {"192.0.2.1"});
  world.resolver.address("b.x", {"192.0.2.2"});
  world.resolver.address("c.x", {"192.0.2.3"});
  std::set<std::string> orders;
  for (int i = 0; i < 100; ++i) orders.insert(mx("x.example"));
  EXPECT_EQ(orders.size(), 6u);
  for (const auto& order : orders) EXPECT_TRUE(order.starts_with("192.0.2.9:25 "));
}

// clause: 5321-5.1-g
TEST_F(CandidatesFor, TheDomainItselfOnlyWithoutAnyMx) {
  world.resolver.address("x.example", {"192.0.2.1"});
  EXPECT_EQ(mx("x.example"), "192.0.2.1:25");
  world.resolver.mx("x.example", {{10, "gone.x"}});
  EXPECT_EQ(mx("x.example"), "5.4.4 no mail server of x.example has an address");
}

// clause: 5321-5.1-d 5321-5.1-e 5321-5.1-f 5321-5.1-h 7505-4.1-a
TEST_F(CandidatesFor, EachFailureOfNamesHasItsStatus) {
  EXPECT_EQ(mx("nowhere.example"), "5.1.2 the domain nowhere.example does not exist");
  world.resolver.mx("null.example", {{0, ""}});
  EXPECT_EQ(mx("null.example"), "5.1.10 the domain null.example accepts no mail");
  world.resolver.mxs["bad.example"] = {net::Lookup::failed, {}, "SERVFAIL"};
  EXPECT_EQ(mx("bad.example"), "4.4.3 the MX of bad.example cannot be looked up: SERVFAIL");
  world.resolver.mxs["empty.example"] = {net::Lookup::no_data, {}, ""};
  EXPECT_EQ(mx("empty.example"), "5.4.4 the domain empty.example has neither an MX nor an address");
  world.resolver.mx("half.example", {{10, "a.half"}});
  world.resolver.hosts["a.half"] = {net::Lookup::failed, {}, "time-out"};
  EXPECT_EQ(mx("half.example"), "4.4.3 the address of a.half cannot be looked up: time-out");
}

TEST_F(CandidatesFor, ANullMxBesideOthersMeansNothing) {
  world.resolver.mx("x.example", {{0, ""}, {10, "a.x"}});
  world.resolver.address("a.x", {"192.0.2.1"});
  EXPECT_EQ(mx("x.example"), "192.0.2.1:25");
}

// clause: 5321-5.1-q 5321-5.1-r
TEST_F(CandidatesFor, NeverOurOwnDistanceOrBeyond) {
  world.resolver.mx("x.example", {{10, "a.x"}, {20, "b.x"}, {20, "us.x"}, {30, "c.x"}});
  world.resolver.address("a.x", {"192.0.2.1"});
  world.resolver.address("b.x", {"192.0.2.2"});
  world.resolver.address("us.x", {"192.0.2.99"});
  world.resolver.address("c.x", {"192.0.2.3"});
  EXPECT_EQ(mx("x.example"), "192.0.2.1:25");
  world.settings.smtp_port = 2525;  // another server at our address
  EXPECT_NE(mx("x.example").find("192.0.2.3:25"), std::string::npos);
  world.settings.proxy_addresses = {"192.0.2.99"};  // we, behind NAT
  EXPECT_EQ(mx("x.example"), "192.0.2.1:25");
}

// clause: 5321-5.1-s 5321-6.3-b
TEST_F(CandidatesFor, BeingTheBestMxIsALoop) {
  world.resolver.mx("x.example", {{10, "us.x"}, {20, "b.x"}});
  world.resolver.address("us.x", {"192.0.2.99"});
  world.resolver.address("b.x", {"192.0.2.2"});
  EXPECT_EQ(mx("x.example"),
            "5.4.6 mail for x.example loops back to this server: it is the domain's best MX");
}

TEST_F(CandidatesFor, OurNameCountsWhenItsAddressCannotBeLookedUp) {
  world.resolver.mx("x.example", {{10, "ME.example"}, {20, "b.x"}});
  world.resolver.hosts["ME.example"] = {net::Lookup::failed, {}, "time-out"};
  world.resolver.address("b.x", {"192.0.2.2"});
  EXPECT_EQ(mx("x.example"), "4.4.3 the address of ME.example cannot be looked up: time-out");
}

TEST_F(CandidatesFor, AWildcardListenerIsEveryAddressOfTheMachine) {
  world.settings.in = {"0.0.0.0"};
  machine = {*parse_ip("192.0.2.7")};
  world.resolver.mx("x.example", {{10, "us.x"}});
  world.resolver.address("us.x", {"192.0.2.7"});
  EXPECT_EQ(mx("x.example").substr(0, 5), "5.4.6");
  world.resolver.address("us.x", {"192.0.2.8"});
  EXPECT_EQ(mx("x.example"), "192.0.2.8:25");
}

TEST_F(CandidatesFor, LoopbackByMxIsRefusedUnlessAllowed) {
  world.resolver.mx("x.example", {{10, "a.x"}});
  for (auto address : {"127.0.0.1", "127.1.2.3", "::1", "0.0.0.0", "::", "::ffff:127.0.0.1"}) {
    world.resolver.address("a.x", {address});
    EXPECT_EQ(mx("x.example"), "5.4.6 the mail server of x.example has a loopback address")
        << address;
  }
  world.settings.allow_loopback_mx = true;
  world.resolver.address("a.x", {"127.0.0.1"});
  EXPECT_EQ(mx("x.example"), "127.0.0.1:25");
}

TEST_F(CandidatesFor, BracketsMeanNoMxAndOnlyOurListenersAreRefused) {
  world.resolver.mx("host.example", {{10, "other.x"}});
  world.resolver.address("host.example", {"192.0.2.5"});
  EXPECT_EQ(line({"host.example", 0, false}), "192.0.2.5:25");
  EXPECT_EQ(line({"127.0.0.1", 2526, false}), "127.0.0.1:2526");
  EXPECT_EQ(line({"192.0.2.99", 26, false}), "192.0.2.99:26");
  EXPECT_EQ(line({"192.0.2.99", 25, false}),
            "5.4.6 the next hop [192.0.2.99]:25 is this server itself");
  world.settings.proxy_addresses = {"192.0.2.98"};
  EXPECT_EQ(line({"192.0.2.98", 25, false}), "192.0.2.98:25");
}

TEST_F(CandidatesFor, EqualHostsTakeTurns) {
  world.resolver.mx("x.example", {{10, "a.x"}, {10, "b.x"}, {20, "c.x"}});
  world.resolver.address("a.x", {"2001:db8::a", "192.0.2.1"});
  world.resolver.address("b.x", {"2001:db8::b", "192.0.2.2"});
  world.resolver.address("c.x", {"192.0.2.3"});
  std::set<std::string> orders;
  for (int i = 0; i < 50; ++i) orders.insert(mx("x.example"));
  EXPECT_EQ(orders,
            (std::set<std::string>{
                "[2001:db8::a]:25 192.0.2.2:25 192.0.2.1:25 [2001:db8::b]:25 192.0.2.3:25",
                "[2001:db8::b]:25 192.0.2.1:25 192.0.2.2:25 [2001:db8::a]:25 192.0.2.3:25"}));
}

TEST_F(CandidatesFor, NoAddressTwice) {
  std::vector<net::Mx> many;
  for (int i = 0; i < 20; ++i) {
    many.push_back({static_cast<std::uint16_t>(i), "h" + std::to_string(i)});
    world.resolver.address("h" + std::to_string(i), {"192.0.2.1"});
  }
  many.push_back({30, "last"});
  world.resolver.mx("x.example", many);
  EXPECT_EQ(mx("x.example"), "192.0.2.1:25");
}

// However many dead addresses the best hosts have, the backups have their try in each attempt.
TEST_F(CandidatesFor, OnePreferenceLeavesRoomForTheNext) {
  world.resolver.mx("x.example", {{10, "a.x"}, {10, "b.x"}, {20, "c.x"}});
  std::vector<std::string> addresses;
  for (int i = 1; i <= 8; ++i) addresses.push_back("192.0.2." + std::to_string(i));
  world.resolver.address("a.x", addresses);
  for (auto& address : addresses) address += '0';
  world.resolver.address("b.x", addresses);
  world.resolver.address("c.x", {"198.51.100.1"});
  const auto found = find({"x.example", 0, true});
  ASSERT_LT(limits::addresses_per_preference, limits::addresses_per_next_hop);
  ASSERT_EQ(found.targets.size(), limits::addresses_per_preference + 1);
  EXPECT_EQ(found.targets.back().endpoint.address, "198.51.100.1");
}

TEST_F(CandidatesFor, AHostThatCannotBeLookedUpIsToldBesideTheTargets) {
  world.resolver.mx("x.example", {{10, "a.x"}, {20, "b.x"}});
  world.resolver.hosts["a.x"] = {net::Lookup::failed, {}, "SERVFAIL"};
  world.resolver.address("b.x", {"192.0.2.2"});
  const auto found = find({"x.example", 0, true});
  ASSERT_EQ(found.targets.size(), 1u);
  EXPECT_EQ(found.targets[0].preference, 20);
  ASSERT_TRUE(found.unknown_host);
  EXPECT_EQ(found.unknown_host->text, "the address of a.x cannot be looked up: SERVFAIL");
  EXPECT_EQ(found.unknown_host->verdict, smtp::Verdict::temporary);
}

TEST_F(CandidatesFor, AddressesThatNoHostHasAreNotTried) {
  world.resolver.mx("x.example", {{10, "a.x"}});
  world.resolver.address("a.x", {"224.0.0.1", "255.255.255.255", "ff02::1"});
  EXPECT_EQ(mx("x.example"), "5.4.4 no mail server of x.example has an address");
}

TEST_F(CandidatesFor, WhatIsSkippedSaysWhy) {
  world.resolver.mx("x.example",
                    {{10, "a.x"}, {20, "b.x"}, {30, "gone.x"}, {40, "us.x"}, {50, "c.x"}});
  world.resolver.address("a.x", {"192.0.2.1", "127.0.0.1"});
  world.resolver.hosts["b.x"] = {net::Lookup::failed, {}, "time-out"};
  world.resolver.address("us.x", {"192.0.2.99", "192.0.2.98"});
  world.resolver.address("c.x", {"192.0.2.3"});
  std::string all;
  for (const auto& [preference, host, address, why] : find({"x.example", 0, true}).skipped)
    all += std::to_string(preference) + ' ' + host + ' ' + address + ' ' + why + '\n';
  EXPECT_EQ(all,
            "10 a.x 127.0.0.1 a loopback address\n"
            "20 b.x  cannot be looked up: time-out\n"
            "30 gone.x  does not exist\n"
            "40 us.x 192.0.2.99 this server itself\n"
            "40 us.x 192.0.2.98 no nearer to the domain than this server\n"
            "50 c.x 192.0.2.3 no nearer to the domain than this server\n");
}

// Cut off are those that would be tried last; we may be among them all the same.
TEST_F(CandidatesFor, OurNameCountsAlsoPastTheLimit) {
  std::vector<net::Mx> many;
  for (int i = 0; i < 30; ++i) {
    const auto name = i == 0 ? "me.example" : "z" + std::to_string(i);
    many.push_back({10, name});
    world.resolver.address(name, {"192.0.2." + std::to_string(i + 100)});
  }
  world.resolver.mx("x.example", many);
  for (int i = 0; i < 50; ++i) EXPECT_EQ(mx("x.example").substr(0, 5), "5.4.6");
}

// What lies beyond our own distance is no host that might have been asked.
TEST_F(CandidatesFor, OnlyAHostThatMightBeTriedIsCutOff) {
  std::vector<net::Mx> many;
  for (std::uint16_t i = 0; i < 30; ++i) {
    const auto name = "h" + std::to_string(i);
    many.push_back({i, name});
    world.resolver.address(name, {"192.0.2." + std::to_string(i + 100)});
  }
  world.resolver.mx("x.example", many);
  EXPECT_EQ(find({"x.example", 0, true}).cut_off, "more than 20 hosts");
  world.resolver.address("h5", {"192.0.2.99"});
  const auto found = find({"x.example", 0, true});
  EXPECT_EQ(found.targets.size(), 5u);
  EXPECT_EQ(found.cut_off, "");
}

TEST_F(CandidatesFor, WithoutAHostAmongThoseLookedUpMailWaits) {
  std::vector<net::Mx> many;
  for (std::uint16_t i = 0; i < 21; ++i) many.push_back({i, "h" + std::to_string(i)});
  world.resolver.mx("x.example", many);
  EXPECT_EQ(mx("x.example"),
            "4.4.1 no mail server of x.example could be tried: it has more than 20 hosts");
}

// We are MX 20 by a name that nobody can look up: MX 30 would only send the mail back to us.
TEST_F(CandidatesFor, ForADomainThatWeRelayAHostThatCannotBeLookedUpMayBeUs) {
  world.resolver.mx("x.example", {{10, "primary.x"}, {20, "us.x"}, {20, "b.x"}, {30, "c.x"}});
  world.resolver.address("primary.x", {"192.0.2.1"});
  world.resolver.hosts["us.x"] = {net::Lookup::failed, {}, "SERVFAIL"};
  world.resolver.address("b.x", {"192.0.2.2"});
  world.resolver.address("c.x", {"192.0.2.3"});
  EXPECT_EQ(mx("x.example"), "192.0.2.1:25 192.0.2.2:25 192.0.2.3:25") << "anybody's domain";
  world.settings.relay_domains = {"other.example", ".example", ".x.example"};
  EXPECT_EQ(mx("x.example"), "192.0.2.1:25") << "a subdomain of example";
  world.settings.relay_domains = {"other.example", ".x.example"};
  EXPECT_EQ(mx("x.example"), "192.0.2.1:25 192.0.2.2:25 192.0.2.3:25");
  world.settings.relay_domains = {"x.example"};
  EXPECT_EQ(mx("x.example"), "192.0.2.1:25");
  EXPECT_EQ(line({"x.example", 2525, true}), "192.0.2.1:2525 192.0.2.2:2525 192.0.2.3:2525")
      << "not ours, whatever its address";
  world.resolver.hosts["primary.x"] = {net::Lookup::failed, {}, "SERVFAIL"};
  EXPECT_EQ(mx("x.example"),
            "4.4.3 the address of primary.x cannot be looked up: SERVFAIL; it may be this server, "
            "which relays for the domain, so no host as far is tried");
}

TEST_F(CandidatesFor, OnceWeAreFoundAHostThatCannotBeLookedUpIsAnother) {
  world.settings.relay_domains = {"x.example"};
  world.resolver.mx("x.example", {{10, "primary.x"}, {20, "b.x"}, {30, "us.x"}});
  world.resolver.hosts["primary.x"] = {net::Lookup::failed, {}, "SERVFAIL"};
  world.resolver.address("b.x", {"192.0.2.2"});
  world.resolver.address("us.x", {"192.0.2.99"});
  EXPECT_EQ(mx("x.example"), "192.0.2.2:25");
}

TEST_F(CandidatesFor, ForADomainThatWeRelayOurAddressCountsAlsoPastTheLimit) {
  world.settings.relay_domains = {"x.example"};
  std::vector<net::Mx> many;
  for (int i = 0; i < 30; ++i) {
    const auto name = "z" + std::to_string(i);
    many.push_back({10, name});
    world.resolver.address(name, {"192.0.2." + std::to_string(i + 70)});
  }
  world.resolver.mx("x.example", many);
  for (int i = 0; i < 50; ++i) EXPECT_EQ(mx("x.example").substr(0, 5), "5.4.6");
}

TEST_F(CandidatesFor, OurAddressCountsAmongMoreThanAreTried) {
  world.resolver.mx("x.example", {{10, "us.x"}, {20, "b.x"}});
  std::vector<std::string> addresses;
  for (int i = 1; i <= 40; ++i) addresses.push_back("198.51.100." + std::to_string(i));
  addresses.push_back("192.0.2.99");
  world.resolver.address("us.x", addresses);
  world.resolver.address("b.x", {"192.0.2.2"});
  EXPECT_EQ(mx("x.example").substr(0, 5), "5.4.6");
}

TEST_F(CandidatesFor, HostsAndAddressesAreLimited) {
  std::vector<net::Mx> many;
  for (int i = 0; i < 1000; ++i) many.push_back({10, "h" + std::to_string(i)});
  world.resolver.mx("x.example", many);
  for (int i = 0; i < 1000; ++i) {
    std::vector<std::string> addresses;
    for (int k = 1; k < 200; ++k)
      addresses.push_back("10." + std::to_string(i / 200) + '.' + std::to_string(i % 200) + '.' +
                          std::to_string(k));
    world.resolver.address("h" + std::to_string(i), addresses);
  }
  EXPECT_EQ(find({"x.example", 0, true}).targets.size(), limits::addresses_per_preference);
  EXPECT_EQ(world.resolver.asked.size(), 1 + limits::mx_hosts_per_domain);
}

}  // namespace
}  // namespace malleposte::deliver
