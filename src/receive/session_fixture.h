// For tests: a front door in a world of its own, and clients that say things to its sessions.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>

#include "receive/front_door.h"
#include "receive/test_world.h"

namespace malleposte::receive {

inline config::Settings session_settings() {
  config::Settings result;
  result.hostname = "mail.example.org";
  result.relay_domains = {"relay.example"};
  result.smtpd_trusted_networks = {{*parse_ip("127.0.0.1"), 128}};
  result.message_size_limit = 1'000'000;
  result.in = {"198.51.100.1"};
  return result;
}

class SessionTest : public testing::Test {
 protected:
  SessionTest() { EXPECT_TRUE(door.open()); }

  std::shared_ptr<Wire> stranger() { return world.network.connect_from("192.0.2.1"); }
  std::shared_ptr<Wire> trusted() { return world.network.connect_from("127.0.0.1"); }
  // Says it, and returns the answers.
  std::string ask(const std::shared_ptr<Wire>& wire, std::string_view text) {
    wire->say(text);
    world.loop.run();
    return wire->heard();
  }
  // A session up to the 354.
  std::shared_ptr<Wire> in_data() {
    auto wire = stranger();
    const std::string heard = ask(
        wire, "EHLO c.example\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@relay.example>\r\nDATA\r\n");
    EXPECT_NE(heard.find("354"), std::string::npos) << heard;
    return wire;
  }

  TestWorld world;
  FrontDoor door{world.loop,   world.network,    world.resolver,    world.store,
                 world.record, world.recipients, session_settings()};
};

inline const std::string accepted_1 =
    "250 2.0.0 Message accepted as " + to_string(mail::MessageId{1}) + ".\r\n";
inline const std::string no_room =
    "452 4.3.1 There is no room for mail now, please try again later.\r\n";

}  // namespace malleposte::receive
