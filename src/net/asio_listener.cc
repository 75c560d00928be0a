#include "net/asio_listener.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cerrno>

#include "net/asio_stream.h"
#include "net/socket_address.h"
#include "net/unix_peer.h"

namespace malleposte::net {
namespace {

constexpr unsigned accepts_per_wake_up = 64;
constexpr Duration pause = std::chrono::milliseconds(200);

unsigned long inode_of(const UnixPath& path) {
  struct stat status{};
  if (fstatat(path.directory(), path.name().c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) return 0;
  return status.st_ino;
}

bool exhausts(int error_number) {
  return error_number == EMFILE || error_number == ENFILE || error_number == ENOBUFS ||
         error_number == ENOMEM;
}

}  // namespace

AsioListener::AsioListener(AsioLoop& loop, Endpoint local, std::optional<UnixPath> path)
    : state_(std::make_shared<State>(loop)), local_(std::move(local)), path_(std::move(path)) {
  if (path_) inode_ = inode_of(*path_);
}

Result<std::unique_ptr<Listener>> AsioListener::open(AsioLoop& loop, FileDescriptor fd,
                                                     std::optional<UnixPath> path,
                                                     Network::Accept accept,
                                                     AsioNetwork::Complain complain) {
  std::unique_ptr<AsioListener> listener(
      new AsioListener(loop, local_endpoint(fd.get()), std::move(path)));
  auto& state = *listener->state_;
  state.accept = std::move(accept);
  state.complain = std::move(complain);
  if (!adopt(state.descriptor, fd))
    return fail(Fault::resource, "the system cannot watch one more listener");
  state.wait();
  return listener;
}

AsioListener::~AsioListener() {
  state_->closed = true;
  net::close(state_->descriptor);
  if (path_ && inode_ != 0 && inode_of(*path_) == inode_)
    unlinkat(path_->directory(), path_->name().c_str(), 0);
}

void AsioListener::State::wait() {
  descriptor.async_wait(asio::posix::stream_descriptor::wait_read,
                        [self = shared_from_this()](const AsioError& error) {
                          if (!error) self->accept_waiting();
                        });
}

void AsioListener::State::accept_waiting() {
  for (unsigned i = 0; i < accepts_per_wake_up && !closed; ++i) {
    SocketAddress address;
    FileDescriptor fd(::accept4(descriptor.native_handle(), address.get(), &address.length,
                                SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (fd) {
      exhausted = false;
      auto local = local_endpoint(fd.get());
      auto peer =
          address.family() == AF_UNIX ? Endpoint{unix_peer(fd.get()), 0} : to_endpoint(address);
      accept(std::make_unique<AsioStream>(std::make_shared<Socket>(loop, std::move(fd)),
                                          std::move(local), std::move(peer)));
      continue;
    }
    const int error_number = errno;
    if (error_number == EAGAIN) break;
    if (!exhausts(error_number)) continue;  // that connection's own failure (accept(2))
    if (!exhausted && complain)
      complain(system_failure("new connections have to wait", error_number).value().text);
    exhausted = true;
    loop.call_at(loop.steady() + pause, [self = shared_from_this()] { self->accept_waiting(); });
    return;
  }
  if (!closed) wait();
}

}  // namespace malleposte::net
