// Sessions whose messages come by BDAT (RFC 3030).
#include <gtest/gtest.h>

#include <string>

#include "receive/front_door.h"
#include "receive/test_world.h"

namespace malleposte::receive {
namespace {

config::Settings settings() {
  config::Settings result;
  result.hostname = "mail.example.org";
  result.relay_domains = {"relay.example"};
  result.smtpd_trusted_networks = {{*parse_ip("127.0.0.1"), 128}};
  result.message_size_limit = 1'000'000;
  result.in = {"198.51.100.1"};
  return result;
}

class ChunkedSession : public testing::Test {
 protected:
  ChunkedSession() { EXPECT_TRUE(door.open()); }

  std::shared_ptr<Wire> stranger() { return world.network.connect_from("192.0.2.1"); }
  // Says it, and returns the answers.
  std::string ask(const std::shared_ptr<Wire>& wire, std::string_view text) {
    wire->say(text);
    world.loop.run();
    return wire->heard();
  }
  TestWorld world;
  FrontDoor door{world.loop, world.network, world.resolver, world.store, world.record, settings()};
};

const std::string accepted_1 =
    "250 2.0.0 Message accepted as " + to_string(mail::MessageId{1}) + ".\r\n";
const std::string no_room = "452 4.3.1 There is no room for mail now, please try again later.\r\n";

// A session up to the first of its chunks.
const std::string first_chunk =
    "EHLO c\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@relay.example>\r\nBDAT 1\r\nx";

TEST_F(ChunkedSession, NothingIsKeptOfAMessageThatWasTakenBack) {
  auto wire = stranger();
  ask(wire, first_chunk);
  EXPECT_EQ(world.store.coming_in, 1U);
  EXPECT_EQ(ask(wire, "RSET\r\n"), "250 2.0.0 Forgotten.\r\n");
  EXPECT_EQ(world.store.coming_in, 0U);
  ask(wire, first_chunk);
  EXPECT_EQ(world.store.coming_in, 1U);
  ask(wire, "BDAT 1 FIRST\r\nx");
  EXPECT_EQ(world.store.coming_in, 0U);
  ask(wire, first_chunk);
  wire->hang_up();
  world.loop.run();
  EXPECT_EQ(world.store.coming_in, 0U);
  EXPECT_TRUE(world.store.messages.empty());
}

TEST_F(ChunkedSession, AFullStoreIsSaidAtTheEndOfTheChunk) {
  auto wire = stranger();
  ask(wire, "HELO c\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@relay.example>\r\n");
  world.store.beginning = false;
  EXPECT_EQ(ask(wire, "BDAT 2 LAST\r\nx"), "");
  EXPECT_EQ(ask(wire, "y"), no_room);
  world.store.beginning = true;
  world.store.room = 1000;
  ask(wire, first_chunk);
  EXPECT_EQ(ask(wire, "BDAT 2000\r\n" + std::string(2000, 'x') + "BDAT 1 LAST\r\ny"),
            no_room + no_room);
  EXPECT_EQ(ask(wire, "NOOP\r\n"), "250 2.0.0 Here I am.\r\n");
  EXPECT_TRUE(world.store.messages.empty());
}

TEST_F(ChunkedSession, TheEndWaitsForTheLastChunk) {
  auto wire = stranger();
  ask(wire, first_chunk);
  door.stop();
  world.loop.run();
  EXPECT_EQ(wire->heard(), "");
  EXPECT_EQ(ask(wire, "BDAT 1 LAST\r\ny"),
            accepted_1 + "421 4.3.2 I am closing, please call again.\r\n");
  EXPECT_TRUE(wire->closed);
}

}  // namespace
}  // namespace malleposte::receive
