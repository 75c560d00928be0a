#include "net/socket.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace malleposte::net {

Socket::Socket(AsioLoop& loop, FileDescriptor fd) : loop_(loop), descriptor_(loop.context()) {
  closed_ = !adopt(descriptor_, fd);  // the reactor can be full: epoll's own limit
}

Socket::~Socket() {
  if (timer_ != 0) loop_.cancel(timer_);
}

void Socket::close() {
  if (closed_) return;
  closed_ = true;
  net::close(descriptor_);
  if (timer_ != 0) loop_.cancel(std::exchange(timer_, 0));
  armed_ = never;
}

void Socket::wait(const Wait& what, std::coroutine_handle<> waiter) {
  auto& mine = slot(what.direction);
  assert(!mine.waiter && "two coroutines wait for one direction of a socket");
  mine.waiter = waiter;
  mine.deadline = what.deadline;
  if (what.deadline < armed_) arm(what.deadline);
  if (mine.in_reactor) return;
  mine.in_reactor = true;
  const auto direction = what.direction;
  descriptor_.async_wait(direction == Direction::read ? asio::posix::stream_descriptor::wait_read
                                                      : asio::posix::stream_descriptor::wait_write,
                         [self = shared_from_this(), direction](const AsioError& error) {
                           self->on_event(direction, static_cast<bool>(error));
                         });
}

void Socket::on_event(Direction direction, bool failed) {
  auto& mine = slot(direction);
  mine.in_reactor = false;
  if (!mine.waiter) return;
  mine.event = failed ? Event::closed : Event::ready;
  std::exchange(mine.waiter, {}).resume();
}

void Socket::arm(SteadyTime deadline) {
  if (timer_ != 0) loop_.cancel(timer_);
  armed_ = deadline;
  timer_ = loop_.call_at(deadline, [this] { on_timer(); });
}

void Socket::on_timer() {
  const auto self = shared_from_this();  // a resumed coroutine may drop the owner
  timer_ = 0;
  armed_ = never;
  const auto now = loop_.steady();
  SteadyTime next = never;
  std::array<std::coroutine_handle<>, 2> expired;
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    if (!slots_[i].waiter) continue;
    if (slots_[i].deadline <= now) {
      slots_[i].event = Event::deadline;
      expired[i] = std::exchange(slots_[i].waiter, {});
    } else {
      next = std::min(next, slots_[i].deadline);
    }
  }
  if (next != never) arm(next);
  for (auto waiter : expired)
    if (waiter) waiter.resume();
}

}  // namespace malleposte::net
