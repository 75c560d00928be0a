#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <thread>

#include "net/asio_network.h"
#include "net/fake_body.h"
#include "net/http_server.h"

namespace malleposte::net {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

class HttpOverUnixTest : public testing::Test {
 public:
  HttpOverUnixTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "malleposte-XXXXXX").string();
    directory = mkdtemp(pattern.data());
    std::filesystem::create_directories(directory / std::string(120, 'd'));
    path = (directory / std::string(120, 'd') / "control.sock").string();
  }
  ~HttpOverUnixTest() override { std::filesystem::remove_all(directory); }

  // The client blocks: it runs beside the loop.
  Result<HttpResponse> ask(AsioLoop& loop, const HttpRequest& request, Duration timeout = 60s) {
    Result<HttpResponse> response;
    std::thread client([&] {
      response = http_over_unix(path, request, timeout);
      loop.stop();
    });
    loop.run();
    client.join();
    return response;
  }

  static HttpRequest request(std::string method, std::string path, std::string body = "") {
    HttpRequest result;
    result.method = std::move(method);
    result.path = std::move(path);
    result.body = std::move(body);
    return result;
  }

  std::filesystem::path directory;
  std::string path;
};

TEST_F(HttpOverUnixTest, TheCommandLineTalksToTheServerOverALongPath) {
  AsioLoop loop;
  HttpRequest seen;
  std::string big(500'000, 'x');
  auto server = serve_http(loop, {{}, path}, [&](HttpRequest request) -> Task<HttpResponse> {
                  seen = std::move(request);
                  co_return HttpResponse{201, "text/plain", big, {{"X-Test", "yes"}}};
                }).value();
  auto sent = request("POST", "/api/v1/queue/a b", big);
  sent.query = {{"sender", "a+b@example.org"}, {"limit", "10"}};
  sent.headers = {{"accept", "application/json"}};
  const auto response = ask(loop, sent);
  ASSERT_TRUE(response) << response.error().text;
  EXPECT_EQ(response->status, 201U);
  EXPECT_EQ(response->content_type, "text/plain");
  EXPECT_TRUE(response->body == big);
  EXPECT_EQ(seen.method, "POST");
  EXPECT_EQ(seen.path, sent.path);
  EXPECT_EQ(seen.query, sent.query);
  EXPECT_TRUE(seen.body == big);
  EXPECT_EQ(seen.headers.find("accept")->second, "application/json");
  EXPECT_TRUE(seen.control_socket);
  EXPECT_TRUE(seen.peer.starts_with(fmt::format("uid {}", geteuid()))) << seen.peer;
  server.reset();
  loop.run_ready();
}

TEST_F(HttpOverUnixTest, BodiesGoPieceByPieceBothWays) {
  AsioLoop loop;
  std::size_t seen = 0;
  auto server =
      serve_http(loop, {{}, path, "/streamed"}, [&](HttpRequest request) -> Task<HttpResponse> {
        for (;;) {
          auto piece = co_await request.pieces->next();
          if (!piece || piece->empty()) break;
          seen += piece->size();
        }
        HttpResponse response;
        response.pieces = std::make_shared<Pieces>(false);
        co_return response;
      }).value();
  int left = 100;
  std::string received;
  HttpPieces pieces;
  pieces.send = [&]() -> Result<std::string> {
    return left-- > 0 ? std::string(50'000, 'x') : std::string();
  };
  pieces.received = [&](std::string_view octets) -> Result<void> {
    received += octets;
    return {};
  };
  Result<HttpResponse> response = fail(Fault::resource, "not asked");
  std::thread client([&] {
    response = http_over_unix(path, request("POST", "/streamed"), 60s, pieces);
    loop.stop();
  });
  loop.run();
  client.join();
  ASSERT_TRUE(response) << response.error().text;
  EXPECT_EQ(seen, 5'000'000u);
  EXPECT_EQ(received, "onetwo");
  EXPECT_THAT(response->headers, testing::Contains(testing::Pair("X-Pieces", "2")));
  server.reset();
  loop.run_ready();
}

TEST_F(HttpOverUnixTest, WithoutAServerItIsAResourceError) {
  const auto missing = http_over_unix(path, request("GET", "/"), 60s);
  EXPECT_EQ(missing.error().fault, Fault::resource);
  EXPECT_EQ(missing.error().text, "no server listens at " + path);
}

TEST_F(HttpOverUnixTest, AServerThatStaysSilentIsADeadline) {
  AsioLoop loop;
  AsioNetwork network(loop);
  std::unique_ptr<Stream> silent;
  auto listener =
      network.listen_unix(path, [&](std::unique_ptr<Stream> stream) { silent = std::move(stream); })
          .value();
  const auto response = ask(loop, request("GET", "/"), 50ms);
  EXPECT_EQ(response.error().fault, Fault::deadline);
}

TEST_F(HttpOverUnixTest, AServerThatHangsUpIsThePeersFault) {
  AsioLoop loop;
  AsioNetwork network(loop);
  auto listener = network.listen_unix(path, [](auto) {}).value();
  const auto response = ask(loop, request("GET", "/"));
  EXPECT_EQ(response.error().fault, Fault::peer);
}

}  // namespace
}  // namespace malleposte::net
