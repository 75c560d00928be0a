// One at a time: coroutines that change the same things on disk and in memory take turns, in the
// order in which they came. Loop thread.
#pragma once

#include <coroutine>
#include <deque>
#include <utility>

#include "base/loop.h"

namespace malleposte::spool {

class Turns {
 public:
  explicit Turns(Loop& loop) : loop_(loop) {}

  // While it lives nobody else has a turn.
  class Turn {
   public:
    explicit Turn(Turns& turns) : turns_(&turns) {}
    Turn(Turn&& other) noexcept : turns_(std::exchange(other.turns_, nullptr)) {}
    Turn& operator=(Turn&&) = delete;
    ~Turn() {
      if (turns_ != nullptr) turns_->next();
    }

   private:
    Turns* turns_;
  };

  // auto turn = co_await turns.take();
  auto take() {
    struct Awaiter {
      Turns& turns;
      bool await_ready() const noexcept { return !std::exchange(turns.taken_, true); }
      void await_suspend(std::coroutine_handle<> handle) { turns.waiting_.push_back(handle); }
      Turn await_resume() const noexcept { return Turn(turns); }
    };
    return Awaiter{*this};
  }
  bool idle() const { return !taken_; }

 private:
  void next() {
    if (waiting_.empty()) {
      taken_ = false;
      return;
    }
    loop_.post([handle = waiting_.front()] { handle.resume(); });
    waiting_.pop_front();
  }

  Loop& loop_;
  bool taken_ = false;
  std::deque<std::coroutine_handle<>> waiting_;
};

}  // namespace malleposte::spool
