// What every store promises, whatever is behind it: one suite over all implementations. A new one
// needs a host (how to start it, and how to start it again as after a crash) and a line below.
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "base/limits.h"
#include "spool/store_test_kit.h"

namespace malleposte::spool {
namespace {

// The log store on a simulated disk.
template <std::uint64_t segment_octets, std::size_t inline_most>
class LogStoreHost {
 public:
  LogStoreHost() { start({}); }
  StoreUser& user() { return *instance_; }
  // As after kill -9: what was durable is there, and nothing else is remembered.
  void restart() { start(instance_->disk->files()); }

 private:
  void start(DiskImage image) {
    LogStoreOptions options;
    options.segment_octets = segment_octets;
    options.inline_most = inline_most;
    auto next = std::make_unique<Instance>(++seed_, std::move(image), nullptr, std::move(options));
    // Time goes on.
    if (instance_) next->loop.move_to(instance_->loop.steady());
    instance_ = std::move(next);
  }
  std::uint64_t seed_ = 0;
  std::unique_ptr<Instance> instance_;
};

using Implementations = ::testing::Types<LogStoreHost<48 * 1024, 3000>,      // much cleaning
                                         LogStoreHost<4 << 20, 64 * 1024>>;  // as on a real volume

template <class Host>
class StoreConformance : public ::testing::Test {
 protected:
  StoreUser& on() { return host_.user(); }
  Store& store() { return on().at(); }
  void restart() { host_.restart(); }
  // Settles the only message that is due.
  void settle(mail::Fate fate, WallTime next = {}) { EXPECT_EQ(on().settle_all(fate, next), 1u); }

 private:
  Host host_;
};
TYPED_TEST_SUITE(StoreConformance, Implementations);

TYPED_TEST(StoreConformance, WhatWasCommittedIsThereAfterARestart) {
  auto small = this->on().send("small\r\n", {"a@example.net", "b@example.com"});
  auto big = this->on().send(large(200'000), {"c@example.net"}, "");
  ASSERT_EQ(small.status, CommitStatus::durable);
  ASSERT_EQ(big.status, CommitStatus::durable);
  EXPECT_LT(small.id, big.id);
  for (int start = 0; start < 2; ++start) {
    EXPECT_EQ(this->on().content(small.id), "small\r\n");
    EXPECT_EQ(this->on().content(big.id), large(200'000));
    EXPECT_TRUE(this->store().contains(small.id));
    const auto all = this->on().list();
    ASSERT_EQ(all.messages.size(), 2u);
    EXPECT_EQ(all.messages[0].sender, "sender@example.org");
    EXPECT_EQ(all.messages[0].recipients.at(1).address, "b@example.com");
    EXPECT_EQ(this->store().accounts().accepted, 3u);
    EXPECT_EQ(this->store().accounts().queued, 3u);
    this->restart();
  }
}

TYPED_TEST(StoreConformance, WhatWasNotCommittedIsForgotten) {
  mail::Envelope envelope;
  envelope.recipients.push_back({"a", "example.net"});
  {
    auto begun = this->store().begin(envelope, 100);
  }
  EXPECT_EQ(this->on().list().total, 0u);
  EXPECT_EQ(this->store().accounts().accepted, 0u);
}

TYPED_TEST(StoreConformance, WhoWaitsIsToldWhenSomethingIsDue) {
  unsigned rung = 0;
  this->store().on_due([&] { ++rung; });
  this->on().loop.run_for(1s);
  rung = 0;
  this->on().send("x");
  this->on().loop.run_for(1s);
  EXPECT_GT(rung, 0u);
}

TYPED_TEST(StoreConformance, ALeaseGivesARecipientToOneAndReleasedItIsDueAgain) {
  const auto sent = this->on().send("x", {"a@example.net", "b@example.com"});
  auto leases = this->on().lease();
  ASSERT_EQ(leases.size(), 1u);
  ASSERT_EQ(leases[0].recipients.size(), 2u);
  EXPECT_EQ(leases[0].recipients[1].domain, "example.com");
  EXPECT_EQ(leases[0].size, 1u);
  EXPECT_TRUE(this->on().lease().empty());
  EXPECT_TRUE(this->store().wanted(sent.id));
  this->store().release(sent.id, {0}, {});
  EXPECT_TRUE(this->on().lease().empty()) << "the lease ends as a whole";
  this->store().release(sent.id, {1}, {});
  EXPECT_EQ(this->on().lease().size(), 1u);
  // Whoever held it has gone.
  this->restart();
  EXPECT_EQ(this->on().lease().size(), 1u);
}

TYPED_TEST(StoreConformance, ADeferredRecipientComesBackWhenItIsDueAndTheDeliveredOneDoesNot) {
  this->on().send("x", {"a@example.net", "b@example.com"});
  auto lease = this->on().lease().at(0);
  EXPECT_TRUE(this->store().reserve(lease.id, 2));
  auto settlement = StoreUser::settlement(lease, mail::Fate::delivered);
  const auto next = this->on().loop.wall() + 300s;
  settlement.outcomes[1].fate = mail::Fate::queued;
  settlement.outcomes[1].next_attempt = next;
  ASSERT_TRUE(this->on().run(this->store().settle(settlement)));
  for (int start = 0; start < 2; ++start) {
    EXPECT_TRUE(this->on().lease().empty());
    EXPECT_GE(this->store().next_due().value(), next);
    ASSERT_EQ(this->store().waiting(lease.id).size(), 1u);
    EXPECT_EQ(this->store().waiting(lease.id)[0].index, 1u);
    this->restart();
  }
  auto again = this->store().lease(next + 1s, 10);
  ASSERT_EQ(again.size(), 1u);
  ASSERT_EQ(again[0].recipients.size(), 1u);
  EXPECT_EQ(again[0].recipients[0].attempts, 1u);
  EXPECT_TRUE(this->on().balanced());
}

TYPED_TEST(StoreConformance, AFailureAndItsNoticeAreKeptTogether) {
  this->on().send("x");
  std::vector<std::string> made;
  this->store().on_generated(
      [&](MessageId, const Generated& generated) { made.push_back(generated.content); });
  auto settlement = StoreUser::settlement(this->on().lease().at(0), mail::Fate::bounced);
  settlement.generated.push_back({});
  settlement.generated.back().envelope.recipients.push_back({"sender", "example.org"});
  settlement.generated.back().content = "it failed";
  ASSERT_TRUE(this->on().run(this->store().settle(settlement)));
  EXPECT_EQ(made, std::vector<std::string>{"it failed"});
  this->restart();
  const auto left = this->on().list();
  ASSERT_EQ(left.messages.size(), 1u);
  EXPECT_EQ(this->on().content(left.messages[0].id), "it failed");
  EXPECT_TRUE(this->on().lease().at(0).generated);
  EXPECT_EQ(this->store().accounts().bounced, 1u);
  EXPECT_EQ(this->store().accounts().generated, 1u);
  EXPECT_TRUE(this->on().balanced());
}

TYPED_TEST(StoreConformance, AttemptsAreRemembered) {
  const auto sent = this->on().send("x");
  for (int i = 1; i <= 3; ++i) {
    this->settle(mail::Fate::queued, this->on().loop.wall() + 60s);
    this->on().loop.run_for(61s);
  }
  this->restart();
  const auto attempts = this->on().run(this->store().attempts(sent.id));
  ASSERT_TRUE(attempts);
  EXPECT_EQ(attempts->at(0).made, 3u);
  EXPECT_EQ(attempts->at(0).known.size(), 3u);
  EXPECT_EQ(attempts->at(0).known[0].answer.text, "Later");
  EXPECT_FALSE(this->on().run(this->store().attempts({1})));
}

TYPED_TEST(StoreConformance, APageGoesOnWhereTheLastOneEnded) {
  std::vector<MessageId> sent, listed;
  for (int i = 0; i < 25; ++i) sent.push_back(this->on().send("x").id);
  std::string cursor;
  do {
    auto page = this->on().list({}, cursor, 10);
    EXPECT_EQ(page.total, 25u);
    for (const auto& message : page.messages) listed.push_back(message.id);
    cursor = page.next;
  } while (!cursor.empty());
  EXPECT_EQ(listed, sent);
}

TYPED_TEST(StoreConformance, AFilterMeansTheSameForListingCountingAndActing) {
  this->on().send("1", {"a@example.net"}, "one@example.org");
  this->on().loop.run_for(100s);
  this->on().send("2", {"b@example.com", "c@example.net"}, "two@example.org");
  this->on().send("3", {"d@example.com"}, "");
  const std::vector<std::pair<Filter, std::uint64_t>> filters = {
      {{}, 3},
      {{.sender = "ONE@example.org"}, 1},
      {{.sender = "<>"}, 1},
      {{.recipient = "c@example.net"}, 1},
      {{.domain = "example.com"}, 2},
      {{.domain = "example.edu"}, 0},
      {{.state = QueueState::active}, 3},
      {{.older_than = Duration(50s)}, 1},
      {{.sender = "two@example.org", .domain = "example.net"}, 1},
  };
  for (const auto& [filter, expected] : filters) {
    EXPECT_EQ(this->on().list(filter).total, expected);
    EXPECT_EQ(this->on().run(this->store().count(filter)), expected);
    EXPECT_EQ(this->on().apply(filter, Operation::flush), expected);
  }
}

TYPED_TEST(StoreConformance, WhatAnOperatorSaidIsInForceAfterARestart) {
  Action reroute(Operation::reroute), lifetime(Operation::lifetime);
  reroute.next_hop = "[192.0.2.9]";
  lifetime.lifetime = 3h;
  const auto held = this->on().send("held").id, elsewhere = this->on().send("elsewhere").id,
             removed = this->on().send("removed").id, gone = this->on().send("gone").id;
  const auto only = [](MessageId id) { return Filter{.id = to_string(id)}; };
  EXPECT_EQ(this->on().apply(only(held), Operation::hold), 1u);
  EXPECT_EQ(this->on().apply(only(elsewhere), reroute), 1u);
  EXPECT_EQ(this->on().apply(only(elsewhere), lifetime), 1u);
  EXPECT_EQ(this->on().apply(only(removed), Operation::remove), 1u);
  EXPECT_EQ(this->on().apply(only(gone), remove_at_once()), 1u);
  for (int start = 0; start < 2; ++start) {
    const auto leases = this->on().lease();
    ASSERT_EQ(leases.size(), 1u);
    EXPECT_EQ(leases[0].id, elsewhere);
    EXPECT_EQ(leases[0].next_hop, "[192.0.2.9]");
    EXPECT_EQ(leases[0].lifetime, Duration(3h));
    EXPECT_FALSE(this->store().wanted(held));
    EXPECT_EQ(this->on().list(only(held)).messages.at(0).state, QueueState::held);
    EXPECT_EQ(this->on().list(only(removed)).messages.at(0).state, QueueState::deleting);
    EXPECT_FALSE(this->store().contains(gone));
    this->restart();
  }
  EXPECT_EQ(this->on().apply({}, Operation::restore), 1u);
  EXPECT_EQ(this->on().apply({}, Operation::release), 1u);
  EXPECT_EQ(this->on().lease().size(), 3u);
  EXPECT_TRUE(this->on().balanced());
}

TYPED_TEST(StoreConformance, ARemovalThatIsNotTakenBackEnds) {
  this->on().send("x", {"a@example.net", "b@example.net"});
  EXPECT_EQ(this->on().apply({}, Operation::remove), 1u);
  EXPECT_EQ(this->store().accounts().queued, 2u);
  this->restart();
  this->on().loop.run_for(limits::undo_time + 1s);
  EXPECT_EQ(this->on().list().total, 0u);
  EXPECT_EQ(this->store().accounts().deleted, 2u);
  EXPECT_TRUE(this->on().balanced());
}

TYPED_TEST(StoreConformance, ABounceByTheOperatorTellsTheSender) {
  this->store().bounce_with([](const Store::Bounced& bounced) {
    Generated dsn;
    dsn.envelope.recipients.push_back(bounced.envelope.reverse_path);
    dsn.content = "returned: " + std::string(bounced.content);
    return std::vector<Generated>{dsn};
  });
  this->on().send("x");
  EXPECT_EQ(this->on().apply({}, Operation::bounce), 1u);
  this->restart();
  const auto left = this->on().list();
  ASSERT_EQ(left.messages.size(), 1u);
  EXPECT_EQ(this->on().content(left.messages[0].id), "returned: x");
  EXPECT_EQ(this->store().accounts().bounced, 1u);
}

TYPED_TEST(StoreConformance, StandingOrdersMeanWhatIsThereAndWhatComesAlsoAfterARestart) {
  using Kind = StandingOrder::Kind;
  this->on().send("there", {"a@slow.example"});
  this->on().send("there", {"a@example.net"}, "joe@bulk.example");
  const auto suspends = this->on().give(Kind::suspend, "slow.example");
  const auto bounces = this->on().give(Kind::bounce, ".gone.example");
  const auto holds = this->on().give(Kind::hold, "@bulk.example");
  EXPECT_EQ((std::set{suspends, bounces, holds}.size()), 3u);
  this->on().send("comes", {"b@slow.example", "b@x.gone.example"});
  this->on().send("comes", {"b@example.net"}, "jim@bulk.example");
  for (int start = 0; start < 2; ++start) {
    ASSERT_EQ(this->store().orders().size(), 3u);
    EXPECT_EQ(this->store().orders()[0].reason, "a test");
    const auto leases = this->on().lease();
    ASSERT_EQ(leases.size(), 1u);
    ASSERT_EQ(leases[0].recipients.size(), 1u);
    EXPECT_EQ(leases[0].recipients[0].domain, "x.gone.example");
    EXPECT_EQ(leases[0].recipients[0].bounced_by, bounces);
    EXPECT_EQ(this->on().list({.state = QueueState::held}).total, 2u);
    this->restart();
  }
  for (const auto number : {suspends, bounces, holds}) EXPECT_TRUE(this->on().cancel(number));
  EXPECT_FALSE(this->on().cancel(holds));
  this->restart();
  EXPECT_TRUE(this->store().orders().empty());
  EXPECT_EQ(this->on().lease().size(), 2u);
  EXPECT_GT(this->on().give(Kind::suspend, "*"), holds);
}

TYPED_TEST(StoreConformance, AnOrderEndsAtItsTime) {
  this->on().send("x");
  this->on().give(StandingOrder::Kind::suspend, "*", this->on().loop.wall() + 1h);
  EXPECT_TRUE(this->on().lease().empty());
  this->restart();
  EXPECT_TRUE(this->on().lease().empty());
  this->on().loop.run_for(1h + 1s);
  EXPECT_EQ(this->on().lease().size(), 1u);
  EXPECT_TRUE(this->store().orders().empty());
}

TYPED_TEST(StoreConformance, AnOrderThatMeansNobodyIsRefused) {
  auto refused = this->on().run(
      this->store().give({0, StandingOrder::Kind::suspend, "no domain", "", "", {}, {}}));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().fault, Fault::peer);
}

}  // namespace
}  // namespace malleposte::spool
