#include "net/asio_network.h"

#include <fmt/format.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/stat.h>

#include <cerrno>
#include <utility>

#include "net/asio_listener.h"
#include "net/asio_stream.h"
#include "net/socket_address.h"
#include "net/unix_path.h"
#include "net/unix_peer.h"

namespace malleposte::net {
namespace {

constexpr int backlog = 4096;

void set(int fd, int level, int option, int value) {
  setsockopt(fd, level, option, &value, sizeof value);  // none of ours can fail on such a socket
}

FileDescriptor make_socket(int family) {
  return FileDescriptor(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

// Makes room at the path: a socket file that nobody listens on goes.
Result<void> remove_stale(const UnixPath& path) {
  struct stat status{};
  if (fstatat(path.directory(), path.name().c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) return {};
  if (!S_ISSOCK(status.st_mode))
    return fail(Fault::resource, path.text() + ": there is a file that is not a socket");
  auto probe = make_socket(AF_UNIX);
  if (!probe) return system_failure(path.text(), errno);
  const auto& address = path.address();
  if (::connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ||
      errno == EAGAIN)
    return fail(Fault::resource, path.text() + ": another server listens there");
  if (unlinkat(path.directory(), path.name().c_str(), 0) != 0 && errno != ENOENT)
    return fail(Fault::resource, system_failure(path.text(), errno).value().text);
  return {};
}

// Binds a connecting socket to the source, an address or an interface's name.
Result<void> bind_source(int fd, int family, const std::string& source) {
  if (source.empty()) return {};
  const auto address = to_socket_address({source, 0});
  if (!address) {
    if (setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, source.c_str(),
                   static_cast<socklen_t>(source.size())) == 0)
      return {};
    return fail(Fault::resource, system_failure("source interface " + source, errno).value().text);
  }
  if (address->family() != family)
    return fail(Fault::resource,
                fmt::format("source address {} is of the other IP version", source));
  set(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);  // the port is chosen when the peer is known
  if (::bind(fd, address->get(), address->length) != 0)
    return fail(Fault::resource, system_failure("source address " + source, errno).value().text);
  return {};
}

Task<Result<std::unique_ptr<Stream>>> connect_to(AsioLoop& loop, Endpoint to, std::string source,
                                                 SteadyTime deadline) {
  const auto what = "connect to " + to_string(to);
  const auto address = to_socket_address(to);
  if (!address) co_return fail(Fault::peer, what + ": that is no IP address");
  auto fd = make_socket(address->family());
  if (!fd) co_return system_failure(what, errno);
  set(fd.get(), IPPROTO_TCP, TCP_NODELAY, 1);
  if (auto bound = bind_source(fd.get(), address->family(), source); !bound)
    co_return tl::make_unexpected(std::move(bound.error()));
  if (::connect(fd.get(), address->get(), address->length) != 0 && errno != EINPROGRESS)
    co_return system_failure(what, errno);

  const auto socket = std::make_shared<Socket>(loop, std::move(fd));
  switch (co_await socket->until(Socket::Direction::write, deadline)) {
    case Socket::Event::deadline:
      co_return fail(Fault::deadline, what + ": Connection timed out");
    case Socket::Event::closed:
      co_return fail(Fault::resource, what + ": the system cannot watch one more connection");
    case Socket::Event::ready:
      break;
  }
  int error_number = 0;
  socklen_t length = sizeof error_number;
  getsockopt(socket->fd(), SOL_SOCKET, SO_ERROR, &error_number, &length);
  if (error_number == ETIMEDOUT) co_return fail(Fault::deadline, what + ": Connection timed out");
  if (error_number != 0) co_return system_failure(what, error_number);
  co_return std::make_unique<AsioStream>(socket, local_endpoint(socket->fd()), std::move(to));
}

}  // namespace

AsioNetwork::AsioNetwork(AsioLoop& loop, Complain complain)
    : loop_(loop), complain_(std::move(complain)) {}

Result<std::unique_ptr<Listener>> AsioNetwork::listen(const Endpoint& at, Accept accept) {
  const auto what = "listen on " + to_string(at);
  const auto address = to_socket_address(at);
  if (!address) return fail(Fault::configuration, what + ": that is no IP address");
  auto fd = make_socket(address->family());
  if (!fd) return fail(Fault::resource, system_failure(what, errno).value().text);
  set(fd.get(), SOL_SOCKET, SO_REUSEADDR, 1);
  set(fd.get(), IPPROTO_TCP, TCP_NODELAY, 1);  // inherited by what is accepted
  if (address->family() == AF_INET6) set(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, 1);
  if (::bind(fd.get(), address->get(), address->length) != 0 || ::listen(fd.get(), backlog) != 0)
    return fail(Fault::resource, system_failure(what, errno).value().text);
  return AsioListener::open(loop_, std::move(fd), std::nullopt, std::move(accept), complain_);
}

Result<std::unique_ptr<Listener>> AsioNetwork::listen_unix(const std::string& path, Accept accept) {
  auto opened = UnixPath::open(path);
  if (!opened) return tl::make_unexpected(std::move(opened.error()));
  if (auto room = remove_stale(*opened); !room) return tl::make_unexpected(std::move(room.error()));
  auto fd = make_socket(AF_UNIX);
  const auto& address = opened->address();
  // The mode of the unbound socket becomes the file's: it is never open to others, not even for a
  // moment.
  if (!fd || fchmod(fd.get(), 0600) != 0 ||
      ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(fd.get(), backlog) != 0)
    return fail(Fault::resource, system_failure("listen on " + path, errno).value().text);
  remember_users();
  return AsioListener::open(loop_, std::move(fd), std::move(*opened), std::move(accept), complain_);
}

Task<Result<std::unique_ptr<Stream>>> AsioNetwork::connect(const Endpoint& to,
                                                           const std::string& source,
                                                           SteadyTime deadline) {
  return connect_to(loop_, to, source, deadline);
}

}  // namespace malleposte::net
