// The buffers that sessions read into: few, shared, borrowed. A session borrows one when there is
// something to read and gives it back when all of it is used or it has to wait, so an idle session
// has none, one busy loop needs one (which stays in the cache), and all sessions together never
// hold more than limits::session_buffers_octets; beyond that reading waits. Loop thread only.
#pragma once

#include <array>
#include <coroutine>
#include <cstddef>
#include <deque>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "base/limits.h"
#include "base/loop.h"

namespace malleposte::receive {

class ReadBuffers {
 public:
  static constexpr std::size_t octets = 64 * 1024;  // of one buffer
  using Buffer = std::array<char, octets>;

  explicit ReadBuffers(Loop& loop, std::size_t most = limits::session_buffers_octets / octets)
      : loop_(loop), most_(most) {}

  // A borrowed buffer; goes back when destroyed.
  class Loan {
   public:
    Loan() = default;
    Loan(ReadBuffers& owner, std::unique_ptr<Buffer> buffer)
        : owner_(&owner), buffer_(std::move(buffer)) {}
    Loan(Loan&& other) noexcept = default;
    Loan& operator=(Loan&& other) noexcept {
      give_back();
      owner_ = other.owner_;
      buffer_ = std::move(other.buffer_);
      return *this;
    }
    ~Loan() { give_back(); }

    void give_back() {
      if (buffer_) owner_->take_back(std::move(buffer_));
    }
    std::span<char> span() { return *buffer_; }

   private:
    ReadBuffers* owner_ = nullptr;
    std::unique_ptr<Buffer> buffer_;
  };

  // co_await borrow(): a Loan; waits while all buffers are lent. First come, first served.
  auto borrow() {
    struct Awaiter {
      ReadBuffers& buffers;
      std::unique_ptr<Buffer> buffer = {};
      bool await_ready() {
        if (!buffers.waiting_.empty()) return false;
        buffer = buffers.take();
        return buffer != nullptr;
      }
      void await_suspend(std::coroutine_handle<> handle) {
        buffers.waiting_.push_back({handle, &buffer});
      }
      Loan await_resume() { return Loan(buffers, std::move(buffer)); }
    };
    return Awaiter{*this};
  }

  std::size_t lent() const { return lent_; }
  bool all_lent() const { return lent_ == most_; }

 private:
  struct Waiting {
    std::coroutine_handle<> handle;
    std::unique_ptr<Buffer>* into;
  };

  std::unique_ptr<Buffer> take();
  void take_back(std::unique_ptr<Buffer> buffer);

  Loop& loop_;
  std::size_t most_;
  std::size_t lent_ = 0;
  std::vector<std::unique_ptr<Buffer>> free_;
  std::deque<Waiting> waiting_;
};

}  // namespace malleposte::receive
