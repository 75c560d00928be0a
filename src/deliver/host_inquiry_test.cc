#include "deliver/host_inquiry.h"

#include <gtest/gtest.h>

#include <map>

#include "base/limits.h"
#include "deliver/fake_loop.h"

namespace malleposte::deliver {
namespace {

using namespace std::chrono_literals;

// Answers each host after its time: with an address, or with a failure when it has none.
class SlowResolver final : public net::Resolver {
 public:
  explicit SlowResolver(Loop& loop) : loop_(loop) {}
  struct Host {
    Duration after;
    std::string address;
  };
  std::map<std::string, Host> hosts;
  std::size_t asked = 0, answered = 0;

  Task<net::MxAnswer> mx(std::string, SteadyTime) override { co_return net::MxAnswer{}; }
  Task<net::NameAnswer> reverse(std::string, SteadyTime) override { co_return net::NameAnswer{}; }
  Task<net::AddressAnswer> addresses(std::string name, SteadyTime deadline) override {
    ++asked;
    const auto host = hosts.at(name);
    const auto when = loop_.steady() + host.after;
    co_await sleep_until(loop_, std::min(when, deadline));
    ++answered;
    if (when > deadline) co_return net::AddressAnswer{net::Lookup::failed, {}, "time-out"};
    if (host.address.empty()) co_return net::AddressAnswer{net::Lookup::failed, {}, "SERVFAIL"};
    co_return net::AddressAnswer{net::Lookup::found, {host.address}, ""};
  }

 private:
  Loop& loop_;
};

class HostInquiry : public testing::Test {
 protected:
  // Those that were not waited for come back too.
  ~HostInquiry() override { loop.pass(60s); }

  FakeLoop loop;
  SlowResolver resolver{loop};
  std::vector<net::Mx> mx;
  std::optional<std::string> line;  // "a - c!": an address, no answer, a failure; once it has ended

  void host(std::uint16_t preference, Duration after, std::string address) {
    const auto name = "h" + std::to_string(mx.size());
    mx.push_back({preference, name});
    resolver.hosts[name] = {after, std::move(address)};
  }
  void ask(Duration at_most = 30s) {
    spawn([](HostInquiry& t, SteadyTime deadline) -> Task<void> {
      const auto answers = co_await ask_addresses(t.loop, t.resolver, t.mx, deadline);
      std::string line;
      for (const auto& answer : answers)
        line += !answer                                 ? "-"
                : answer->lookup == net::Lookup::failed ? "!"
                                                        : answer->addresses.front();
      t.line = line;
    }(*this, loop.steady() + at_most));
  }
};

TEST_F(HostInquiry, TwentySlowHostsCostOneTimeOut) {
  for (int i = 0; i < 20; ++i) host(10, 3s, "");
  ask();
  EXPECT_EQ(resolver.asked, 20u);
  loop.pass(2999ms);
  EXPECT_FALSE(line);
  loop.pass(1ms);
  EXPECT_EQ(line, std::string(20, '!'));
}

TEST_F(HostInquiry, TheBestAreNotKeptWaitingByTheRest) {
  host(10, 1s, "a");
  host(10, 2s, "b");
  host(20, 25s, "c");
  host(30, 3s, "d");
  ask();
  loop.pass(2s + limits::lookup_patience - 1ms);
  EXPECT_FALSE(line);
  loop.pass(1ms);
  EXPECT_EQ(line, "ab-d");
}

TEST_F(HostInquiry, EqualOnesAreWaitedForSinceWeMayBeOneOfThem) {
  host(10, 1s, "a");
  host(10, 20s, "b");
  ask();
  loop.pass(19s);
  EXPECT_FALSE(line);
  loop.pass(1s);
  EXPECT_EQ(line, "ab");
}

TEST_F(HostInquiry, TheBestWithAnAddressCount) {
  host(10, 1s, "");
  host(20, 2s, "b");
  host(30, 25s, "c");
  ask();
  loop.pass(2s + limits::lookup_patience);
  EXPECT_EQ(line, "!b-");
}

TEST_F(HostInquiry, WhatIsBetterIsWaitedForToTheDeadline) {
  host(10, 1000s, "a");
  host(20, 1s, "b");
  ask(30s);
  loop.pass(29s);
  EXPECT_FALSE(line);
  loop.pass(1s);
  EXPECT_EQ(line, "!b");
}

TEST_F(HostInquiry, AnswersThatComeTooLateHarmNobody) {
  host(10, 1s, "a");
  host(20, 29s, "b");
  ask();
  loop.pass(10s);
  EXPECT_EQ(line, "a-");
  loop.pass(30s);
  EXPECT_EQ(resolver.answered, 2u);
  EXPECT_EQ(line, "a-");
}

TEST_F(HostInquiry, NobodyIsKnownAtOnce) {
  ask();
  EXPECT_EQ(line, "");
}

}  // namespace
}  // namespace malleposte::deliver
