// Sessions whose content comes by BDAT, and what its parameters leave in the envelope.
#include <gtest/gtest.h>

#include <string>

#include "receive/session_fixture.h"

namespace malleposte::receive {
namespace {

using namespace std::chrono_literals;

TEST_F(SessionTest, TheEnvelopeHasWhatTheClientAskedFor) {
  auto wire = trusted();
  ask(wire,
      "EHLO c\r\nMAIL FROM:<a@b> RET=FULL ENVID=x BODY=BINARYMIME HOLDFOR=60 BY=120;R "
      "MT-PRIORITY=2\r\nRCPT TO:<c@d> NOTIFY=SUCCESS ORCPT=rfc822;e@f\r\nBDAT 1 LAST\r\n\n");
  ASSERT_EQ(world.store.messages.size(), 1U);
  const mail::Envelope& envelope = world.store.messages[0].envelope;
  EXPECT_EQ(envelope.body, mail::Body::binary);
  EXPECT_EQ(envelope.requests.returned, mail::Return::full);
  EXPECT_EQ(envelope.requests.envelope_id, "x");
  EXPECT_EQ(envelope.requests.held_until, world.loop.wall() + 60s);
  EXPECT_EQ(envelope.requests.deliver_by, (mail::DeliverBy{world.loop.wall() + 120s, true, false}));
  EXPECT_EQ(envelope.requests.priority, 2);
  ASSERT_EQ(envelope.recipients.size(), 1U);
  EXPECT_TRUE(envelope.recipients[0].notify.success);
  EXPECT_EQ(envelope.recipients[0].original, "rfc822;e@f");
  EXPECT_TRUE(world.store.messages[0].content.ends_with("+0000\r\n\n"));
}

// A session up to the first of its chunks.
const std::string first_chunk =
    "EHLO c\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@relay.example>\r\nBDAT 1\r\nx";

TEST_F(SessionTest, NothingIsKeptOfAMessageThatWasTakenBack) {
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

TEST_F(SessionTest, AFullStoreIsSaidAtTheEndOfTheChunk) {
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

TEST_F(SessionTest, TheEndWaitsForTheLastChunk) {
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
