#include "net/dns_context.h"

#include <gtest/gtest.h>

#include "base/limits.h"
#include "net/dns_responder_test.h"

namespace malleposte::net {
namespace {

using namespace std::chrono_literals;
using Kind = DnsResponder::Kind;

class DnsContextTest : public testing::Test {
 public:
  ~DnsContextTest() override {
    context->abandon();
    context.reset();
    loop.run_ready();
  }

  DnsReply ask(const std::string& name, DnsType type) {
    std::optional<DnsReply> reply;
    spawn([](DnsContext::Answer answer, std::optional<DnsReply>& to, AsioLoop& on) -> Task<void> {
      to = co_await *answer;
      on.stop();
    }(context->ask(name, type, loop.steady() + 60s), reply, loop));
    if (!reply) loop.run();
    loop.run_ready();  // a stop() that came before the run
    return std::move(*reply);
  }
  std::uint64_t number(const std::string& option) const {
    const auto text = context->option(option);
    EXPECT_FALSE(text.empty()) << option;
    return text.empty() ? 0 : std::stoull(text);
  }
  static auto seconds(Duration time) { return static_cast<std::uint64_t>(time / 1s); }

  AsioLoop loop;
  DnsResponder dns;
  std::shared_ptr<DnsContext> context =
      DnsContext::open(loop, {dns.server()}, "", std::make_shared<DnsCounters>()).value();
};

// A stranger chooses which names are asked, how much they say, and for how long it is to hold.
TEST_F(DnsContextTest, WhatTheLibraryKeepsIsBounded) {
  EXPECT_EQ(number("msg-cache-size"), limits::dns_message_cache_octets);
  EXPECT_EQ(number("rrset-cache-size"), limits::dns_record_cache_octets);
  EXPECT_EQ(number("key-cache-size"), limits::dns_key_cache_octets);
  EXPECT_EQ(number("neg-cache-size"), limits::dns_negative_cache_octets);
  EXPECT_EQ(number("infra-cache-numhosts"), limits::dns_servers_remembered);
  EXPECT_EQ(number("cache-max-ttl"), seconds(limits::dns_answer_kept));
  EXPECT_EQ(number("cache-max-negative-ttl"), seconds(limits::dns_absence_kept));
}

// More answers than there is room for: the first have gone, the last are there.
TEST_F(DnsContextTest, ManyLargeAnswersPushEachOtherOut) {
  std::vector<std::string> hosts;
  for (char c = 'a'; c <= 'o'; ++c)
    hosts.push_back(DnsResponder::mx(10, std::string(60, c) + ".x"));
  const std::size_t octets = hosts.size() * hosts[0].size();
  const auto names = 2 * limits::dns_record_cache_octets / octets;
  const auto name = [](std::size_t i) { return "n" + std::to_string(i) + ".test"; };
  for (std::size_t i = 0; i < names; ++i) {
    dns.set(name(i), static_cast<int>(DnsType::mx), {Kind::found, hosts, ""});
    ASSERT_EQ(ask(name(i), DnsType::mx).lookup, Lookup::found);
  }
  const auto asked_again = [&](std::size_t i) {
    const auto before = dns.questions(name(i), static_cast<int>(DnsType::mx));
    ask(name(i), DnsType::mx);
    return dns.questions(name(i), static_cast<int>(DnsType::mx)) > before;
  };
  EXPECT_FALSE(asked_again(names - 1));
  EXPECT_TRUE(asked_again(0));
}

}  // namespace
}  // namespace malleposte::net
