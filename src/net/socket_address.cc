#include "net/socket_address.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>

#include <cerrno>
#include <system_error>

namespace malleposte::net {

std::string to_string(const Endpoint& endpoint) {
  const bool brackets = endpoint.address.find(':') != std::string::npos;
  return brackets ? fmt::format("[{}]:{}", endpoint.address, endpoint.port)
                  : fmt::format("{}:{}", endpoint.address, endpoint.port);
}

std::optional<SocketAddress> to_socket_address(const Endpoint& endpoint) {
  SocketAddress result;
  auto& v4 = reinterpret_cast<sockaddr_in&>(result.storage);
  auto& v6 = reinterpret_cast<sockaddr_in6&>(result.storage);
  if (inet_pton(AF_INET, endpoint.address.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(endpoint.port);
    result.length = sizeof v4;
    return result;
  }
  if (inet_pton(AF_INET6, endpoint.address.c_str(), &v6.sin6_addr) == 1) {
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(endpoint.port);
    result.length = sizeof v6;
    return result;
  }
  return std::nullopt;
}

Endpoint to_endpoint(const SocketAddress& address) {
  char text[INET6_ADDRSTRLEN] = "";
  if (address.family() == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address.storage);
    inet_ntop(AF_INET, &v4.sin_addr, text, sizeof text);
    return {text, ntohs(v4.sin_port)};
  }
  if (address.family() == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address.storage);
    inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof text);
    return {text, ntohs(v6.sin6_port)};
  }
  return {"local", 0};
}

Endpoint local_endpoint(int fd) {
  SocketAddress address;
  if (getsockname(fd, address.get(), &address.length) != 0) return {};
  return to_endpoint(address);
}

tl::unexpected<Error> system_failure(const std::string& what, int error_number) {
  Fault fault = Fault::peer;
  switch (error_number) {
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case ENOBUFS:
    case EADDRNOTAVAIL:
    case EADDRINUSE:
    case EACCES:
    case EPERM:
    case EAFNOSUPPORT:
    case ENODEV:
      fault = Fault::resource;
      break;
    default:
      break;
  }
  return fail(fault, what + ": " + std::generic_category().message(error_number));
}

}  // namespace malleposte::net
