// The network seam: a byte stream to one peer, and who makes them. net::AsioNetwork is the real
// one; the simulator has a twin. Loop thread only. An operation ends with bytes, or with an Error
// whose fault is `peer` (closed, reset, refused), `deadline` or `resource`; after an Error the
// stream is good only for close(), but that after a failed write what had arrived can be read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/task.h"
#include "base/time.h"

namespace malleposte::net {

// An IPv4 or IPv6 address with a port, in text: what listeners, logs and policies speak. Who has
// connected to a Unix socket has a user in place of the address: {"uid 1000 (anna)", 0}.
struct Endpoint {
  std::string address;  // "192.0.2.1", "2001:db8::1"
  std::uint16_t port = 0;
  bool operator==(const Endpoint&) const = default;
};
// "192.0.2.1:25", "[2001:db8::1]:25"
std::string to_string(const Endpoint& endpoint);

class Stream {
 public:
  virtual ~Stream() = default;  // closes

  // Waits until there is something to read (or the end); holds no buffer meanwhile, so that an
  // idle session costs nothing but its frame.
  virtual Task<Result<void>> wait_readable(SteadyTime deadline) = 0;
  // Reads what is there, at least one byte; waits for it if need be. 0 means the peer has ended.
  virtual Task<Result<std::size_t>> read_some(std::span<char> into, SteadyTime deadline) = 0;
  // Writes everything. The views must stay valid until it returns.
  virtual Task<Result<void>> write(std::span<const std::string_view> buffers,
                                   SteadyTime deadline) = 0;
  // Ends both directions; a waiting operation returns Fault::peer "closed".
  virtual void close() = 0;

  virtual Endpoint local() const = 0;
  virtual Endpoint peer() const = 0;
};

class Listener {
 public:
  virtual ~Listener() = default;  // stops listening
  virtual Endpoint local() const = 0;
};

class Network {
 public:
  virtual ~Network() = default;
  using Accept = std::function<void(std::unique_ptr<Stream>)>;

  // Listens and calls `accept` for every connection, with TCP_NODELAY set, until destroyed.
  virtual Result<std::unique_ptr<Listener>> listen(const Endpoint& at, Accept accept) = 0;
  // The same on a Unix socket; a stale socket file is replaced, paths longer than sun_path work,
  // the file's mode is 0600.
  virtual Result<std::unique_ptr<Listener>> listen_unix(const std::string& path, Accept accept) = 0;
  // Connects from `source` ("" = the system chooses). TCP_NODELAY is set.
  virtual Task<Result<std::unique_ptr<Stream>>> connect(const Endpoint& to,
                                                        const std::string& source,
                                                        SteadyTime deadline) = 0;
};

}  // namespace malleposte::net
