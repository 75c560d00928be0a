// Between our textual endpoints, the kernel's socket addresses and its error numbers.
#pragma once

#include <sys/socket.h>

#include <optional>
#include <string>

#include "base/result.h"
#include "net/stream.h"

namespace malleposte::net {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t length = sizeof(sockaddr_storage);

  int family() const { return storage.ss_family; }
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
};

// Nothing when the address is not an IPv4 or IPv6 address.
std::optional<SocketAddress> to_socket_address(const Endpoint& endpoint);
// {"local", 0} for a Unix socket.
Endpoint to_endpoint(const SocketAddress& address);
// The near end of a socket.
Endpoint local_endpoint(int fd);

// "connect to 192.0.2.1:25: Connection refused". Fault::resource when this machine ran out of
// something (descriptors, memory, addresses, rights), else Fault::peer.
tl::unexpected<Error> system_failure(const std::string& what, int error_number);

}  // namespace malleposte::net
