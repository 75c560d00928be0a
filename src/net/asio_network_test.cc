#include "net/asio_network.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <array>
#include <filesystem>

#include "net/file_descriptor.h"
#include "net/socket_address.h"

namespace malleposte::net {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

std::array<std::string_view, 1> one(std::string_view text) {
  return {text};
}

// A loop, a listener and both ends of one connection.
class AsioNetworkTest : public testing::Test {
 public:
  void run(Task<void> test) {
    spawn([](Task<void> body, AsioLoop& on) -> Task<void> {
      co_await body;
      on.stop();
    }(std::move(test), loop));
    loop.run();
  }
  ~AsioNetworkTest() override {
    near.reset();
    far.reset();
    listener.reset();
    loop.run_ready();
  }

  Task<void> join(Endpoint at = {"127.0.0.1", 0}) {
    auto listening = network.listen(at, [this](std::unique_ptr<Stream> stream) {
      if (accepted.ready())
        others.push_back(std::move(stream));
      else
        accepted.set(std::move(stream));
    });
    EXPECT_TRUE(listening) << listening.error().text;
    listener = std::move(*listening);
    auto connected = co_await network.connect(listener->local(), "", soon());
    EXPECT_TRUE(connected) << connected.error().text;
    near = std::move(*connected);
    far = co_await accepted;
  }

  // Long enough for every machine; only failing tests wait for it.
  SteadyTime soon() const { return loop.steady() + 60s; }
  SteadyTime now() const { return loop.steady(); }

  AsioLoop loop;
  AsioNetwork network{loop};
  OneShot<std::unique_ptr<Stream>> accepted;
  std::unique_ptr<Listener> listener;
  std::unique_ptr<Stream> near;
  std::unique_ptr<Stream> far;
  std::vector<std::unique_ptr<Stream>> others;  // further accepted ones
};

Task<std::string> read_all(Stream& stream, SteadyTime deadline) {
  std::string all;
  std::array<char, 4096> buffer;
  for (;;) {
    const auto got = co_await stream.read_some(buffer, deadline);
    EXPECT_TRUE(got) << got.error().text;
    if (!got || *got == 0) co_return all;
    all.append(buffer.data(), *got);
  }
}

TEST_F(AsioNetworkTest, BytesArriveAndBothEndsKnowTheirAddresses) {
  run([](AsioNetworkTest& t) -> Task<void> {
    co_await t.join();
    EXPECT_EQ(t.near->peer(), t.listener->local());
    EXPECT_EQ(t.far->local(), t.listener->local());
    EXPECT_EQ(t.far->peer(), t.near->local());
    EXPECT_EQ(t.far->peer().address, "127.0.0.1");

    const std::array<std::string_view, 4> pieces{"250-", "", "mail.example.org", "\r\n"};
    EXPECT_TRUE(co_await t.near->write(pieces, t.soon()));
    EXPECT_TRUE(co_await t.far->wait_readable(t.soon()));
    std::array<char, 100> buffer;
    const auto got = co_await t.far->read_some(buffer, t.soon());
    EXPECT_EQ(std::string_view(buffer.data(), got.value()), "250-mail.example.org\r\n");
  }(*this));
}

TEST_F(AsioNetworkTest, Ipv6WorksAndAnIpv6ListenerTakesNoIpv4) {
  run([](AsioNetworkTest& t) -> Task<void> {
    co_await t.join({"::1", 0});
    EXPECT_EQ(t.far->peer().address, "::1");
    const auto refused =
        co_await t.network.connect({"127.0.0.1", t.listener->local().port}, "", t.soon());
    EXPECT_FALSE(refused);
  }(*this));
}

TEST_F(AsioNetworkTest, TheConnectionComesFromTheSourceAddress) {
  run([](AsioNetworkTest& t) -> Task<void> {
    co_await t.join();
    t.near = (co_await t.network.connect(t.listener->local(), "127.0.0.9", t.soon())).value();
    EXPECT_EQ(t.near->local().address, "127.0.0.9");

    auto foreign = co_await t.network.connect(t.listener->local(), "192.0.2.1", t.soon());
    EXPECT_EQ(foreign.error().fault, Fault::resource);
    auto mixed = co_await t.network.connect(t.listener->local(), "::1", t.soon());
    EXPECT_EQ(mixed.error().fault, Fault::resource);
    auto no_such = co_await t.network.connect(t.listener->local(), "nosuch0", t.soon());
    EXPECT_EQ(no_such.error().fault, Fault::resource);
  }(*this));
}

TEST_F(AsioNetworkTest, ARefusedConnectionIsThePeersFault) {
  run([](AsioNetworkTest& t) -> Task<void> {
    co_await t.join();
    const auto at = t.listener->local();
    t.listener.reset();
    const auto refused = co_await t.network.connect(at, "", t.soon());
    EXPECT_EQ(refused.error().fault, Fault::peer);
    EXPECT_EQ(refused.error().text, "connect to " + to_string(at) + ": Connection refused");
    const auto no_address = co_await t.network.connect({"mail.example.org", 25}, "", t.soon());
    EXPECT_EQ(no_address.error().fault, Fault::peer);
  }(*this));
}

TEST_F(AsioNetworkTest, AConnectionThatNobodyAnswersEndsAtItsDeadline) {
  // A listener whose queue is full and that accepts nothing leaves further SYNs unanswered.
  const FileDescriptor deaf(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  auto address = to_socket_address({"127.0.0.1", 0}).value();
  ASSERT_EQ(::bind(deaf.get(), address.get(), address.length), 0);
  ASSERT_EQ(::listen(deaf.get(), 0), 0);
  run([](AsioNetworkTest& t, Endpoint at) -> Task<void> {
    std::vector<std::unique_ptr<Stream>> queued;
    for (;;) {
      auto connected = co_await t.network.connect(at, "", t.now() + 100ms);
      if (connected) {
        queued.push_back(std::move(*connected));
        continue;
      }
      EXPECT_EQ(connected.error().fault, Fault::deadline);
      EXPECT_THAT(connected.error().text, HasSubstr("Connection timed out"));
      break;
    }
  }(*this, local_endpoint(deaf.get())));
}

TEST_F(AsioNetworkTest, AReadEndsAtItsDeadlineAndTheStreamCanStillSpeak) {
  run([](AsioNetworkTest& t) -> Task<void> {
    co_await t.join();
    std::array<char, 100> buffer;
    const auto deadline = t.now() + 20ms;
    const auto late = co_await t.far->read_some(buffer, deadline);
    EXPECT_EQ(late.error().fault, Fault::deadline);
    EXPECT_GE(t.now(), deadline);
    const auto idle = co_await t.far->wait_readable(t.now() + 5ms);
    EXPECT_EQ(idle.error().fault, Fault::deadline);

    // The server says 421 to a client that fell asleep.
    EXPECT_TRUE(co_await t.far->write(one("421"), t.soon()));
    const auto got = co_await t.near->read_some(buffer, t.soon());
    EXPECT_EQ(got.value(), 3U);
    EXPECT_TRUE(co_await t.near->write(one("hello"), t.soon()));
    EXPECT_EQ((co_await t.far->read_some(buffer, t.soon())).value(), 5U);
  }(*this));
}

TEST_F(AsioNetworkTest, AnEarlierDeadlineAfterALaterOneIsKept) {
  run([](AsioNetworkTest& t) -> Task<void> {
    co_await t.join();
    std::array<char, 100> buffer;
    EXPECT_TRUE(co_await t.near->write(one("x"), t.soon()));
    EXPECT_TRUE(co_await t.far->wait_readable(t.now() + 10min));
    EXPECT_EQ((co_await t.far->read_some(buffer, t.now() + 10min)).value(), 1U);
    const auto late = co_await t.far->read_some(buffer, t.now() + 10ms);
    EXPECT_EQ(late.error().fault, Fault::deadline);
  }(*this));
}

TEST_F(AsioNetworkTest, ClosingEndsAWaitingOperationAfterwardsAndNotInside) {
  run([](AsioNetworkTest& t) -> Task<void> {
    co_await t.join();
    std::string seen;
    OneShot<bool> ended;
    spawn([](AsioNetworkTest& t, std::string& seen, OneShot<bool>& ended) -> Task<void> {
      const auto waited = co_await t.far->wait_readable(never);
      seen = waited.error().text;
      EXPECT_EQ(waited.error().fault, Fault::peer);
      ended.set(true);
    }(t, seen, ended));
    t.far->close();
    EXPECT_EQ(seen, "");
    co_await ended;
    EXPECT_EQ(seen, "closed");
    std::array<char, 10> buffer;
    EXPECT_EQ((co_await t.far->read_some(buffer, t.soon())).error().text, "closed");
    EXPECT_EQ((co_await t.far->write(one("x"), t.soon())).error().text, "closed");
    EXPECT_EQ((co_await t.near->read_some(buffer, t.soon())).value(), 0U);
  }(*this));
}

TEST_F(AsioNetworkTest, DestroyingAStreamEndsItsReaderAndItsWriter) {
  run([](AsioNetworkTest& t) -> Task<void> {
    co_await t.join();
    const std::string much(64 << 20, 'x');
    OneShot<bool> reader;
    OneShot<bool> writer;
    spawn([](AsioNetworkTest& t, OneShot<bool>& ended) -> Task<void> {
      std::array<char, 10> buffer;
      const auto got = co_await t.far->read_some(buffer, t.soon());
      EXPECT_EQ(got.error().text, "closed");
      ended.set(true);
    }(t, reader));
    spawn([](AsioNetworkTest& t, const std::string& much, OneShot<bool>& ended) -> Task<void> {
      const auto pieces = one(much);
      const auto sent = co_await t.far->write(pieces, t.soon());
      EXPECT_EQ(sent.error().text, "closed");
      ended.set(true);
    }(t, much, writer));
    t.far.reset();
    co_await reader;
    co_await writer;
  }(*this));
}

TEST_F(AsioNetworkTest, APeerThatHalfClosedStillReadsOurAnswer) {
  run([](AsioNetworkTest& t) -> Task<void> {
    co_await t.join();
    const FileDescriptor peer(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    OneShot<std::unique_ptr<Stream>> next;
    t.listener.reset();
    auto listening = t.network.listen(
        {"127.0.0.1", 0}, [&](std::unique_ptr<Stream> stream) { next.set(std::move(stream)); });
    const auto address = to_socket_address((*listening)->local()).value();
    EXPECT_EQ(::connect(peer.get(), address.get(), address.length), 0);
    EXPECT_EQ(::send(peer.get(), "QUIT\r\n", 6, 0), 6);
    EXPECT_EQ(::shutdown(peer.get(), SHUT_WR), 0);
    const auto stream = co_await next;
    EXPECT_EQ(co_await read_all(*stream, t.soon()), "QUIT\r\n");
    // The end stays the end, and waiting for it returns.
    EXPECT_TRUE(co_await stream->wait_readable(t.soon()));
    EXPECT_EQ(co_await read_all(*stream, t.soon()), "");
    EXPECT_TRUE(co_await stream->write(one("221 "), t.soon()));
    std::array<char, 10> buffer;
    EXPECT_EQ(::recv(peer.get(), buffer.data(), buffer.size(), 0), 4);
  }(*this));
}

TEST_F(AsioNetworkTest, AResetIsAnErrorOfThePeer) {
  run([](AsioNetworkTest& t) -> Task<void> {
    co_await t.join();
    // Unread data makes the kernel answer a close with a reset.
    EXPECT_TRUE(co_await t.near->write(one("unread"), t.soon()));
    EXPECT_TRUE(co_await t.far->wait_readable(t.soon()));
    t.far.reset();
    std::array<char, 10> buffer;
    const auto got = co_await t.near->read_some(buffer, t.soon());
    EXPECT_EQ(got.error().fault, Fault::peer);
    // No SIGPIPE ends the process.
    EXPECT_FALSE(co_await t.near->write(one("x"), t.soon()));
  }(*this));
}

TEST_F(AsioNetworkTest, ABigWriteReachesASlowReaderWhole) {
  run([](AsioNetworkTest& t) -> Task<void> {
    co_await t.join();
    // 200 pieces of different sizes, more than one system call's worth.
    std::vector<std::string> pieces;
    std::string expected;
    for (std::size_t i = 0; i < 200; ++i) {
      pieces.emplace_back(i * 997 % 100'000, static_cast<char>('a' + i % 26));
      expected += pieces.back();
    }
    OneShot<bool> sent;
    spawn([](AsioNetworkTest& t, std::vector<std::string>& pieces,
             OneShot<bool>& sent) -> Task<void> {
      const std::vector<std::string_view> views(pieces.begin(), pieces.end());
      EXPECT_TRUE(co_await t.near->write(views, t.soon()));
      sent.set(true);
      t.near->close();
    }(t, pieces, sent));
    EXPECT_FALSE(sent.ready());
    std::string all;
    std::array<char, 1000> little;
    for (std::size_t i = 0;; ++i) {
      if (i % 1000 == 0) co_await sleep_until(t.loop, t.now() + 1ms);
      const auto got = co_await t.far->read_some(little, t.soon());
      if (got.value() == 0) break;
      all.append(little.data(), *got);
    }
    EXPECT_TRUE(all == expected);
    EXPECT_TRUE(sent.ready());
  }(*this));
}

TEST_F(AsioNetworkTest, AWriteThatThePeerDoesNotTakeEndsAtItsDeadline) {
  run([](AsioNetworkTest& t) -> Task<void> {
    co_await t.join();
    const std::string much(64 << 20, 'x');
    const auto pieces = one(much);
    const auto sent = co_await t.near->write(pieces, t.now() + 50ms);
    EXPECT_EQ(sent.error().fault, Fault::deadline);
  }(*this));
}

TEST_F(AsioNetworkTest, AStreamThatAlwaysHasDataLetsOthersRun) {
  run([](AsioNetworkTest& t) -> Task<void> {
    co_await t.join();
    const std::string some(1000, 'x');
    EXPECT_TRUE(co_await t.near->write(one(some), t.soon()));
    EXPECT_TRUE(co_await t.far->wait_readable(t.soon()));
    int read_when_posted_ran = -1;
    int read = 0;
    t.loop.post([&] { read_when_posted_ran = read; });
    std::array<char, 1> buffer;
    for (; read < 1000; ++read) EXPECT_TRUE(co_await t.far->read_some(buffer, t.soon()));
    EXPECT_GE(read_when_posted_ran, 0);
    EXPECT_LT(read_when_posted_ran, 100);
  }(*this));
}

TEST_F(AsioNetworkTest, FiftyConnectionsTalkAtTheSameTime) {
  std::vector<std::unique_ptr<Stream>> servers;
  auto echo = [](Stream& stream) -> Task<void> {
    std::array<char, 100> buffer;
    for (;;) {
      if (!co_await stream.wait_readable(never)) co_return;
      const auto got = co_await stream.read_some(buffer, never);
      if (!got || *got == 0) co_return;
      const std::array<std::string_view, 1> reply{std::string_view(buffer.data(), *got)};
      if (!co_await stream.write(reply, never)) co_return;
    }
  };
  listener = network
                 .listen({"127.0.0.1", 0},
                         [&](std::unique_ptr<Stream> stream) {
                           servers.push_back(std::move(stream));
                           spawn(echo(*servers.back()));
                         })
                 .value();
  int finished = 0;
  int rounds = 0;
  auto client = [&](AsioNetworkTest& t) -> Task<void> {
    auto stream = (co_await t.network.connect(t.listener->local(), "", t.soon())).value();
    std::array<char, 100> buffer;
    for (int i = 0; i < 200; ++i) {
      EXPECT_TRUE(co_await stream->write(one("NOOP\r\n"), t.soon()));
      EXPECT_EQ((co_await stream->read_some(buffer, t.soon())).value(), 6U);
      ++rounds;
    }
    if (++finished == 50) t.loop.stop();
  };
  for (int i = 0; i < 50; ++i) spawn(client(*this));
  loop.run();
  EXPECT_EQ(rounds, 50 * 200);
  EXPECT_EQ(servers.size(), 50U);
  servers.clear();
}

TEST_F(AsioNetworkTest, AcceptedAndConnectedSocketsDoNotWaitForFullSegments) {
  // Seen from outside: TCP_NODELAY of every TCP socket of this process.
  run([](AsioNetworkTest& t) -> Task<void> {
    co_await t.join();
    int seen = 0;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
      const int fd = std::stoi(entry.path().filename().string());
      int kind = 0;
      socklen_t length = sizeof kind;
      if (getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &kind, &length) != 0 || kind != IPPROTO_TCP)
        continue;
      int nodelay = 0;
      length = sizeof nodelay;
      EXPECT_EQ(getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &nodelay, &length), 0);
      EXPECT_EQ(nodelay, 1);
      ++seen;
    }
    EXPECT_EQ(seen, 3);
  }(*this));
}

TEST_F(AsioNetworkTest, ListeningOnATakenPortOrNoAddressIsAnError) {
  listener = network.listen({"127.0.0.1", 0}, [](auto) {}).value();
  const auto taken = network.listen(listener->local(), [](auto) {});
  EXPECT_EQ(taken.error().fault, Fault::resource);
  EXPECT_THAT(taken.error().text, HasSubstr("Address already in use"));
  EXPECT_EQ(network.listen({"localhost", 25}, [](auto) {}).error().fault, Fault::configuration);
}

TEST_F(AsioNetworkTest, OutOfDescriptorsTheListenerPausesSaysSoOnceAndGoesOn) {
  std::vector<std::string> complaints;
  AsioNetwork complaining(loop, [&](const std::string& text) { complaints.push_back(text); });
  std::vector<std::unique_ptr<Stream>> servers;
  listener =
      complaining
          .listen({"127.0.0.1", 0},
                  [&](std::unique_ptr<Stream> stream) { servers.push_back(std::move(stream)); })
          .value();
  run([](AsioNetworkTest& t, std::vector<std::unique_ptr<Stream>>& servers,
         std::vector<std::string>& complaints) -> Task<void> {
    rlimit before{};
    getrlimit(RLIMIT_NOFILE, &before);
    auto connected = co_await t.network.connect(t.listener->local(), "", t.soon());
    while (servers.empty()) co_await sleep_until(t.loop, t.now() + 1ms);
    EXPECT_TRUE(connected);
    // The next connection's near end is made first; for its far end nothing is left.
    const int highest = ::dup(0);
    ::close(highest);
    rlimit tight = before;
    tight.rlim_cur = static_cast<rlim_t>(highest) + 1;
    setrlimit(RLIMIT_NOFILE, &tight);
    t.near = (co_await t.network.connect(t.listener->local(), "", t.soon())).value();
    while (complaints.empty()) co_await sleep_until(t.loop, t.now() + 1ms);
    EXPECT_EQ(servers.size(), 1U);
    // Longer than the pause: it tried again and stayed silent.
    co_await sleep_until(t.loop, t.now() + 300ms);
    EXPECT_EQ(complaints.size(), 1U);
    setrlimit(RLIMIT_NOFILE, &before);
    while (servers.size() < 2) co_await sleep_until(t.loop, t.now() + 1ms);
    EXPECT_EQ(complaints.size(), 1U);
    EXPECT_THAT(complaints.front(), HasSubstr("Too many open files"));
    servers.clear();
  }(*this, servers, complaints));
}

TEST_F(AsioNetworkTest, AnAcceptCallbackMayEndItsListener) {
  run([](AsioNetworkTest& t) -> Task<void> {
    OneShot<std::unique_ptr<Stream>> got;
    t.listener = t.network
                     .listen({"127.0.0.1", 0},
                             [&](std::unique_ptr<Stream> stream) {
                               t.listener.reset();
                               got.set(std::move(stream));
                             })
                     .value();
    t.near = (co_await t.network.connect(t.listener->local(), "", t.soon())).value();
    t.far = co_await got;
    EXPECT_TRUE(co_await t.far->write(one("bye"), t.soon()));
  }(*this));
}

TEST(Endpoint, IsWrittenWithBracketsOnlyForIpv6) {
  EXPECT_EQ(to_string(Endpoint{"192.0.2.1", 25}), "192.0.2.1:25");
  EXPECT_EQ(to_string(Endpoint{"2001:db8::1", 587}), "[2001:db8::1]:587");
}

}  // namespace
}  // namespace malleposte::net
