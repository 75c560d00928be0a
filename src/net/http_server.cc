#include "net/http_server.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cassert>
#include <optional>
#include <set>

#include "base/limits.h"
#include "net/asio_network.h"
#include "net/http_target.h"

namespace malleposte::net {
namespace {

namespace http = boost::beast::http;
using namespace std::chrono_literals;

constexpr std::uint32_t header_octets = 16 * 1024;
constexpr std::size_t write_octets = 65536;
constexpr std::size_t lingering_octets = 4 << 20;
constexpr Duration idle_timeout = 30s;
constexpr Duration body_timeout = 60s;
constexpr Duration write_timeout = 30s;
constexpr Duration lingering_timeout = 2s;

using Parser = http::request_parser<http::string_body>;

// What the connections share with the server, and what outlives it while handlers are suspended.
struct Site {
  Loop& loop;
  HttpHandler handler;
  bool control_socket;
  bool ended = false;
  std::set<Stream*> streams;  // open ones
};

class Connection {
 public:
  Connection(std::shared_ptr<Site> site, std::unique_ptr<Stream> stream)
      : site_(std::move(site)), stream_(std::move(stream)) {
    site_->streams.insert(stream_.get());
  }
  ~Connection() { site_->streams.erase(stream_.get()); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  Task<void> serve() {
    const bool crowded = site_->streams.size() > limits::http_connections;
    while (!site_->ended && co_await serve_one(crowded)) {
    }
  }

 private:
  // Whether the connection stays open for another request.
  Task<bool> serve_one(bool crowded) {
    if (unread_.empty()) {
      unread_ = {};  // an idle connection holds no buffer
      if (!co_await stream_->wait_readable(site_->loop.steady() + idle_timeout)) co_return false;
    }
    Parser parser;
    parser.header_limit(header_octets);
    parser.body_limit(limits::http_body_octets);
    parser.eager(true);
    const unsigned status = co_await receive(parser);
    if (status == 0) co_return false;
    if (status != 200 || crowded) {
      co_await refuse(status != 200 ? status : 503);
      co_return false;
    }
    auto& message = parser.get();
    auto request = to_request(message);
    if (!request) {
      co_await refuse(400);
      co_return false;
    }
    const bool head = message.method() == http::verb::head;
    const bool keep = message.keep_alive();
    const bool old = message.version() < 11;
    const auto response = co_await site_->handler(std::move(*request));
    if (site_->ended) co_return false;
    co_return co_await send(response, head, keep, old) && keep;
  }

  // Reads one request. 200: it is complete; 0: the client has gone; else the status to refuse with.
  Task<unsigned> receive(Parser& parser) {
    auto deadline = site_->loop.steady() + idle_timeout;
    bool header_done = false;
    for (;;) {
      boost::system::error_code error;
      if (!unread_.empty()) {
        const auto used = parser.put(boost::asio::buffer(unread_), error);
        unread_.erase(0, used);
      }
      if (error == http::error::body_limit) co_return 413;
      if (error == http::error::header_limit || error == http::error::buffer_overflow)
        co_return 431;
      if (error && error != http::error::need_more) co_return 400;
      if (parser.is_done()) co_return 200;
      if (!header_done && parser.is_header_done()) {
        header_done = true;
        deadline = site_->loop.steady() + body_timeout;
        if (expects_continue(parser) && !co_await write("HTTP/1.1 100 Continue\r\n\r\n"))
          co_return 0;
      }
      std::array<char, 8192> buffer;
      const auto got = co_await stream_->read_some(buffer, deadline);
      if (!got || *got == 0) co_return 0;
      unread_.append(buffer.data(), *got);
    }
  }

  static bool expects_continue(Parser& parser) {
    const auto expect = parser.get().find(http::field::expect);
    return expect != parser.get().end() && parser.get().version() >= 11 &&
           boost::beast::iequals(expect->value(), "100-continue");
  }

  // Nothing when it is not a request that HTTP allows (RFC 9112 3.2, 6.3).
  std::optional<HttpRequest> to_request(Parser::value_type& message) const {
    if (message.version() != 10 && message.version() != 11) return std::nullopt;
    if (message.version() == 11 && message.count(http::field::host) != 1) return std::nullopt;
    if (message.count(http::field::transfer_encoding) != 0 &&
        message.count(http::field::content_length) != 0)
      return std::nullopt;
    auto target = parse_http_target({message.target().data(), message.target().size()});
    if (!target) return std::nullopt;
    HttpRequest request;
    const auto method = message.method_string();
    request.method = message.method() == http::verb::head ? "GET" : std::string(method);
    request.path = std::move(target->path);
    request.query = std::move(target->query);
    for (const auto& field : message) {
      std::string name(field.name_string());
      std::transform(name.begin(), name.end(), name.begin(),
                     [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
      request.headers.emplace(std::move(name), std::string(field.value()));
    }
    request.body = std::move(message.body());
    request.control_socket = site_->control_socket;
    request.peer = site_->control_socket ? stream_->peer().address : to_string(stream_->peer());
    return request;
  }

  std::string head_of(const HttpResponse& response, bool keep, bool old) const {
    const auto reason = http::obsolete_reason(static_cast<http::status>(response.status));
    const bool no_content = response.status == 204 || response.status == 304;
    const auto seconds = std::chrono::time_point_cast<std::chrono::seconds>(
        std::chrono::sys_time<std::chrono::microseconds>(site_->loop.wall()));
    std::string text = fmt::format("HTTP/1.1 {} {}\r\nDate: {:%a, %d %b %Y %H:%M:%S} GMT\r\n",
                                   response.status, std::string_view(reason.data(), reason.size()),
                                   fmt::gmtime(seconds.time_since_epoch().count()));
    if (!no_content)
      text += fmt::format("Content-Type: {}\r\nContent-Length: {}\r\n", response.content_type,
                          response.body.size());
    for (const auto& [name, value] : response.headers) {
      assert(value.find_first_of("\r\n") == std::string::npos);
      text += fmt::format("{}: {}\r\n", name, value);
    }
    if (!keep)
      text += "Connection: close\r\n";
    else if (old)
      text += "Connection: keep-alive\r\n";
    return text + "\r\n";
  }

  Task<bool> send(const HttpResponse& response, bool head, bool keep, bool old) {
    const std::string header = head_of(response, keep, old);
    const bool bare = head || response.status == 204 || response.status == 304;
    std::string_view body = bare ? std::string_view{} : response.body;
    std::array<std::string_view, 2> pieces{header, body.substr(0, write_octets)};
    for (;;) {
      if (!co_await stream_->write(pieces, site_->loop.steady() + write_timeout)) co_return false;
      body.remove_prefix(std::min(body.size(), write_octets));
      if (body.empty()) co_return true;
      pieces = {body.substr(0, write_octets), std::string_view{}};
    }
  }

  Task<bool> write(std::string_view text) {
    const std::array<std::string_view, 1> pieces{text};
    const auto written = co_await stream_->write(pieces, site_->loop.steady() + write_timeout);
    co_return written.has_value();
  }

  // Answers and lets the client finish: closing on unread data would reset the connection, and the
  // client might never see why.
  Task<void> refuse(unsigned status) {
    const auto reason = http::obsolete_reason(static_cast<http::status>(status));
    HttpResponse response;
    response.status = status;
    response.content_type = "text/plain; charset=utf-8";
    response.body = std::string(reason.data(), reason.size()) + "\n";
    if (!co_await send(response, false, false, false)) co_return;
    const auto deadline = site_->loop.steady() + lingering_timeout;
    std::array<char, 8192> buffer;
    for (std::size_t drained = 0; drained < lingering_octets;) {
      const auto got = co_await stream_->read_some(buffer, deadline);
      if (!got || *got == 0) co_return;
      drained += *got;
    }
  }

  const std::shared_ptr<Site> site_;
  const std::unique_ptr<Stream> stream_;
  std::string unread_;
};

Task<void> serve_connection(std::shared_ptr<Site> site, std::unique_ptr<Stream> stream) {
  Connection connection(std::move(site), std::move(stream));
  co_await connection.serve();
}

class Server final : public HttpServer {
 public:
  explicit Server(std::shared_ptr<Site> site) : site_(std::move(site)) {}
  ~Server() override {
    listener_.reset();
    site_->ended = true;
    const auto streams = site_->streams;  // a connection that ends takes its own out
    for (auto* stream : streams)
      if (site_->streams.contains(stream)) stream->close();
  }

  Result<void> listen(Network& network, const HttpListen& at) {
    auto accept = [site = site_](std::unique_ptr<Stream> stream) {
      // Past twice the limit even the 503 costs too much.
      if (site->streams.size() < 2 * limits::http_connections)
        spawn(serve_connection(site, std::move(stream)));
    };
    auto listener = at.unix_path.empty() ? network.listen(at.at, std::move(accept))
                                         : network.listen_unix(at.unix_path, std::move(accept));
    if (!listener) return tl::make_unexpected(std::move(listener.error()));
    listener_ = std::move(*listener);
    return {};
  }

  Endpoint local() const override { return listener_->local(); }

 private:
  const std::shared_ptr<Site> site_;
  std::unique_ptr<Listener> listener_;
};

}  // namespace

Result<std::unique_ptr<HttpServer>> serve_http(Loop& loop, Network& network,
                                               const HttpListen& listen, HttpHandler handler) {
  auto server = std::make_unique<Server>(
      std::make_shared<Site>(Site{loop, std::move(handler), !listen.unix_path.empty(), false, {}}));
  if (auto listening = server->listen(network, listen); !listening)
    return tl::make_unexpected(std::move(listening.error()));
  return server;
}

Result<std::unique_ptr<HttpServer>> serve_http(AsioLoop& loop, const HttpListen& listen,
                                               HttpHandler handler) {
  AsioNetwork network(loop);
  return serve_http(loop, network, listen, std::move(handler));
}

}  // namespace malleposte::net
