// The network's twin does what it is told: a simulation that tests less than it says would be worse
// than none.
#include "net/simulated_network.h"

#include <gtest/gtest.h>

#include "base/simulated_loop.h"

namespace malleposte::net {
namespace {

using namespace std::chrono_literals;

// A client that says `text` and a server that hears what arrives.
struct Pair {
  explicit Pair(SimulatedLine line) {
    network.line = [line](const Endpoint&, const Endpoint&) { return line; };
    auto opened = server.listen({"192.0.2.2", 25}, [this](std::unique_ptr<Stream> stream) {
      spawn(hear(std::move(stream)));
    });
    EXPECT_TRUE(opened);
    listener = std::move(*opened);
  }
  Task<void> hear(std::unique_ptr<Stream> stream) {
    char octets[64];
    for (;;) {
      auto got = co_await stream->read_some(octets, loop.steady() + 10min);
      if (!got) server_error = got.error();
      if (!got || *got == 0) break;
      heard.append(octets, *got);
      co_await sleep_until(loop, loop.steady() + reader_pause);
    }
    server_ended = loop.steady();
  }
  Task<void> say(std::string text) {
    auto stream = co_await client.connect({"192.0.2.2", 25}, "", loop.steady() + 30s);
    if (!stream) {
      client_error = stream.error();
      co_return;
    }
    const std::string_view all[] = {text};
    auto written = co_await (*stream)->write(all, loop.steady() + 1min);
    if (!written) client_error = written.error();
    client_wrote = loop.steady();
    if (written) {
      char octet[1];
      auto got = co_await (*stream)->read_some(octet, loop.steady() + 1min);
      if (!got) client_error = got.error();
    }
  }
  void run(std::string text) {
    spawn(say(std::move(text)));
    loop.run_for(1h);
  }

  SimulatedLoop loop{1};
  SimulatedNetwork network{1};
  SimulatedHost client{network, loop, {"192.0.2.1"}}, server{network, loop, {"192.0.2.2"}};
  std::unique_ptr<Listener> listener;
  Duration reader_pause{};
  std::string heard;
  std::optional<Error> client_error, server_error;
  SteadyTime client_wrote{}, server_ended{};
};

TEST(SimulatedNetwork, CarriesWhatIsWritten) {
  SimulatedLine line;
  line.in_pieces = true;
  Pair pair(line);
  pair.run(std::string(1000, 'x') + "end");
  EXPECT_EQ(pair.heard, std::string(1000, 'x') + "end");
}

TEST(SimulatedNetwork, ResetsAtTheOctetThatWasNamed) {
  SimulatedLine line;
  line.reset_after = 7;
  Pair pair(line);
  pair.run("0123456789");
  EXPECT_EQ(pair.heard, "0123456");
  ASSERT_TRUE(pair.client_error && pair.server_error);
  EXPECT_EQ(pair.client_error->fault, Fault::peer);
  EXPECT_EQ(pair.network.figures().resets, 1u);
}

TEST(SimulatedNetwork, AHalfOpenConnectionSwallowsAllUntilTheDeadline) {
  SimulatedLine line;
  line.swallow_after = 4;
  Pair pair(line);
  pair.run("0123456789");
  EXPECT_EQ(pair.heard, "0123");
  ASSERT_TRUE(pair.client_error);
  EXPECT_EQ(pair.client_error->fault, Fault::deadline);
}

TEST(SimulatedNetwork, ASlowReaderMakesTheWriterWait) {
  SimulatedLine line;
  line.window = 10;
  Pair pair(line);
  pair.reader_pause = 1s;
  pair.run(std::string(100, 'x'));
  EXPECT_EQ(pair.heard.size(), 100u);
  EXPECT_GE(pair.client_wrote, SteadyTime{} + 8s);
}

TEST(SimulatedNetwork, TellsRefusedFromUnanswered) {
  SimulatedLine line;
  line.begin = SimulatedLine::Begin::refused;
  Pair refused(line);
  refused.run("x");
  EXPECT_EQ(refused.client_error->fault, Fault::peer);
  line.begin = SimulatedLine::Begin::unanswered;
  Pair unanswered(line);
  unanswered.run("x");
  EXPECT_EQ(unanswered.client_error->fault, Fault::deadline);
}

TEST(SimulatedNetwork, AHostThatVanishesIsHeardNoMore) {
  for (const bool reset : {true, false}) {
    Pair pair({});
    spawn(pair.say("hello"));
    pair.loop.run_for(1s);
    pair.client.vanish(reset);
    pair.loop.run_for(1h);
    EXPECT_EQ(pair.heard, "hello");
    EXPECT_TRUE(pair.client_error);
    EXPECT_EQ(pair.server_error->fault, reset ? Fault::peer : Fault::deadline);
  }
}

}  // namespace
}  // namespace malleposte::net
