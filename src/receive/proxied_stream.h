// A connection behind a proxy, once its PROXY header is read: the stream of the proxy with the ends
// that the header has told, and with the client's octets that came together with the header given
// out first. Made by FrontDoor; a Session sees no difference. Loop thread only.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "net/stream.h"

namespace malleposte::receive {

class ProxiedStream final : public net::Stream {
 public:
  ProxiedStream(std::unique_ptr<net::Stream> proxy, net::Endpoint peer, net::Endpoint local,
                std::string early)
      : proxy_(std::move(proxy)),
        peer_(std::move(peer)),
        local_(std::move(local)),
        early_(std::move(early)) {}

  Task<Result<void>> wait_readable(SteadyTime deadline) override;
  Task<Result<std::size_t>> read_some(std::span<char> into, SteadyTime deadline) override;
  Task<Result<void>> write(std::span<const std::string_view> buffers,
                           SteadyTime deadline) override {
    return proxy_->write(buffers, deadline);
  }
  void close() override {
    early_.clear();
    proxy_->close();
  }

  net::Endpoint local() const override { return local_; }
  net::Endpoint peer() const override { return peer_; }

 private:
  std::unique_ptr<net::Stream> proxy_;
  net::Endpoint peer_, local_;
  std::string early_;  // read with the header, not yet given out
};

}  // namespace malleposte::receive
