// What RFC 5321 and RFC 1870 ask of a client over several messages, shown with whole deliveries.
#include <gmock/gmock.h>

#include "deliver/delivery_fixture.h"

namespace malleposte::deliver {
namespace {

using mail::Fate;

// clause: 1870-5-a 1870-6-a 1870-6-c
TEST_F(Delivery, SizeCountsHeaderBodyAndLineEndsButNoStuffedDots) {
  relay().offers = {"PIPELINING", "SIZE"};
  start();
  put("s@example.org", {"a@x.example"}, "S: x\r\n\r\n.\r\n..\r\n");
  pass();
  ASSERT_EQ(relay().mails.size(), 1u);
  EXPECT_EQ(relay().mails[0].content, "S: x\r\n\r\n.\r\n..\r\n");
  EXPECT_EQ(relay().commands[1], "MAIL FROM:<s@example.org> SIZE=15");
}

// clause: 5321-4.5.4.1-g
TEST_F(Delivery, ARefusedSenderIsNotRemembered) {
  bool refusing = true;
  relay().answer = [&](const std::string& line, const std::string&) -> std::optional<Say> {
    if (refusing && line.starts_with("MAIL ")) return say("550 5.7.1 not from you");
    return std::nullopt;
  };
  start();
  auto refused = put("s@example.org", {"a@x.example"});
  pass();
  EXPECT_EQ(last(refused).fate, Fate::bounced);
  refusing = false;
  auto taken = put("s@example.org", {"a@x.example"});
  pass();
  EXPECT_EQ(last(taken).fate, Fate::delivered);
}

// clause: 1870-6.2-b 5321-4.2.1-a
TEST_F(Delivery, AHostWithoutRoomIsAskedAgainLater) {
  bool full = true;
  relay().answer = [&](const std::string& line, const std::string&) -> std::optional<Say> {
    if (full && line.starts_with("MAIL ")) return say("452 4.3.1 insufficient system storage");
    return std::nullopt;
  };
  start();
  auto id = put("s@example.org", {"a@x.example"});
  pass();
  EXPECT_EQ(last(id).fate, Fate::queued);
  EXPECT_TRUE(world.store.generated.empty());
  full = false;
  pass(10min);
  EXPECT_EQ(last(id).fate, Fate::delivered);
}

// clause: 6531-3.7-a
TEST_F(Delivery, AnInternationalAddressGoesAsItCame) {
  relay().offers = {"PIPELINING", "8BITMIME", "SMTPUTF8"};
  start();
  const std::string recipient =
      "\xc3\xa9@b\xc3\xbc"
      "cher.example";
  auto id = put("s@example.org", {recipient});
  message(id).envelope.requests.smtputf8 = true;
  pass();
  EXPECT_EQ(last(id).fate, Fate::delivered);
  ASSERT_EQ(relay().mails.size(), 1u);
  EXPECT_EQ(relay().mails[0].to, std::vector{recipient});
}

}  // namespace
}  // namespace malleposte::deliver
