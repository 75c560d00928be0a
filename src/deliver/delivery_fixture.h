// For tests: whole deliveries in a fake world.
#pragma once

#include <gtest/gtest.h>

#include <optional>

#include "base/limits.h"
#include "deliver/dispatcher.h"
#include "deliver/fake_world.h"

namespace malleposte::deliver {

using namespace std::chrono_literals;

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
                                    world.record, world.settings, *own, *routes, world.mailboxes},
                       remembered);
    dispatcher->start();
    world.loop.settle();
  }
  // `in_doubt` has a value once it has come to its end.
  void stop() {
    spawn([](Dispatcher& d, std::optional<std::vector<InDoubt>>& to) -> Task<void> {
      to = co_await d.stop();
    }(*dispatcher, in_doubt));
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
  std::optional<std::vector<InDoubt>> in_doubt;
  Sites::Bounds remembered;
  bool leftovers_allowed = false;
};

}  // namespace malleposte::deliver
