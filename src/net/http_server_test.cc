#include "net/http_server.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <thread>

#include "base/limits.h"
#include "net/asio_network.h"
#include "net/fake_body.h"

namespace malleposte::net {
namespace {

using namespace std::chrono_literals;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

// A server that tells what it was asked, and raw connections to it.
class HttpServerTest : public testing::Test {
 public:
  HttpServerTest() {
    server = serve_http(loop, {{"127.0.0.1", 0}, "", "/streamed"}, [this](HttpRequest request) {
               return answer(std::move(request));
             }).value();
  }
  ~HttpServerTest() override {
    server.reset();
    loop.run_ready();
  }

  Task<HttpResponse> answer(HttpRequest request) {
    ++handled;
    HttpResponse response;
    if (request.path == "/slow") co_await slow;
    if (request.path == "/big") {
      response.body = std::string(3 << 20, 'b');
      co_return response;
    }
    if (request.path == "/nothing") {
      response.status = 204;
      co_return response;
    }
    if (request.path == "/pieces") {
      response.pieces = std::make_shared<Pieces>(request.query.contains("broken"));
      co_return response;
    }
    if (request.path == "/streamed" && request.pieces != nullptr) {
      std::size_t octets = 0;
      for (;;) {
        auto piece = co_await request.pieces->next();
        if (!piece) co_return response;
        if (piece->empty()) break;
        octets += piece->size();
        largest_piece = std::max(largest_piece, piece->size());
        if (request.query.contains("early")) break;
      }
      response.body = std::to_string(octets) + " octets";
      co_return response;
    }
    response.content_type = "text/plain";
    response.headers.emplace_back("X-Test", "yes");
    response.body = request.method + " " + request.path;
    for (const auto& [name, value] : request.query) response.body += " " + name + "=" + value;
    response.body += " [" + request.body + "]";
    if (request.control_socket) response.body += " control " + request.peer;
    co_return response;
  }

  void run(Task<void> test) {
    spawn([](Task<void> body, AsioLoop& on) -> Task<void> {
      co_await body;
      on.stop();
    }(std::move(test), loop));
    loop.run();
  }

  SteadyTime soon() const { return loop.steady() + 60s; }

  Task<std::unique_ptr<Stream>> connect() {
    auto stream = co_await network.connect(server->local(), "", soon());
    EXPECT_TRUE(stream) << stream.error().text;
    co_return std::move(*stream);
  }

  Task<void> send(Stream& stream, std::string_view text) {
    const std::array<std::string_view, 1> pieces{text};
    EXPECT_TRUE(co_await stream.write(pieces, soon()));
  }

  // Reads until the end, or until `enough` has come.
  Task<std::string> receive(Stream& stream, std::string enough = "") {
    std::string all;
    std::array<char, 8192> buffer;
    while (enough.empty() || all.find(enough) == std::string::npos) {
      const auto got = co_await stream.read_some(buffer, soon());
      if (!got || *got == 0) break;
      all.append(buffer.data(), *got);
    }
    co_return all;
  }

  // One request on its own connection that the server closes.
  std::string exchange(std::string_view request) { return exchange(request, ""); }
  // One that is refused: the server waits a while for the client to close.
  std::string refusal(std::string_view request) { return exchange(request, "\r\n\r\n"); }

  std::string exchange(std::string_view request, std::string enough) {
    std::string reply;
    run([](HttpServerTest& t, std::string_view request, std::string& reply,
           std::string enough) -> Task<void> {
      const auto stream = co_await t.connect();
      co_await t.send(*stream, request);
      reply = co_await t.receive(*stream, enough);
    }(*this, request, reply, std::move(enough)));
    return reply;
  }

  AsioLoop loop;
  AsioNetwork network{loop};
  OneShot<bool> slow;
  int handled = 0;
  std::size_t largest_piece = 0;
  std::unique_ptr<HttpServer> server;
};

TEST_F(HttpServerTest, AnAnswerInPiecesGoesInChunksWithATrailer) {
  const auto reply = exchange("GET /pieces HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(reply, HasSubstr("\r\nTransfer-Encoding: chunked\r\n"));
  EXPECT_THAT(reply, Not(HasSubstr("Content-Length")));
  EXPECT_THAT(reply, EndsWith("\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\nX-Pieces: 2\r\n\r\n"));
}

TEST_F(HttpServerTest, AnOldClientGetsPiecesUpToTheEndOfTheConnection) {
  const auto reply = exchange("GET /pieces HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_THAT(reply, EndsWith("\r\n\r\nonetwo"));
}

// Nobody takes half of it for the whole.
TEST_F(HttpServerTest, AnAnswerThatBreaksOffHasNoEnd) {
  const auto reply = exchange("GET /pieces?broken=1 HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_THAT(reply, EndsWith("3\r\none\r\n"));
}

TEST_F(HttpServerTest, AStreamedBodyMayHaveAnyLengthAndIsNeverWholeInMemory) {
  const auto octets = 3 * limits::http_body_octets;
  const auto reply =
      exchange("POST /streamed HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: " +
               std::to_string(octets) + "\r\n\r\n" + std::string(octets, 'x'));
  EXPECT_THAT(reply, EndsWith(std::to_string(octets) + " octets"));
  EXPECT_LE(largest_piece, 8192u);
}

TEST_F(HttpServerTest, AStreamedBodyMayComeInChunksAndAnotherRequestBehindIt) {
  const auto reply = exchange(
      "POST /streamed HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
      "GET /next HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(reply, HasSubstr("5 octets"));
  EXPECT_THAT(reply, HasSubstr("GET /next []"));
}

// What the handler does not want to hear is no next request.
TEST_F(HttpServerTest, AfterAStreamedBodyThatWasNotReadToItsEndTheConnectionCloses) {
  const auto reply =
      exchange("POST /streamed?early HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n" +
                   std::string(50'000, 'x'),
               " octets");
  EXPECT_EQ(handled, 1);
  EXPECT_THAT(reply, HasSubstr("Connection: close"));
}

TEST_F(HttpServerTest, ARequestReachesTheHandlerDecodedAndIsAnswered) {
  const auto reply =
      exchange("GET /a%20b?x=1%262&y=+ HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(reply, StartsWith("HTTP/1.1 200 OK\r\nDate: "));
  EXPECT_THAT(reply, HasSubstr("\r\nContent-Type: text/plain\r\nContent-Length: 21\r\n"));
  EXPECT_THAT(reply, HasSubstr("\r\nX-Test: yes\r\n"));
  EXPECT_THAT(reply, HasSubstr("\r\nConnection: close\r\n"));
  EXPECT_THAT(reply, EndsWith("\r\n\r\nGET /a b x=1&2 y=  []"));
}

TEST_F(HttpServerTest, Http10IsClosedUnlessItAsksToBeKept) {
  EXPECT_THAT(exchange("GET / HTTP/1.0\r\n\r\n"), EndsWith("GET / []"));
  run([](HttpServerTest& t) -> Task<void> {
    const auto stream = co_await t.connect();
    for (int i = 0; i < 2; ++i) {
      co_await t.send(*stream, "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
      EXPECT_THAT(co_await t.receive(*stream, "GET / []"),
                  HasSubstr("\r\nConnection: keep-alive\r\n"));
    }
  }(*this));
}

TEST_F(HttpServerTest, PipelinedRequestsAreAnsweredInOrder) {
  const auto reply = exchange(
      "POST /1 HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc"
      "POST /2 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: "
      "chunked\r\n\r\n2\r\nde\r\n1\r\nf\r\n0\r\n\r\n"
      "GET /3 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  const auto first = reply.find("POST /1 [abc]");
  const auto second = reply.find("POST /2 [def]");
  const auto third = reply.find("GET /3 []");
  EXPECT_LT(first, second);
  EXPECT_LT(second, third);
  EXPECT_NE(third, std::string::npos);
}

TEST_F(HttpServerTest, ARequestMayComeOctetByOctet) {
  run([](HttpServerTest& t) -> Task<void> {
    const auto stream = co_await t.connect();
    const std::string_view request =
        "POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi";
    for (const char& octet : request) {
      co_await t.send(*stream, {&octet, 1});
      co_await sleep_until(t.loop, t.loop.steady());
    }
    EXPECT_THAT(co_await t.receive(*stream), EndsWith("POST /x [hi]"));
  }(*this));
}

TEST_F(HttpServerTest, HeadHasTheHeaderOfGetAndNoBody) {
  const auto reply = exchange("HEAD /x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(reply, HasSubstr("\r\nContent-Length: 9\r\n"));
  EXPECT_THAT(reply, EndsWith("\r\n\r\n"));
}

TEST_F(HttpServerTest, NoContentHasNoLength) {
  const auto reply = exchange("GET /nothing HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(reply, StartsWith("HTTP/1.1 204 No Content\r\n"));
  EXPECT_THAT(reply, Not(HasSubstr("Content-Length")));
  EXPECT_THAT(reply, EndsWith("\r\n\r\n"));
}

TEST_F(HttpServerTest, ABigAnswerArrivesWhole) {
  const auto reply = exchange("GET /big HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(reply.ends_with("\r\n\r\n" + std::string(3 << 20, 'b')));
}

TEST_F(HttpServerTest, MalformedRequestsGet400AndNeverReachTheHandler) {
  for (const auto* bad : {
           "hello\r\n\r\n",
           "GET /%zz HTTP/1.1\r\nHost: h\r\n\r\n",
           "GET x HTTP/1.1\r\nHost: h\r\n\r\n",
           "GET / HTTP/1.1\r\n\r\n",
           "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
           "GET / HTTP/2.0\r\nHost: h\r\n\r\n",
           "GET / HTTP/1.1\r\nHost: h\r\nbad header\r\n\r\n",
           "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: x\r\n\r\n",
           "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
           "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
       })
    EXPECT_THAT(refusal(bad), StartsWith("HTTP/1.1 400 Bad Request\r\n")) << bad;
  EXPECT_EQ(handled, 0);
}

TEST_F(HttpServerTest, LengthAndChunksTogetherAreRefused) {
  EXPECT_THAT(refusal("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n"
                      "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
              StartsWith("HTTP/1.1 400 "));
  EXPECT_EQ(handled, 0);
}

TEST_F(HttpServerTest, ATooBigBodyGets413EvenWhileTheClientStillSends) {
  std::string request = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2000000\r\n\r\n";
  request += std::string(2'000'000, 'x');
  EXPECT_THAT(refusal(request), StartsWith("HTTP/1.1 413 "));
  std::string chunked = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 20; ++i) chunked += "10000\r\n" + std::string(65536, 'x') + "\r\n";
  EXPECT_THAT(refusal(chunked), StartsWith("HTTP/1.1 413 "));
  EXPECT_EQ(handled, 0);
}

TEST_F(HttpServerTest, ABodyOfExactlyTheLimitIsTaken) {
  const auto reply =
      exchange("POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: " +
               std::to_string(limits::http_body_octets) + "\r\n\r\n" +
               std::string(limits::http_body_octets, 'x'));
  EXPECT_THAT(reply, StartsWith("HTTP/1.1 200 "));
}

TEST_F(HttpServerTest, ATooLongHeaderGets431) {
  EXPECT_THAT(refusal("GET / HTTP/1.1\r\nHost: h\r\nX: " + std::string(20'000, 'x') + "\r\n\r\n"),
              StartsWith("HTTP/1.1 431 "));
  EXPECT_EQ(handled, 0);
}

TEST_F(HttpServerTest, AClientThatAsksIsToldToContinue) {
  run([](HttpServerTest& t) -> Task<void> {
    const auto stream = co_await t.connect();
    co_await t.send(*stream,
                    "POST /x HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n"
                    "Content-Length: 2\r\nConnection: close\r\n\r\n");
    EXPECT_EQ(co_await t.receive(*stream, "\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
    co_await t.send(*stream, "ok");
    EXPECT_THAT(co_await t.receive(*stream), EndsWith("POST /x [ok]"));
  }(*this));
}

TEST_F(HttpServerTest, ConnectionsPastTheLimitGet503AndRoomIsMadeAgain) {
  run([](HttpServerTest& t) -> Task<void> {
    const std::string_view request = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
    std::vector<std::unique_ptr<Stream>> kept;
    for (std::size_t i = 0; i < limits::http_connections; ++i) {
      kept.push_back(co_await t.connect());
      co_await t.send(*kept.back(), request);
      EXPECT_THAT(co_await t.receive(*kept.back(), "[]"), StartsWith("HTTP/1.1 200 "));
    }
    const auto crowded = co_await t.connect();
    co_await t.send(*crowded, request);
    EXPECT_THAT(co_await t.receive(*crowded, "\n\r\n"), StartsWith("HTTP/1.1 503 "));
    crowded->close();
    kept.clear();
    std::string reply;
    while (!reply.starts_with("HTTP/1.1 200 ")) {
      const auto again = co_await t.connect();
      co_await t.send(*again, request);
      reply = co_await t.receive(*again, "\r\n\r\n");
    }
  }(*this));
}

TEST_F(HttpServerTest, EndingTheServerClosesConnectionsAndDropsLateAnswers) {
  run([](HttpServerTest& t) -> Task<void> {
    const auto waiting = co_await t.connect();
    co_await t.send(*waiting, "GET /slow HTTP/1.1\r\nHost: h\r\n\r\n");
    const auto idle = co_await t.connect();
    co_await t.send(*idle, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_THAT(co_await t.receive(*idle, "[]"), EndsWith("[]"));
    while (t.handled < 2) co_await sleep_until(t.loop, t.loop.steady() + 1ms);
    const auto at = t.server->local();
    t.server.reset();
    EXPECT_EQ(co_await t.receive(*idle), "");
    EXPECT_EQ(co_await t.receive(*waiting), "");
    EXPECT_FALSE(co_await t.network.connect(at, "", t.soon()));
    t.slow.set(true);  // the handler goes on into nowhere
  }(*this));
}

TEST_F(HttpServerTest, AClientThatLeavesWhileTheHandlerWorksHarmsNothing) {
  run([](HttpServerTest& t) -> Task<void> {
    auto leaving = co_await t.connect();
    co_await t.send(*leaving, "GET /slow HTTP/1.1\r\nHost: h\r\n\r\n");
    while (t.handled < 1) co_await sleep_until(t.loop, t.loop.steady() + 1ms);
    leaving.reset();
    t.slow.set(true);
    const auto next = co_await t.connect();
    co_await t.send(*next, "GET /after HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_THAT(co_await t.receive(*next, "[]"), EndsWith("GET /after []"));
  }(*this));
}

}  // namespace
}  // namespace malleposte::net
