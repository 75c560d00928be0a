// One blocking HTTP request over a Unix socket: the command line's way to the running server.
#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cerrno>
#include <chrono>
#include <functional>
#include <limits>

#include "net/file_descriptor.h"
#include "net/http.h"
#include "net/http_target.h"
#include "net/socket_address.h"
#include "net/unix_path.h"

namespace malleposte::net {
namespace {

namespace http = boost::beast::http;
using Clock = std::chrono::steady_clock;

constexpr std::uint64_t response_octets = 1ULL << 30U;
constexpr std::uint32_t header_octets = 64 * 1024;
constexpr std::size_t read_octets = 65536;

Error in_time(const std::string& path) {
  return {Fault::deadline, "the server at " + path + " did not answer in time"};
}

// Waits for poll(2) events until the deadline.
Result<void> wait_for(int fd, short events, Clock::time_point deadline, const std::string& path) {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
    if (left <= 0) return tl::make_unexpected(in_time(path));
    pollfd watched{fd, events, 0};
    const int ready = ::poll(&watched, 1, static_cast<int>(std::min<long>(left, 1 << 30)));
    if (ready > 0) return {};
    if (ready < 0 && errno != EINTR) return system_failure(path, errno);
  }
}

Result<FileDescriptor> connect_unix(const std::string& path, Clock::time_point deadline) {
  const auto opened = UnixPath::open(path);
  if (!opened) return tl::make_unexpected(opened.error());
  FileDescriptor fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return system_failure(path, errno);
  const auto& address = opened->address();
  while (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    if (errno == EINTR) continue;
    if (errno == ENOENT || errno == ECONNREFUSED)
      return fail(Fault::resource, "no server listens at " + path);
    if (errno == EACCES || errno == EPERM)
      return fail(Fault::configuration, system_failure(path, errno).value().text);
    if (errno != EAGAIN) return system_failure(path, errno);
    // Its queue is full. Unix sockets offer nothing to wait for here.
    if (Clock::now() >= deadline) return tl::make_unexpected(in_time(path));
    ::poll(nullptr, 0, 10);
  }
  return fd;
}

Result<void> send_all(int fd, std::string_view text, Clock::time_point deadline,
                      const std::string& path) {
  while (!text.empty()) {
    const auto sent = ::send(fd, text.data(), text.size(), MSG_NOSIGNAL);
    if (sent >= 0) {
      text.remove_prefix(static_cast<std::size_t>(sent));
      continue;
    }
    // A server that refuses early has answered and may take no more: read what it says.
    if (errno == EPIPE || errno == ECONNRESET) return {};
    if (errno == EINTR) continue;
    if (errno != EAGAIN) return system_failure("write to the server", errno);
    if (auto ready = wait_for(fd, POLLOUT, deadline, path); !ready) return ready;
  }
  return {};
}

using Received = std::function<Result<void>(std::string_view)>;

// `timeout` counts from the last piece when there is `received`, else from now.
Result<HttpResponse> receive(int fd, Duration timeout, const std::string& path,
                             const Received& received) {
  auto deadline = Clock::now() + timeout;
  http::response_parser<http::string_body> parser;
  parser.body_limit(received ? std::numeric_limits<std::uint64_t>::max() : response_octets);
  parser.header_limit(header_octets);
  parser.eager(true);
  std::string unread;
  std::array<char, read_octets> buffer;
  bool ended = false;
  while (!parser.is_done()) {
    if (auto ready = wait_for(fd, POLLIN, deadline, path); !ready)
      return tl::make_unexpected(std::move(ready.error()));
    const auto got = ::recv(fd, buffer.data(), buffer.size(), 0);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (got < 0) return system_failure("read from the server", errno);
    unread.append(buffer.data(), static_cast<std::size_t>(got));
    ended = got == 0;
    boost::system::error_code error;
    if (!unread.empty()) unread.erase(0, parser.put(boost::asio::buffer(unread), error));
    if (auto& body = parser.get().body();
        received && parser.is_header_done() && parser.get().result_int() == 200 && !body.empty()) {
      if (auto taken = received(body); !taken) return tl::make_unexpected(std::move(taken.error()));
      body.clear();
      deadline = Clock::now() + timeout;
    }
    if (ended && parser.got_some() && (!error || error == http::error::need_more))
      parser.put_eof(error);
    if (error && error != http::error::need_more)
      return fail(Fault::peer,
                  fmt::format("the server at {} broke off its answer: {}", path, error.message()));
    if (ended && !parser.is_done())
      return fail(Fault::peer, fmt::format("the server at {} gave no answer", path));
  }
  HttpResponse response;
  auto& message = parser.get();
  response.status = message.result_int();
  response.content_type = std::string(message[http::field::content_type]);
  for (const auto& field : message)
    response.headers.emplace_back(std::string(field.name_string()), std::string(field.value()));
  response.body = std::move(message.body());
  return response;
}

// In chunks, until the end or until the server has something to say.
Result<void> send_pieces(int fd, const std::function<Result<std::string>()>& next, Duration timeout,
                         const std::string& path) {
  for (;;) {
    auto piece = next();
    if (!piece) return tl::make_unexpected(std::move(piece.error()));
    pollfd watched{fd, POLLIN, 0};
    if (::poll(&watched, 1, 0) > 0) return {};
    const auto chunk = piece->empty() ? std::string("0\r\n\r\n")
                                      : fmt::format("{:x}\r\n{}\r\n", piece->size(), *piece);
    if (auto sent = send_all(fd, chunk, Clock::now() + timeout, path); !sent || piece->empty())
      return sent;
  }
}

}  // namespace

Result<HttpResponse> http_over_unix(const std::string& unix_path, const HttpRequest& request,
                                    Duration timeout) {
  return http_over_unix(unix_path, request, timeout, {});
}

Result<HttpResponse> http_over_unix(const std::string& unix_path, const HttpRequest& request,
                                    Duration timeout, const HttpPieces& pieces) {
  const auto fd = connect_unix(unix_path, Clock::now() + timeout);
  if (!fd) return tl::make_unexpected(fd.error());
  std::string text = fmt::format("{} {} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n",
                                 request.method, write_http_target({request.path, request.query}));
  for (const auto& [name, value] : request.headers) text += fmt::format("{}: {}\r\n", name, value);
  if (pieces.send)
    text += "Transfer-Encoding: chunked\r\n";
  else if (!request.body.empty() || request.method == "POST" || request.method == "PUT")
    text += fmt::format("Content-Length: {}\r\n", request.body.size());
  text += "\r\n" + request.body;
  auto sent = send_all(fd->get(), text, Clock::now() + timeout, unix_path);
  if (sent && pieces.send) sent = send_pieces(fd->get(), pieces.send, timeout, unix_path);
  if (!sent) return tl::make_unexpected(std::move(sent.error()));
  return receive(fd->get(), timeout, unix_path, pieces.received);
}

}  // namespace malleposte::net
