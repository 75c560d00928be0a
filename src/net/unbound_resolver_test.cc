#include "net/unbound_resolver.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>

#include "base/limits.h"
#include "net/dns_record.h"
#include "net/dns_responder_test.h"

namespace malleposte::net {
namespace {

using namespace std::chrono_literals;
using testing::AnyOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

constexpr int a = 1;
constexpr int ptr = 12;
constexpr int mx = 15;
constexpr int aaaa = 28;
using Kind = DnsResponder::Kind;

std::string four(const std::string& text) {
  const auto address = parse_ip(text).value();
  return {address.begin() + 12, address.end()};
}
std::string six(const std::string& text) {
  const auto address = parse_ip(text).value();
  return {address.begin(), address.end()};
}

class UnboundResolverTest : public testing::Test {
 public:
  UnboundResolverTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "malleposte-XXXXXX").string();
    directory = mkdtemp(pattern.data());
    options.servers = {dns.server()};
    options.hosts_file = directory / "hosts";
    write_hosts("192.0.2.77 printer.office.test printer # by the door\n");
    resolver = UnboundResolver::open(loop, options).value();
  }
  ~UnboundResolverTest() override {
    resolver.reset();
    loop.run_ready();
    std::filesystem::remove_all(directory);
  }

  void write_hosts(const std::string& text) { std::ofstream(options.hosts_file) << text; }

  // Starts a look-up and runs the loop until it has its answer.
  template <class T>
  T run(Task<T> lookup) {
    std::optional<T> result;
    spawn([](Task<T> lookup, std::optional<T>& out, AsioLoop& on) -> Task<void> {
      out.emplace(co_await lookup);
      on.stop();
    }(std::move(lookup), result, loop));
    if (!result) loop.run();
    loop.run_ready();  // a stop() that came before the run
    return std::move(*result);
  }

  SteadyTime soon() const { return loop.steady() + 60s; }

  AsioLoop loop;
  DnsResponder dns;
  std::filesystem::path directory;
  UnboundResolver::Options options;
  std::unique_ptr<UnboundResolver> resolver;
};

TEST_F(UnboundResolverTest, MxRecordsComeWithPreferenceAndHost) {
  dns.set("example.test", mx,
          {Kind::found, {dns.mx(20, "B.Example.test"), dns.mx(10, "a.example.test")}, ""});
  const auto answer = run(resolver->mx("Example.Test.", soon()));
  EXPECT_EQ(answer.lookup, Lookup::found);
  ASSERT_EQ(answer.records.size(), 2U);
  const auto& first = answer.records[answer.records[0].preference == 10 ? 0 : 1];
  const auto& second = answer.records[answer.records[0].preference == 10 ? 1 : 0];
  EXPECT_EQ(first.host, "a.example.test");
  EXPECT_EQ(second.preference, 20);
  EXPECT_EQ(second.host, "b.example.test");
}

TEST_F(UnboundResolverTest, NoSuchNameNoDataAndFailureAreToldApart) {
  dns.set("nodata.test", mx, {Kind::no_data, {}, ""});
  dns.set("broken.test", mx, {Kind::servfail, {}, ""});
  EXPECT_EQ(run(resolver->mx("missing.test", soon())).lookup, Lookup::no_such_name);
  EXPECT_EQ(run(resolver->mx("nodata.test", soon())).lookup, Lookup::no_data);
  const auto failed = run(resolver->mx("broken.test", soon()));
  EXPECT_EQ(failed.lookup, Lookup::failed);
  EXPECT_EQ(failed.why, "SERVFAIL");
}

TEST_F(UnboundResolverTest, ASilentServerIsAFailureAtTheDeadline) {
  dns.set("silent.test", mx, {Kind::silent, {}, ""});
  const auto deadline = loop.steady() + 50ms;
  const auto answer = run(resolver->mx("silent.test", deadline));
  EXPECT_EQ(answer.lookup, Lookup::failed);
  EXPECT_EQ(answer.why, "time-out");
  EXPECT_GE(loop.steady(), deadline);
  // And others are asked meanwhile.
  dns.set("loud.test", mx, {Kind::found, {dns.mx(1, "mx.test")}, ""});
  EXPECT_EQ(run(resolver->mx("loud.test", soon())).lookup, Lookup::found);
}

TEST_F(UnboundResolverTest, ADeadlineInThePastIsNotAskedAtAll) {
  EXPECT_EQ(run(resolver->mx("late.test", loop.steady() - 1s)).why, "time-out");
  EXPECT_EQ(dns.questions("late.test", mx), 0);
}

TEST_F(UnboundResolverTest, ATruncatedAnswerIsAskedAgainByTcp) {
  std::vector<std::string> many;
  for (int i = 0; i < 60; ++i)
    many.push_back(dns.mx(10, "a-rather-long-host-name-" + std::to_string(i) + ".example.test"));
  dns.set("big.test", mx, {Kind::only_by_tcp, many, ""});
  const auto answer = run(resolver->mx("big.test", soon()));
  EXPECT_EQ(answer.lookup, Lookup::found);
  EXPECT_EQ(answer.records.size(), 60U);
}

TEST_F(UnboundResolverTest, AThousandMxAreCutAndBadHostsLeftOut) {
  std::vector<std::string> many;
  for (int i = 0; i < 1000; ++i) many.push_back(dns.mx(10, "h" + std::to_string(i) + ".test"));
  dns.set("many.test", mx, {Kind::only_by_tcp, many, ""});
  EXPECT_EQ(run(resolver->mx("many.test", soon())).records.size(), limits::mx_records_kept);

  dns.set(
      "mixed.test", mx,
      {Kind::found, {dns.mx(10, "192.0.2.1"), dns.mx(20, "a b.test"), dns.mx(30, "ok.test")}, ""});
  const auto mixed = run(resolver->mx("mixed.test", soon()));
  ASSERT_EQ(mixed.records.size(), 1U);
  EXPECT_EQ(mixed.records[0].host, "ok.test");

  dns.set("bad.test", mx, {Kind::found, {dns.mx(10, "192.0.2.1")}, ""});
  EXPECT_EQ(run(resolver->mx("bad.test", soon())).lookup, Lookup::failed);
}

// What is cut off is what would be tried last, in whatever order it came.
TEST_F(UnboundResolverTest, OfTooManyMxTheMostPreferredAreKept) {
  std::vector<std::string> many;
  for (unsigned i = 0; i < 500; ++i)
    many.push_back(dns.mx(1000 - i, "h" + std::to_string(i) + ".test"));
  dns.set("many.test", mx, {Kind::only_by_tcp, many, ""});
  const auto answer = run(resolver->mx("many.test", soon()));
  ASSERT_EQ(answer.records.size(), limits::mx_records_kept);
  for (const auto& record : answer.records)
    EXPECT_LE(record.preference, 500 + limits::mx_records_kept);
}

TEST_F(UnboundResolverTest, TheNullMxIsAnEmptyHost) {
  dns.set("nomail.test", mx, {Kind::found, {dns.mx(0, "")}, ""});
  const auto answer = run(resolver->mx("nomail.test", soon()));
  ASSERT_EQ(answer.records.size(), 1U);
  EXPECT_EQ(answer.records[0].host, "");
}

TEST_F(UnboundResolverTest, AliasesAreFollowed) {
  dns.set("alias.test", mx, {Kind::found, {dns.mx(5, "mx.real.test")}, "real.test"});
  dns.set("real.test", mx, {Kind::found, {dns.mx(5, "mx.real.test")}, ""});
  const auto answer = run(resolver->mx("alias.test", soon()));
  EXPECT_EQ(answer.lookup, Lookup::found);
  ASSERT_EQ(answer.records.size(), 1U);
  EXPECT_EQ(answer.records[0].host, "mx.real.test");
}

TEST_F(UnboundResolverTest, AnAliasOfItselfIsAFailure) {
  dns.set("loop.test", mx, {Kind::found, {}, "loop.test"});
  EXPECT_EQ(run(resolver->mx("loop.test", soon())).lookup, Lookup::failed);
}

TEST_F(UnboundResolverTest, AddressesTakeTurnsIpv6First) {
  dns.set("host.test", a, {Kind::found, {four("192.0.2.1"), four("192.0.2.2")}, ""});
  dns.set("host.test", aaaa, {Kind::found, {six("2001:db8::1")}, ""});
  const auto answer = run(resolver->addresses("host.test", soon()));
  EXPECT_EQ(answer.lookup, Lookup::found);
  EXPECT_THAT(answer.addresses, AnyOf(ElementsAre("2001:db8::1", "192.0.2.1", "192.0.2.2"),
                                      ElementsAre("2001:db8::1", "192.0.2.2", "192.0.2.1")));
}

TEST_F(UnboundResolverTest, OneFamilyIsEnough) {
  dns.set("v4.test", a, {Kind::found, {four("192.0.2.1")}, ""});
  dns.set("v4.test", aaaa, {Kind::servfail, {}, ""});
  EXPECT_THAT(run(resolver->addresses("v4.test", soon())).addresses, ElementsAre("192.0.2.1"));
  dns.set("v6.test", a, {Kind::no_data, {}, ""});
  dns.set("v6.test", aaaa, {Kind::found, {six("2001:db8::6")}, ""});
  EXPECT_THAT(run(resolver->addresses("v6.test", soon())).addresses, ElementsAre("2001:db8::6"));
}

TEST_F(UnboundResolverTest, WithoutAddressesItIsSaidWhy) {
  dns.set("none.test", a, {Kind::no_data, {}, ""});
  dns.set("none.test", aaaa, {Kind::no_data, {}, ""});
  EXPECT_EQ(run(resolver->addresses("none.test", soon())).lookup, Lookup::no_data);
  EXPECT_EQ(run(resolver->addresses("gone.test", soon())).lookup, Lookup::no_such_name);
  dns.set("half.test", a, {Kind::servfail, {}, ""});
  dns.set("half.test", aaaa, {Kind::no_data, {}, ""});
  const auto half = run(resolver->addresses("half.test", soon()));
  EXPECT_EQ(half.lookup, Lookup::failed);
  EXPECT_EQ(half.why, "SERVFAIL");
}

// Balancers that know no AAAA deny the whole name (RFC 4074 4.2): that is no reason to bounce mail
// while the other family cannot be asked.
TEST_F(UnboundResolverTest, ADeniedFamilyBesideAFailedOneIsAFailure) {
  dns.set("balancer.test", a, {Kind::servfail, {}, ""});
  EXPECT_EQ(run(resolver->addresses("balancer.test", soon())).lookup, Lookup::failed);
  dns.set("balanced.test", a, {Kind::found, {four("192.0.2.1")}, ""});
  EXPECT_THAT(run(resolver->addresses("balanced.test", soon())).addresses,
              ElementsAre("192.0.2.1"));
}

TEST_F(UnboundResolverTest, TooManyAddressesAreCut) {
  std::vector<std::string> many;
  for (std::size_t i = 1; i <= 200; ++i) many.push_back(four("192.0.2." + std::to_string(i)));
  dns.set("many.test", a, {Kind::only_by_tcp, many, ""});
  dns.set("many.test", aaaa, {Kind::no_data, {}, ""});
  EXPECT_EQ(run(resolver->addresses("many.test", soon())).addresses.size(), limits::addresses_kept);
}

// More than are ever tried are told: one of them may be our own, and then none of the host is.
TEST_F(UnboundResolverTest, AllAddressesOfAHostWithSomeMoreThanAreTriedAreTold) {
  std::vector<std::string> some;
  for (int i = 1; i <= 40; ++i) some.push_back(four("192.0.2." + std::to_string(i)));
  dns.set("some.test", a, {Kind::only_by_tcp, some, ""});
  dns.set("some.test", aaaa, {Kind::no_data, {}, ""});
  EXPECT_EQ(run(resolver->addresses("some.test", soon())).addresses.size(), some.size());
}

TEST_F(UnboundResolverTest, LiteralsLocalhostAndHostsFileAreAnsweredWithoutAsking) {
  EXPECT_THAT(run(resolver->addresses("192.0.2.9", soon())).addresses, ElementsAre("192.0.2.9"));
  EXPECT_THAT(run(resolver->addresses("2001:DB8::9", soon())).addresses,
              ElementsAre("2001:db8::9"));
  for (const auto* name : {"localhost", "LocalHost.", "x.localhost"})
    EXPECT_THAT(run(resolver->addresses(name, soon())).addresses, ElementsAre("::1", "127.0.0.1"));
  EXPECT_EQ(run(resolver->mx("localhost", soon())).lookup, Lookup::no_data);
  EXPECT_THAT(run(resolver->addresses("Printer", soon())).addresses, ElementsAre("192.0.2.77"));
  EXPECT_EQ(dns.questions("printer", a), 0);
  EXPECT_EQ(run(resolver->reverse("192.0.2.77", soon())).name, "printer.office.test");

  write_hosts("2001:db8::77 printer\n192.0.2.78 printer printer\nnonsense printer\n");
  EXPECT_THAT(run(resolver->addresses("printer", soon())).addresses,
              ElementsAre("2001:db8::77", "192.0.2.78"));
}

TEST_F(UnboundResolverTest, WhatIsNoNameDoesNotExistAndIsNotAsked) {
  for (const auto* name : {"", "a b", "a..b", "[192.0.2.1]", "x\\.test"}) {
    EXPECT_EQ(run(resolver->mx(name, soon())).lookup, Lookup::no_such_name) << name;
    EXPECT_EQ(run(resolver->addresses(name, soon())).lookup, Lookup::no_such_name) << name;
  }
  EXPECT_EQ(run(resolver->reverse("mail.test", soon())).lookup, Lookup::no_such_name);
}

TEST_F(UnboundResolverTest, AReverseNameIsBelievedOnlyWhenItsZoneAgrees) {
  // A private address: its zone is asked too.
  dns.set("1.0.0.10.in-addr.arpa", ptr,
          {Kind::found, {dns.wire_name("other.test"), dns.wire_name("mail.test")}, ""});
  dns.set("mail.test", a, {Kind::found, {four("10.0.0.1")}, ""});
  dns.set("other.test", a, {Kind::found, {four("10.0.0.2")}, ""});
  const auto answer = run(resolver->reverse("10.0.0.1", soon()));
  EXPECT_EQ(answer.lookup, Lookup::found);
  EXPECT_EQ(answer.name, "mail.test");

  dns.set("5.2.0.192.in-addr.arpa", ptr, {Kind::found, {dns.wire_name("other.test")}, ""});
  EXPECT_EQ(run(resolver->reverse("192.0.2.5", soon())).lookup, Lookup::no_data);
  EXPECT_EQ(run(resolver->reverse("192.0.2.6", soon())).lookup, Lookup::no_such_name);

  dns.set(reverse_name(parse_ip("2001:db8::5").value()), ptr,
          {Kind::found, {dns.wire_name("six.test")}, ""});
  dns.set("six.test", aaaa, {Kind::found, {six("2001:db8::5")}, ""});
  EXPECT_EQ(run(resolver->reverse("2001:db8::5", soon())).name, "six.test");
}

TEST_F(UnboundResolverTest, AReverseNameWhoseZoneFailsIsAFailure) {
  dns.set("7.2.0.192.in-addr.arpa", ptr, {Kind::found, {dns.wire_name("broken.test")}, ""});
  dns.set("broken.test", a, {Kind::servfail, {}, ""});
  EXPECT_EQ(run(resolver->reverse("192.0.2.7", soon())).lookup, Lookup::failed);
}

TEST_F(UnboundResolverTest, AnswersAreKeptUntilFlush) {
  dns.set("host.test", mx, {Kind::found, {dns.mx(1, "old.test")}, ""});
  EXPECT_EQ(run(resolver->mx("host.test", soon())).records.at(0).host, "old.test");
  dns.set("host.test", mx, {Kind::found, {dns.mx(1, "new.test")}, ""});
  EXPECT_EQ(run(resolver->mx("host.test", soon())).records.at(0).host, "old.test");
  EXPECT_EQ(dns.questions("host.test", mx), 1);
  EXPECT_TRUE(resolver->flush());
  EXPECT_EQ(run(resolver->mx("host.test", soon())).records.at(0).host, "new.test");
}

TEST_F(UnboundResolverTest, FlushingLeavesQuestionsOnTheirWay) {
  dns.set("silent.test", mx, {Kind::silent, {}, ""});
  dns.set("after.test", mx, {Kind::found, {dns.mx(1, "mx.test")}, ""});
  std::string why;
  spawn([](UnboundResolverTest& t, std::string& out) -> Task<void> {
    out = (co_await t.resolver->mx("silent.test", t.loop.steady() + 50ms)).why;
    t.loop.stop();
  }(*this, why));
  EXPECT_TRUE(resolver->flush());
  loop.run();
  EXPECT_EQ(why, "time-out");
  EXPECT_EQ(run(resolver->mx("after.test", soon())).lookup, Lookup::found);
}

TEST_F(UnboundResolverTest, EndingTheResolverEndsItsQuestions) {
  dns.set("silent.test", mx, {Kind::silent, {}, ""});
  dns.set("silent.test", a, {Kind::silent, {}, ""});
  dns.set("silent.test", aaaa, {Kind::silent, {}, ""});
  std::vector<std::string> ends;
  spawn([](UnboundResolverTest& t, std::vector<std::string>& out) -> Task<void> {
    out.push_back((co_await t.resolver->mx("silent.test", t.soon())).why);
  }(*this, ends));
  EXPECT_TRUE(resolver->flush());
  spawn([](UnboundResolverTest& t, std::vector<std::string>& out) -> Task<void> {
    out.push_back((co_await t.resolver->addresses("silent.test", never)).why);
  }(*this, ends));
  resolver.reset();
  EXPECT_TRUE(ends.empty());
  loop.run_ready();
  EXPECT_THAT(ends, ElementsAre("the resolver has ended", "the resolver has ended"));
}

TEST_F(UnboundResolverTest, ManyQuestionsAtOnceAreAllAnswered) {
  for (int i = 0; i < 200; ++i)
    dns.set("d" + std::to_string(i) + ".test", mx, {Kind::found, {dns.mx(1, "mx.test")}, ""});
  int found = 0;
  int answered = 0;
  for (int i = 0; i < 200; ++i)
    spawn([](UnboundResolverTest& t, int i, int& found, int& answered) -> Task<void> {
      const auto answer = co_await t.resolver->mx("d" + std::to_string(i) + ".test", t.soon());
      if (answer.lookup == Lookup::found) ++found;
      if (++answered == 200) t.loop.stop();
    }(*this, i, found, answered));
  loop.run();
  EXPECT_EQ(found, 200);
}

// Asks for the MX of many names at once; the loop stops with the last answer.
class ManyQuestions : public UnboundResolverTest {
 protected:
  static constexpr std::size_t count = limits::dns_lookups + 50;

  void ask(DnsResponder::Entry entry, SteadyTime deadline, Lookup expected) {
    for (std::size_t i = 0; i < count; ++i) {
      const auto name = "name" + std::to_string(i) + ".test";
      dns.set(name, mx, entry);
      spawn([](ManyQuestions& t, std::string name, SteadyTime deadline,
               Lookup expected) -> Task<void> {
        EXPECT_EQ((co_await t.resolver->mx(name, deadline)).lookup, expected);
        if (++t.answered == count) t.loop.stop();
      }(*this, name, deadline, expected));
    }
  }

  std::size_t answered = 0;
};

TEST_F(ManyQuestions, MoreThanTheLimitWaitTheirTurn) {
  ask({Kind::found, {dns.mx(1, "mx.test")}, ""}, soon(), Lookup::found);
  EXPECT_EQ(resolver->counters().on_their_way, limits::dns_lookups);
  EXPECT_EQ(resolver->counters().waiting, count - limits::dns_lookups);
  loop.run();
  EXPECT_EQ(answered, count);
  EXPECT_EQ(resolver->counters().on_their_way, 0U);
  EXPECT_EQ(resolver->counters().waiting, 0U);
  EXPECT_EQ(resolver->counters().asked, count);
  EXPECT_EQ(resolver->counters().failed, 0U);
}

TEST_F(ManyQuestions, NoneWaitsLongerThanItsDeadline) {
  ask({Kind::silent, {}, ""}, loop.steady() + 100ms, Lookup::failed);
  loop.run();
  EXPECT_EQ(answered, count);
  EXPECT_EQ(resolver->counters().failed, count);
  EXPECT_EQ(resolver->counters().waiting, 0U);
  // The library cannot be stopped, so they count; some it has given up by itself meanwhile, how
  // many depends on its own time.
  EXPECT_GT(resolver->counters().on_their_way, limits::dns_lookups / 2);
  EXPECT_LE(resolver->counters().on_their_way, limits::dns_lookups);
}

// Sessions have us ask for their names; that is no reason to find no next hop.
TEST_F(UnboundResolverTest, ReverseNamesLeaveRoomForOthers) {
  std::size_t refused = 0;
  for (std::size_t i = 0; i < limits::dns_lookups; ++i) {
    const auto address = "10." + std::to_string(i / 250) + ".0." + std::to_string(i % 250);
    dns.set(reverse_name(parse_ip(address).value()), ptr, {Kind::silent, {}, ""});
    spawn([](UnboundResolverTest& t, std::string address, std::size_t& refused) -> Task<void> {
      const auto answer = co_await t.resolver->reverse(address, never);
      if (answer.why == "too many look-ups") ++refused;
    }(*this, address, refused));
  }
  EXPECT_EQ(refused, limits::dns_lookups / 2);
  dns.set("host.test", mx, {Kind::found, {dns.mx(1, "mx.test")}, ""});
  EXPECT_EQ(run(resolver->mx("host.test", soon())).lookup, Lookup::found);
  resolver.reset();
  loop.run_ready();  // they end while `refused` is there
}

TEST_F(UnboundResolverTest, EndingTheResolverEndsAlsoThoseThatWaitTheirTurn) {
  std::size_t ended = 0;
  for (std::size_t i = 0; i < limits::dns_lookups + 2; ++i) {
    const auto name = "silent" + std::to_string(i) + ".test";
    dns.set(name, mx, {Kind::silent, {}, ""});
    spawn([](UnboundResolverTest& t, std::string name, std::size_t& ended) -> Task<void> {
      EXPECT_EQ((co_await t.resolver->mx(name, never)).why, "the resolver has ended");
      ++ended;
    }(*this, name, ended));
  }
  resolver.reset();
  loop.run_ready();
  EXPECT_EQ(ended, limits::dns_lookups + 2);
}

TEST_F(UnboundResolverTest, FlushesThatPileUpAreRefused) {
  dns.set("silent.test", mx, {Kind::silent, {}, ""});
  std::size_t ended = 0;
  for (std::size_t i = 0; i < limits::dns_flushes; ++i) {
    spawn([](UnboundResolverTest& t, std::size_t& ended) -> Task<void> {
      co_await t.resolver->mx("silent.test", t.loop.steady() + 100ms);
      if (++ended == limits::dns_flushes) t.loop.stop();
    }(*this, ended));
    EXPECT_TRUE(resolver->flush());
  }
  const auto refused = resolver->flush();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().fault, Fault::resource);
  loop.run();
  // The library asks again in its own time.
  dns.set("silent.test", mx, {Kind::servfail, {}, ""});
  std::function<void()> again = [&] {
    if (resolver->flush())
      loop.stop();
    else
      loop.call_at(loop.steady() + 50ms, again);
  };
  again();
  loop.run();
}

TEST_F(UnboundResolverTest, AServerThatIsNoAddressIsAConfigurationError) {
  const auto bad = UnboundResolver::open(loop, {{"dns.example.org"}, "", ""});
  EXPECT_EQ(bad.error().fault, Fault::configuration);
  EXPECT_THAT(bad.error().text, StartsWith("DNS server dns.example.org: "));
  const auto no_file = UnboundResolver::open(loop, {{}, directory / "none", ""});
  EXPECT_EQ(no_file.error().fault, Fault::configuration);
  EXPECT_THAT(no_file.error().text, HasSubstr("none"));
}

TEST_F(UnboundResolverTest, WithoutServersResolvConfIsRead) {
  // Its nameservers are at port 53, where nothing listens at this address.
  std::ofstream(directory / "resolv.conf") << "nameserver 127.0.0.254\n";
  options.servers.clear();
  options.resolv_conf = directory / "resolv.conf";
  resolver = UnboundResolver::open(loop, options).value();
  EXPECT_EQ(run(resolver->mx("host.test", loop.steady() + 200ms)).lookup, Lookup::failed);
}

}  // namespace
}  // namespace malleposte::net
