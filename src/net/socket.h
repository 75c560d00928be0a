// A non-blocking socket on the loop: what streams and listeners wait on. At most one coroutine
// waits for each direction. Shared by its owner, by the operations in progress and by the reactor,
// so that nobody's end surprises another. Internal to net/; loop thread only.
//
// Deadlines cost nothing in the usual case: a socket has one timer, set for the earliest deadline
// asked for so far; when it comes and the operation is long over, it is simply set for the next.
#pragma once

#include <array>
#include <coroutine>
#include <memory>

#include "net/asio_internal.h"
#include "net/asio_loop.h"
#include "net/file_descriptor.h"

namespace malleposte::net {

class Socket : public std::enable_shared_from_this<Socket> {
 public:
  enum class Direction : std::uint8_t { read, write };
  enum class Event : std::uint8_t { ready, deadline, closed };

  // Takes a non-blocking descriptor.
  Socket(AsioLoop& loop, FileDescriptor fd);
  ~Socket();
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  int fd() { return descriptor_.native_handle(); }
  bool closed() const { return closed_; }
  AsioLoop& loop() { return loop_; }

  // Closes the descriptor; who waits is resumed by the loop with Event::closed, not from in here.
  void close();

  // co_await until(direction, deadline): an Event. `ready` may be spurious: try, and wait again.
  struct Wait {
    Socket& socket;
    Direction direction;
    SteadyTime deadline;
    bool await_ready() const noexcept { return socket.closed_; }
    void await_suspend(std::coroutine_handle<> waiter) { socket.wait(*this, waiter); }
    Event await_resume() const noexcept {
      return socket.closed_ ? Event::closed : socket.slot(direction).event;
    }
  };
  // The caller keeps the Socket alive until it is resumed.
  Wait until(Direction direction, SteadyTime deadline) { return {*this, direction, deadline}; }

 private:
  struct Slot {
    std::coroutine_handle<> waiter;
    SteadyTime deadline = never;
    Event event = Event::ready;
    bool in_reactor = false;  // a wait is outstanding; it outlives its waiter's deadline
  };
  Slot& slot(Direction direction) { return slots_.at(static_cast<std::size_t>(direction)); }
  void wait(const Wait& what, std::coroutine_handle<> waiter);
  void on_event(Direction direction, bool failed);
  void arm(SteadyTime deadline);
  void on_timer();

  AsioLoop& loop_;
  asio::posix::stream_descriptor descriptor_;
  std::array<Slot, 2> slots_;
  Loop::TimerId timer_ = 0;
  SteadyTime armed_ = never;
  bool closed_ = false;
};

}  // namespace malleposte::net
