// Who is let in, as whom, and who is turned away: PROXY headers, limits, overload, slow clients.
#include "receive/front_door.h"

#include <gtest/gtest.h>

#include <string>

#include "receive/test_world.h"

namespace malleposte::receive {
namespace {

using namespace std::chrono_literals;
using Level = policy::Overload::Level;

constexpr std::string_view banner = "220 mail.example.org ESMTP Malleposte\r\n";
constexpr std::string_view proxy = "192.0.2.99";          // a stranger itself
constexpr std::string_view trusted_proxy = "127.0.0.99";  // in a trusted network

config::Settings settings() {
  config::Settings result;
  result.hostname = "mail.example.org";
  result.relay_domains = {"relay.example"};
  result.smtpd_trusted_networks = {{*parse_ip("127.0.0.0"), 104}};
  result.proxy_protocol_clients = {{*parse_ip(proxy), 128}, {*parse_ip(trusted_proxy), 128}};
  result.xclient_clients = {{*parse_ip("192.0.2.50"), 128}};
  result.xforward_clients = result.xclient_clients;
  result.message_size_limit = 1'000'000;
  result.in = {"198.51.100.1"};
  return result;
}

class FrontDoorTest : public testing::Test {
 protected:
  explicit FrontDoorTest(const config::Settings& with = settings())
      : door(world.loop, world.network, world.resolver, world.store, world.record, world.recipients,
             with) {
    EXPECT_TRUE(door.open());
  }

  std::shared_ptr<Wire> from(std::string_view address) {
    return world.network.connect_from(std::string(address));
  }
  std::string ask(const std::shared_ptr<Wire>& wire, std::string_view text) {
    wire->say(text);
    world.loop.run();
    return wire->heard();
  }
  // Whether this client may send to anywhere.
  bool relays(const std::shared_ptr<Wire>& wire) {
    const std::string heard =
        ask(wire, "HELO c\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@elsewhere.example>\r\n");
    return heard.ends_with("250 2.1.5 Recipient accepted.\r\n");
  }
  bool recorded(std::string_view line) const {
    return std::find(world.record.lines.begin(), world.record.lines.end(), line) !=
           world.record.lines.end();
  }
  // A message that waits for the disk.
  std::shared_ptr<Wire> waiting_for_disk() {
    world.store.committing.open = false;
    auto wire = from("127.0.0.1");
    ask(wire, "HELO c\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@relay.example>\r\nDATA\r\nx\r\n.\r\n");
    EXPECT_TRUE(world.store.committing.somebody_waits());
    return wire;
  }

  TestWorld world;
  FrontDoor door;
};

// --- PROXY ---------------------------------------------------------------------------------------

TEST_F(FrontDoorTest, AProxySaysWhoTheClientIs) {
  auto wire = from(proxy);
  EXPECT_EQ(wire->heard(), "");  // it speaks first
  EXPECT_EQ(ask(wire, "PROXY TCP4 203.0.113.7 198.51.100.8 4000 25\r\n"), banner);
  ask(wire, "HELO c.example\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@relay.example>\r\nDATA\r\n");
  ask(wire, "x\r\n.\r\n");
  ASSERT_EQ(world.store.messages.size(), 1U);
  EXPECT_EQ(world.store.messages[0].envelope.client_address, "203.0.113.7");
  EXPECT_TRUE(world.store.messages[0].content.starts_with(
      "Received: from c.example (unknown [203.0.113.7])"));
  EXPECT_TRUE(recorded("vouched | s1 | 203.0.113.7:4000 | proxy | by=192.0.2.99:4711"));
  EXPECT_TRUE(recorded("connected | s1 | 203.0.113.7:4000"));
  // Our own name in brackets is the address that the client has reached.
  EXPECT_EQ(ask(wire, "MAIL FROM:<a@b.example>\r\nRCPT TO:<postmaster@[198.51.100.8]>\r\n"),
            "250 2.1.0 Sender accepted.\r\n250 2.1.5 Recipient accepted.\r\n");
}

TEST_F(FrontDoorTest, CommandsMayComeTogetherWithTheHeader) {
  auto wire = from(proxy);
  const std::string heard = ask(wire,
                                "PROXY TCP4 203.0.113.7 198.51.100.8 4000 25\r\nHELO c\r\n"
                                "MAIL FROM:<a@b.example>\r\nRCPT TO:<c@relay.example>\r\nDATA\r\n"
                                "x\r\n.\r\nQUIT\r\n");
  EXPECT_TRUE(heard.starts_with(banner)) << heard;
  EXPECT_TRUE(heard.ends_with("221 2.0.0 Good bye.\r\n")) << heard;
  EXPECT_EQ(world.store.messages.size(), 1U);
  EXPECT_TRUE(wire->closed);
}

TEST_F(FrontDoorTest, ANamedClientIsTrustedAsIfItHadConnectedItself) {
  auto stranger = from(trusted_proxy);
  ask(stranger, "PROXY TCP4 203.0.113.7 198.51.100.8 4000 25\r\n");
  EXPECT_FALSE(relays(stranger));
  auto trusted = from(proxy);
  ask(trusted, "PROXY TCP4 127.0.0.5 198.51.100.8 4000 25\r\n");
  EXPECT_TRUE(relays(trusted));
  auto mapped = from(proxy);
  ask(mapped, "PROXY TCP6 ::ffff:127.0.0.5 ::1 4000 25\r\n");
  EXPECT_TRUE(relays(mapped));
}

TEST_F(FrontDoorTest, AnUnknownClientIsNeverTrusted) {
  auto unknown = from(trusted_proxy);
  EXPECT_EQ(ask(unknown, "PROXY UNKNOWN\r\n"), banner);
  EXPECT_FALSE(relays(unknown));
  auto other = from(trusted_proxy);
  ask(other, std::string("\r\n\r\n\0\r\nQUIT\n\x21\x00\x00\x00", 16));
  EXPECT_FALSE(relays(other));
}

TEST_F(FrontDoorTest, AProxyThatCallsForItselfIsItself) {
  const std::string local("\r\n\r\n\0\r\nQUIT\n\x20\x00\x00\x00", 16);
  auto trusted = from(trusted_proxy);
  EXPECT_EQ(ask(trusted, local), banner);
  EXPECT_TRUE(relays(trusted));
  auto stranger = from(proxy);
  EXPECT_EQ(ask(stranger, local), banner);
  EXPECT_FALSE(relays(stranger));
}

TEST_F(FrontDoorTest, AHeaderOfAnybodyElseIsNoCommandThatWeKnow) {
  for (const char* other : {"192.0.2.98", "127.0.0.1"}) {
    auto wire = from(other);
    EXPECT_EQ(ask(wire, "PROXY TCP4 127.0.0.1 198.51.100.8 4000 25\r\n"),
              std::string(banner) + "500 5.5.1 I do not know that command.\r\n");
  }
  auto stranger = from("192.0.2.98");
  ask(stranger, "PROXY TCP4 127.0.0.1 198.51.100.8 4000 25\r\n");
  EXPECT_FALSE(relays(stranger));
}

TEST_F(FrontDoorTest, ASecondHeaderIsACommand) {
  auto wire = from(proxy);
  EXPECT_EQ(ask(wire,
                "PROXY TCP4 203.0.113.7 198.51.100.8 4000 25\r\n"
                "PROXY TCP4 127.0.0.1 198.51.100.8 4000 25\r\n"),
            std::string(banner) + "500 5.5.1 I do not know that command.\r\n");
  EXPECT_FALSE(relays(wire));
}

TEST_F(FrontDoorTest, WithoutAHeaderInTimeTheConnectionEnds) {
  auto wire = from(proxy);
  ask(wire, "PROXY TCP4 203.0.113.7");
  world.loop.pass(limits::proxy_header_timeout - 1us);
  EXPECT_FALSE(wire->closed);
  world.loop.pass(1us);
  constexpr std::string_view answer =
      "421 4.7.0 The proxy in front of this server did not say who is calling.";
  EXPECT_EQ(wire->heard(), std::string(answer) + "\r\n");
  EXPECT_TRUE(wire->closed);
  EXPECT_TRUE(recorded("refused | s1 | 192.0.2.99:4711 |  |  |  | " + std::string(answer)));
}

TEST_F(FrontDoorTest, AWrongHeaderEndsTheConnectionAndIsRecorded) {
  auto wire = from(proxy);
  EXPECT_EQ(ask(wire, "EHLO c\r\n"),
            "421 4.7.0 This connection does not begin with a PROXY header.\r\n");
  EXPECT_TRUE(wire->closed);
  EXPECT_EQ(world.record.lines.size(), 1U);
  auto cut_off = from(proxy);
  cut_off->say("PROXY TCP4 ");
  cut_off->hang_up();
  world.loop.run();
  EXPECT_TRUE(cut_off->closed);
  EXPECT_EQ(world.record.lines.size(), 2U);
  // A look whether we are there.
  auto silent = from(proxy);
  silent->hang_up();
  world.loop.run();
  EXPECT_TRUE(silent->closed);
  EXPECT_EQ(world.record.lines.size(), 2U);
  bool empty = false;
  door.on_empty([&] { empty = true; });
  EXPECT_TRUE(empty);
}

TEST_F(FrontDoorTest, TheEndDoesNotWaitForHeaders) {
  auto wire = from(proxy);
  door.stop();
  bool empty = false;
  door.on_empty([&] { empty = true; });
  world.loop.run();
  EXPECT_TRUE(wire->closed);
  EXPECT_TRUE(empty);
}

TEST_F(FrontDoorTest, LimitsCountTheNamedClientAndNotTheProxy) {
  const std::string header = "PROXY TCP4 203.0.113.7 198.51.100.8 4000 25\r\n";
  std::vector<std::shared_ptr<Wire>> wires;
  for (std::size_t i = 0; i < limits::sessions_per_stranger; ++i) {
    wires.push_back(from(proxy));
    EXPECT_EQ(ask(wires.back(), header), banner);
  }
  auto one_more = from(proxy);
  EXPECT_EQ(ask(one_more, header), "421 4.7.0 You have too many connections open.\r\n");
  EXPECT_TRUE(one_more->closed);
  auto other = from(proxy);
  EXPECT_EQ(ask(other, "PROXY TCP4 203.0.113.8 198.51.100.8 4000 25\r\n"), banner);
  for (auto& wire : wires) wire->hang_up();
  other->hang_up();
  world.loop.run();
  EXPECT_EQ(door.sessions(), 0U);
}

// --- XCLIENT, XFORWARD ---------------------------------------------------------------------------

TEST_F(FrontDoorTest, XclientMovesTheSessionToTheClientItNames) {
  std::vector<std::shared_ptr<Wire>> wires;
  for (std::size_t i = 0; i < limits::sessions_per_stranger; ++i)
    wires.push_back(from("203.0.113.7"));
  auto front = from("192.0.2.50");
  ask(front, "EHLO f\r\n");
  EXPECT_EQ(ask(front, "XCLIENT ADDR=203.0.113.7\r\nNOOP\r\n"),
            "421 4.7.0 You have too many connections open.\r\n");
  EXPECT_TRUE(front->closed);
  auto other = from("192.0.2.50");
  other->heard();
  EXPECT_EQ(ask(other, "XCLIENT ADDR=203.0.113.8 PORT=99 NAME=c.example\r\n"), banner);
  EXPECT_TRUE(
      recorded("vouched | s34 | 203.0.113.8:99 | xclient | by=192.0.2.50:4711 name=c.example "
               "addr=203.0.113.8 port=99"));
  // The place of the one before is free again, each time.
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(ask(other, "XCLIENT ADDR=203.0.113." + std::to_string(9 + i) + "\r\n"), banner);
  other->hang_up();
  for (auto& wire : wires) wire->hang_up();
  world.loop.run();
  EXPECT_EQ(door.sessions(), 0U);
}

TEST_F(FrontDoorTest, XclientsNameAndAddressStandInTheTrace) {
  world.resolver.name = "looked.up.example";
  auto front = from("192.0.2.50");
  const std::string message =
      "MAIL FROM:<a@b.example>\r\nRCPT TO:<c@relay.example>\r\nDATA\r\nx\r\n.\r\n";
  ask(front, "XCLIENT ADDR=203.0.113.8 HELO=said.example PROTO=ESMTP\r\n" + message);
  ask(front, "XCLIENT NAME=told.example\r\nHELO h\r\n" + message);
  ask(front, "XCLIENT NAME=[UNAVAILABLE]\r\nHELO h\r\n" + message);
  ASSERT_EQ(world.store.messages.size(), 3U);
  const auto from_line = [this](std::size_t i) {
    const std::string& content = world.store.messages[i].content;
    return content.substr(0, content.find('\r'));
  };
  EXPECT_EQ(from_line(0), "Received: from said.example (looked.up.example [203.0.113.8])");
  EXPECT_EQ(from_line(1), "Received: from h (told.example [203.0.113.8])");
  EXPECT_EQ(from_line(2), "Received: from h (unknown [203.0.113.8])");
}

TEST_F(FrontDoorTest, XforwardIsRecordedWithTheMessageAndThenForgotten) {
  auto front = from("192.0.2.50");
  const std::string message =
      "MAIL FROM:<a@b.example>\r\nRCPT TO:<c@relay.example>\r\nDATA\r\nx\r\n.\r\n";
  ask(front, "HELO f\r\nXFORWARD ADDR=127.0.0.1 NAME=far.example\r\n" + message + message);
  ASSERT_EQ(world.store.messages.size(), 2U);
  EXPECT_EQ(world.store.messages[0].envelope.client_address, "192.0.2.50");
  EXPECT_TRUE(recorded("vouched | s1 | 192.0.2.50:4711 | xforward | id=" +
                       to_string(mail::MessageId{1}) + " name=far.example addr=127.0.0.1"));
  EXPECT_EQ(std::count_if(world.record.lines.begin(), world.record.lines.end(),
                          [](const std::string& one) { return one.starts_with("vouched"); }),
            1);
  ask(front, "XFORWARD ADDR=127.0.0.1\r\n");
  EXPECT_FALSE(relays(front));
}

// --- Limits --------------------------------------------------------------------------------------

class NarrowDoorTest : public FrontDoorTest {
 protected:
  static config::Settings narrow() {
    config::Settings result = settings();
    result.session_limit = 10;
    result.reserved_session_percent = 50;
    result.sessions_per_network = 3;
    result.idle_timeout = 60s;
    result.command_timeout = 20s;
    result.data_rate_minimum = 10;
    result.data_rate_window = 30s;
    return result;
  }
  NarrowDoorTest() : FrontDoorTest(narrow()) {}
};

TEST_F(NarrowDoorTest, StrangersLeaveAPartToTrustedClients) {
  std::vector<std::shared_ptr<Wire>> wires;
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(door.crowd().level, Level::none);
    wires.push_back(from("203.0." + std::to_string(i) + ".1"));
    EXPECT_EQ(wires.back()->heard(), banner);
  }
  EXPECT_EQ(door.crowd().level, Level::strangers);
  EXPECT_EQ(door.crowd().cause, Limit::reserved_sessions);
  EXPECT_EQ(from("203.0.113.1")->heard(),
            "421 4.3.2 Almost all lines are busy, please call again later.\r\n");
  for (int i = 0; i < 5; ++i) wires.push_back(from("127.0.0.1"));
  EXPECT_EQ(wires.back()->heard(), banner);
  EXPECT_EQ(from("127.0.0.1")->heard(),
            "421 4.3.2 All lines are busy, please call again later.\r\n");
  for (auto& wire : wires) wire->hang_up();
  world.loop.run();
  EXPECT_EQ(door.crowd().level, Level::none);
}

TEST_F(NarrowDoorTest, ANetworkHasALimit) {
  std::vector<std::shared_ptr<Wire>> wires;
  for (int i = 0; i < 3; ++i) wires.push_back(from("203.0.113." + std::to_string(i)));
  EXPECT_EQ(wires.back()->heard(), banner);
  EXPECT_EQ(from("203.0.113.77")->heard(),
            "421 4.7.0 Your network has too many connections open.\r\n");
  EXPECT_EQ(from("203.0.114.77")->heard(), banner);
}

TEST_F(NarrowDoorTest, LimitsChangeWithAReload) {
  config::Settings wider = narrow();
  wider.sessions_per_network = 0;
  wider.reserved_session_percent = 0;
  std::vector<std::shared_ptr<Wire>> wires;
  for (int i = 0; i < 3; ++i) wires.push_back(from("203.0.113." + std::to_string(i)));
  door.reload(wider);
  for (int i = 3; i < 10; ++i) {
    wires.push_back(from("203.0.113." + std::to_string(i)));
    EXPECT_EQ(wires.back()->heard(), banner);
  }
}

TEST_F(NarrowDoorTest, ACommandThatTricklesInIsNotWaitedForWithoutEnd) {
  auto wire = from("203.0.113.1");
  wire->heard();
  for (int i = 0; i < 19; ++i) {
    ask(wire, "x");
    world.loop.pass(1s);
  }
  EXPECT_FALSE(wire->closed);
  ask(wire, "x");
  world.loop.pass(1s);
  EXPECT_EQ(wire->heard(), "421 4.4.2 The end of your command did not come in time.\r\n");
  EXPECT_TRUE(wire->closed);
  EXPECT_TRUE(
      recorded("refused | s1 | 203.0.113.1:4711 |  |  |  | "
               "421 4.4.2 The end of your command did not come in time."));
}

TEST_F(NarrowDoorTest, AMessageThatTricklesInIsNotWaitedForWithoutEnd) {
  auto wire = from("203.0.113.1");
  ask(wire, "HELO c\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@relay.example>\r\nDATA\r\n");
  for (int i = 0; i < 29; ++i) {
    ask(wire, "123456789");  // one octet a second too few
    world.loop.pass(1s);
  }
  EXPECT_FALSE(wire->closed);
  world.loop.pass(1s);
  EXPECT_EQ(wire->heard(), "421 4.4.2 Your message comes in too slowly.\r\n");
  EXPECT_TRUE(wire->closed);
  EXPECT_EQ(world.store.coming_in, 0U);

  auto fast = from("203.0.113.1");
  ask(fast, "HELO c\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@relay.example>\r\nDATA\r\n");
  for (int i = 0; i < 120; ++i) {
    ask(fast, "12345678901");
    world.loop.pass(1s);
  }
  EXPECT_TRUE(ask(fast, "\r\n.\r\n").starts_with("250 "));
}

TEST_F(NarrowDoorTest, AClientThatIsSilentIsWaitedForAWhile) {
  auto wire = from("203.0.113.1");
  world.loop.pass(59s);
  ask(wire, "NOOP\r\n");
  world.loop.pass(59s);
  EXPECT_FALSE(wire->closed);
  world.loop.pass(1s);
  EXPECT_EQ(wire->heard(), "421 4.4.2 You were silent for too long.\r\n");
  EXPECT_TRUE(wire->closed);
}

// --- Overload ------------------------------------------------------------------------------------

TEST_F(FrontDoorTest, ASlowDiskTurnsStrangersAwayFirstAndTrustedClientsLast) {
  constexpr std::string_view too_much =
      "421 4.3.2 My disk has too much to do just now, please call again later.\r\n";
  auto busy = waiting_for_disk();
  world.loop.pass(limits::commit_slow - 1us);
  EXPECT_EQ(from("203.0.113.1")->heard(), banner);
  world.loop.pass(1us);
  EXPECT_EQ(from("203.0.113.1")->heard(), too_much);
  EXPECT_EQ(from("127.0.0.1")->heard(), banner);
  EXPECT_EQ(door.crowd().level, Level::strangers);
  world.loop.pass(limits::commit_stuck);
  EXPECT_EQ(from("127.0.0.1")->heard(), too_much);
  EXPECT_EQ(door.crowd().level, Level::everybody);
  EXPECT_EQ(door.crowd().cause, Limit::commit_delay);
  world.store.committing.let_go();
  world.loop.run();
  EXPECT_TRUE(busy->heard().starts_with("250 "));
  world.loop.pass(limits::overload_remembered);
  EXPECT_EQ(door.crowd().level, Level::none);
  EXPECT_EQ(from("203.0.113.1")->heard(), banner);
}

TEST_F(FrontDoorTest, ANamedStrangerIsTurnedAwayToo) {
  auto busy = waiting_for_disk();
  world.loop.pass(limits::commit_slow);
  auto wire = from(proxy);
  EXPECT_EQ(ask(wire, "PROXY TCP4 203.0.113.7 198.51.100.8 4000 25\r\n").substr(0, 9), "421 4.3.2");
  auto trusted = from(proxy);
  EXPECT_EQ(ask(trusted, "PROXY TCP4 127.0.0.7 198.51.100.8 4000 25\r\n"), banner);
  world.store.committing.let_go();
}

TEST_F(FrontDoorTest, WithoutDescriptorsIdleStrangersMakeRoom) {
  auto idle = from("203.0.113.1");
  auto trusted = from("127.0.0.1");
  auto sending = from("203.0.113.1");
  ask(sending, "HELO c\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@relay.example>\r\nDATA\r\nx\r\n");
  idle->heard();
  door.out_of_descriptors();
  world.loop.run();
  EXPECT_EQ(idle->heard(), "421 4.3.2 I have no line left just now, please call again later.\r\n");
  EXPECT_TRUE(idle->closed);
  EXPECT_FALSE(trusted->closed);
  EXPECT_TRUE(ask(sending, ".\r\n").starts_with("250 "));
  EXPECT_EQ(from("203.0.113.1")->heard().substr(0, 9), "421 4.3.2");
  EXPECT_EQ(from("127.0.0.1")->heard(), banner);
  world.loop.pass(limits::descriptors_short);
  EXPECT_EQ(from("203.0.113.1")->heard(), banner);
}

}  // namespace
}  // namespace malleposte::receive
