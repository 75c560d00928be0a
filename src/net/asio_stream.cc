#include "net/asio_stream.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>

#include "net/socket_address.h"

namespace malleposte::net {
namespace {

constexpr std::size_t pieces_per_call = 64;
constexpr unsigned reads_before_yielding = 16;

tl::unexpected<Error> closed_here() {
  return fail(Fault::peer, "closed");
}

bool would_block(int error_number) {
  return error_number == EAGAIN;
}

// What is left of a gathered write.
class Remaining {
 public:
  explicit Remaining(std::span<const std::string_view> buffers) : buffers_(buffers) { skip(0); }

  bool empty() const { return buffers_.empty(); }

  // One system call, as much as the socket takes. Kept out of the coroutine, whose frame then needs
  // no room for the pieces. -1 and errno as sendmsg(2).
  ssize_t send_to(int fd) const {
    std::array<iovec, pieces_per_call> pieces;
    msghdr message{};
    message.msg_iov = pieces.data();
    std::size_t offset = offset_;
    for (const auto& buffer : buffers_) {
      if (message.msg_iovlen == pieces.size()) break;
      pieces[message.msg_iovlen++] = {const_cast<char*>(buffer.data()) + offset,
                                      buffer.size() - offset};
      offset = 0;
    }
    return ::sendmsg(fd, &message, MSG_NOSIGNAL);
  }

  void skip(std::size_t octets) {
    offset_ += octets;
    while (!buffers_.empty() && offset_ >= buffers_.front().size()) {
      offset_ -= buffers_.front().size();
      buffers_ = buffers_.subspan(1);
    }
  }

 private:
  std::span<const std::string_view> buffers_;
  std::size_t offset_ = 0;  // in the first of them
};

}  // namespace

AsioStream::AsioStream(std::shared_ptr<Socket> socket, Endpoint local, Endpoint peer)
    : state_(std::make_shared<State>()), local_(std::move(local)), peer_(std::move(peer)) {
  state_->socket = std::move(socket);
}

AsioStream::~AsioStream() {
  state_->socket->close();
}

void AsioStream::close() {
  state_->socket->close();
}

Task<Result<void>> AsioStream::wait_readable(SteadyTime deadline) {
  return wait_readable(state_, deadline);
}

Task<Result<std::size_t>> AsioStream::read_some(std::span<char> into, SteadyTime deadline) {
  return read_some(state_, into, deadline);
}

Task<Result<void>> AsioStream::write(std::span<const std::string_view> buffers,
                                     SteadyTime deadline) {
  return write(state_, buffers, deadline);
}

Task<Result<void>> AsioStream::wait_readable(std::shared_ptr<State> state, SteadyTime deadline) {
  switch (co_await state->socket->until(Socket::Direction::read, deadline)) {
    case Socket::Event::closed:
      co_return closed_here();
    case Socket::Event::deadline:
      co_return fail(Fault::deadline, "nothing came in time");
    case Socket::Event::ready:
      break;
  }
  state->drained = false;
  state->reads_without_waiting = 0;
  co_return Result<void>{};
}

Task<Result<std::size_t>> AsioStream::read_some(std::shared_ptr<State> state, std::span<char> into,
                                                SteadyTime deadline) {
  assert(!into.empty());
  auto& socket = *state->socket;
  for (;;) {
    if (socket.closed()) co_return closed_here();
    if (!state->drained && state->reads_without_waiting < reads_before_yielding) {
      const auto got = ::recv(socket.fd(), into.data(), into.size(), 0);
      if (got >= 0) {
        ++state->reads_without_waiting;
        // A short read emptied the socket; the end of the stream stays readable for ever.
        state->drained = got > 0 && static_cast<std::size_t>(got) < into.size();
        co_return static_cast<std::size_t>(got);
      }
      if (errno == EINTR) continue;
      if (!would_block(errno)) co_return system_failure("read", errno);
    }
    switch (co_await socket.until(Socket::Direction::read, deadline)) {
      case Socket::Event::closed:
        co_return closed_here();
      case Socket::Event::deadline:
        co_return fail(Fault::deadline, "nothing came in time");
      case Socket::Event::ready:
        break;
    }
    state->drained = false;
    state->reads_without_waiting = 0;
  }
}

Task<Result<void>> AsioStream::write(std::shared_ptr<State> state,
                                     std::span<const std::string_view> buffers,
                                     SteadyTime deadline) {
  auto& socket = *state->socket;
  Remaining remaining(buffers);
  while (!remaining.empty()) {
    if (socket.closed()) co_return closed_here();
    const auto sent = remaining.send_to(socket.fd());
    if (sent >= 0) {
      remaining.skip(static_cast<std::size_t>(sent));
      continue;
    }
    if (errno == EINTR) continue;
    if (!would_block(errno)) co_return system_failure("write", errno);
    switch (co_await socket.until(Socket::Direction::write, deadline)) {
      case Socket::Event::closed:
        co_return closed_here();
      case Socket::Event::deadline:
        co_return fail(Fault::deadline, "the peer did not take what we sent in time");
      case Socket::Event::ready:
        break;
    }
  }
  co_return Result<void>{};
}

}  // namespace malleposte::net
