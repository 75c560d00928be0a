#include "net/http_server.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cassert>
#include <limits>
#include <optional>
#include <set>
#include <utility>

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
  std::string streamed;
  bool ended = false;
  std::set<Stream*> streams;  // open ones
};

std::string_view path_of(std::string_view target) {
  return target.substr(0, target.find('?'));
}

// More of a message than a handler may be given at once.
bool too_large(const Parser& parser) {
  const auto length = parser.content_length();
  return (length && *length > limits::http_body_octets) ||
         parser.get().body().size() > limits::http_body_octets;
}

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
      unread_ = std::string();  // an idle connection holds no buffer
      if (!co_await stream_->wait_readable(site_->loop.steady() + idle_timeout)) co_return false;
    }
    Parser parser;
    parser.header_limit(header_octets);
    parser.body_limit(std::numeric_limits<std::uint64_t>::max());  // see too_large()
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
    RequestBody pieces(*this, parser);
    if (is_streamed(parser)) {  // what of it came with the header is the first piece
      message.body() = std::exchange(request->body, {});
      request->pieces = &pieces;
    }
    const auto response = co_await site_->handler(std::move(*request));
    if (site_->ended) co_return false;
    const bool whole = parser.is_done();
    const bool sent = response.pieces ? co_await send_pieces(response, head, keep && whole, old)
                                      : co_await send(response, head, keep && whole, old);
    if (sent && !whole) co_await linger();
    co_return sent&& keep&& whole && !(response.pieces && old);
  }

  // The body of a request as its handler reads it.
  class RequestBody final : public HttpBody {
   public:
    RequestBody(Connection& connection, Parser& parser)
        : connection_(connection), parser_(parser) {}
    Task<Result<std::string>> next() override {
      for (;;) {
        if (auto& body = parser_.get().body(); !body.empty()) co_return std::exchange(body, {});
        if (parser_.is_done()) co_return std::string();
        const auto deadline = connection_.site_->loop.steady() + body_timeout;
        const auto status = co_await connection_.receive_some(parser_, deadline);
        if (status != 200) co_return fail(Fault::peer, "the request was broken off");
      }
    }

   private:
    Connection& connection_;
    Parser& parser_;
  };

  bool is_streamed(Parser& parser) const {
    return !site_->streamed.empty() && parser.get().method() == http::verb::post &&
           path_of(parser.get().target()) == site_->streamed;
  }

  // Reads one request, or the header of a streamed one. 200: it is complete; 0: the client has
  // gone; else the status to refuse with.
  Task<unsigned> receive(Parser& parser) {
    auto deadline = site_->loop.steady() + idle_timeout;
    bool header_done = false;
    for (;;) {
      if (!unread_.empty())
        if (const auto status = take(parser); status != 200) co_return status;
      if (parser.is_header_done()) {
        const bool streamed = is_streamed(parser);
        if (!streamed && too_large(parser)) co_return 413;
        if (!header_done && !parser.is_done() && expects_continue(parser) &&
            !co_await write("HTTP/1.1 100 Continue\r\n\r\n"))
          co_return 0;
        if (streamed || parser.is_done()) co_return 200;
        if (!std::exchange(header_done, true)) deadline = site_->loop.steady() + body_timeout;
      }
      if (!co_await read(deadline)) co_return 0;
    }
  }

  Task<unsigned> receive_some(Parser& parser, SteadyTime deadline) {
    // What is left may be a part of something that only makes sense whole.
    if (const auto left = unread_.size(); left > 0)
      if (const auto status = take(parser); status != 200 || unread_.size() < left)
        co_return status;
    co_return co_await read(deadline) ? 200 : 0;
  }

  Task<bool> read(SteadyTime deadline) {
    std::array<char, 8192> buffer;
    const auto got = co_await stream_->read_some(buffer, deadline);
    if (!got || *got == 0) co_return false;
    unread_.append(buffer.data(), *got);
    co_return true;
  }

  // Parses what was read; 200, or the status to refuse with.
  unsigned take(Parser& parser) {
    boost::system::error_code error;
    const auto used = parser.put(boost::asio::buffer(unread_), error);
    unread_.erase(0, used);
    if (error == http::error::header_limit || error == http::error::buffer_overflow) return 431;
    return error && error != http::error::need_more ? 400 : 200;
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
    if (!no_content) text += fmt::format("Content-Type: {}\r\n", response.content_type);
    if (!no_content && !response.pieces)
      text += fmt::format("Content-Length: {}\r\n", response.body.size());
    else if (!no_content && !old)
      text += "Transfer-Encoding: chunked\r\n";
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

  // In chunks (RFC 9112 7.1); to a client of HTTP/1.0 up to the end of the connection.
  Task<bool> send_pieces(const HttpResponse& response, bool head, bool keep, bool old) {
    if (!co_await write(head_of(response, keep && !old, old))) co_return false;
    while (!head) {
      const auto piece = co_await response.pieces->next();
      if (!piece || site_->ended) co_return false;
      if (piece->empty()) break;
      const auto size = fmt::format("{:x}\r\n", piece->size());
      const std::array<std::string_view, 3> chunk{size, *piece, "\r\n"};
      const auto part = old ? std::span(chunk).subspan(1, 1) : std::span(chunk);
      if (!co_await stream_->write(part, site_->loop.steady() + write_timeout)) co_return false;
    }
    if (head || old) co_return true;
    std::string end = "0\r\n";
    for (const auto& [name, value] : response.pieces->trailers())
      end += fmt::format("{}: {}\r\n", name, value);
    co_return co_await write(end + "\r\n");
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
    if (co_await send(response, false, false, false)) co_await linger();
  }

  Task<void> linger() {
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
  auto server = std::make_unique<Server>(std::make_shared<Site>(
      Site{loop, std::move(handler), !listen.unix_path.empty(), listen.streamed, false, {}}));
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
