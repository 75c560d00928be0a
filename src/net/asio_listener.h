// A listening socket: accepts all that wait, many at a wake-up, and makes streams of them. Internal
// to net/: made by AsioNetwork.
#pragma once

#include <memory>
#include <optional>

#include "net/asio_internal.h"
#include "net/asio_network.h"
#include "net/file_descriptor.h"
#include "net/unix_path.h"

namespace malleposte::net {

class AsioListener final : public Listener {
 public:
  // `fd` listens already. With `path` the file is removed at the end, if it still is ours.
  // Fault::resource when the reactor cannot watch one more.
  static Result<std::unique_ptr<Listener>> open(AsioLoop& loop, FileDescriptor fd,
                                                std::optional<UnixPath> path,
                                                Network::Accept accept,
                                                AsioNetwork::Complain complain);
  ~AsioListener() override;

  Endpoint local() const override { return local_; }

 private:
  AsioListener(AsioLoop& loop, Endpoint local, std::optional<UnixPath> path);

  // Shared with the reactor's handler. No coroutine: an accepting one would still be suspended,
  // and its frame lost, when the loop ends before it has seen the listener's end.
  struct State : std::enable_shared_from_this<State> {
    explicit State(AsioLoop& on) : loop(on), descriptor(on.context()) {}
    void wait();
    void accept_waiting();

    AsioLoop& loop;
    asio::posix::stream_descriptor descriptor;
    Network::Accept accept;
    AsioNetwork::Complain complain;
    bool closed = false;
    bool exhausted = false;  // told once, until an accept works again
  };

  std::shared_ptr<State> state_;
  Endpoint local_;
  std::optional<UnixPath> path_;
  unsigned long inode_ = 0;
};

}  // namespace malleposte::net
