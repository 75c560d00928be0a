// The real Network: TCP and Unix sockets on an AsioLoop. It must outlive neither its listeners nor
// its streams; the loop must outlive them all. A listener that runs out of descriptors or memory
// pauses for a moment, says so once through `complain`, and goes on.
#pragma once

#include <functional>

#include "net/asio_loop.h"
#include "net/stream.h"

namespace malleposte::net {

class AsioNetwork final : public Network {
 public:
  // What a listener has to say to the operator: one sentence.
  using Complain = std::function<void(const std::string&)>;

  explicit AsioNetwork(AsioLoop& loop, Complain complain = {});

  // Errors: Fault::configuration when the address is none, Fault::resource when it is not ours or
  // is taken. Port 0 lets the system choose: see Listener::local(). An IPv6 listener takes no IPv4.
  Result<std::unique_ptr<Listener>> listen(const Endpoint& at, Accept accept) override;
  // Fault::resource when another server listens there or the file is no socket. The listener
  // removes its file when it ends.
  Result<std::unique_ptr<Listener>> listen_unix(const std::string& path, Accept accept) override;
  // `source`: an address, or the name of a network interface. Errors: `peer` when refused or
  // unreachable, `deadline`, `resource` when the source is not ours or of the other family.
  Task<Result<std::unique_ptr<Stream>>> connect(const Endpoint& to, const std::string& source,
                                                SteadyTime deadline) override;

 private:
  AsioLoop& loop_;
  const Complain complain_;
};

}  // namespace malleposte::net
