// The real Stream: a TCP or Unix socket. Every operation tries the system call first and goes to
// the reactor only when there is nothing to do; an operation that never has to wait is still made
// to wait now and then, so that one fast peer does not hold the loop. Internal to net/: made by
// AsioNetwork.
#pragma once

#include <memory>

#include "net/socket.h"
#include "net/stream.h"

namespace malleposte::net {

class AsioStream final : public Stream {
 public:
  AsioStream(std::shared_ptr<Socket> socket, Endpoint local, Endpoint peer);
  ~AsioStream() override;

  Task<Result<void>> wait_readable(SteadyTime deadline) override;
  Task<Result<std::size_t>> read_some(std::span<char> into, SteadyTime deadline) override;
  Task<Result<void>> write(std::span<const std::string_view> buffers, SteadyTime deadline) override;
  void close() override;
  Endpoint local() const override { return local_; }
  Endpoint peer() const override { return peer_; }

 private:
  // What an operation in progress needs and may need after the stream has gone.
  struct State {
    std::shared_ptr<Socket> socket;
    bool drained = false;  // the last read took all there was: wait before the next
    unsigned reads_without_waiting = 0;
  };
  static Task<Result<void>> wait_readable(std::shared_ptr<State> state, SteadyTime deadline);
  static Task<Result<std::size_t>> read_some(std::shared_ptr<State> state, std::span<char> into,
                                             SteadyTime deadline);
  static Task<Result<void>> write(std::shared_ptr<State> state,
                                  std::span<const std::string_view> buffers, SteadyTime deadline);

  std::shared_ptr<State> state_;
  Endpoint local_;
  Endpoint peer_;
};

}  // namespace malleposte::net
