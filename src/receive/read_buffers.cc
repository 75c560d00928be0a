#include "receive/read_buffers.h"

#include <cassert>

namespace malleposte::receive {
namespace {

constexpr std::size_t free_kept = 4;  // after a burst the rest goes back to the system

}  // namespace

std::unique_ptr<ReadBuffers::Buffer> ReadBuffers::take() {
  if (lent_ == most_) return nullptr;
  ++lent_;
  if (free_.empty()) return std::make_unique_for_overwrite<Buffer>();
  auto buffer = std::move(free_.back());
  free_.pop_back();
  return buffer;
}

void ReadBuffers::take_back(std::unique_ptr<Buffer> buffer) {
  assert(lent_ > 0);
  if (!waiting_.empty()) {
    // It stays lent; who waited goes on from the loop, not on the stack of who gave it back.
    const Waiting next = waiting_.front();
    waiting_.pop_front();
    *next.into = std::move(buffer);
    loop_.post([handle = next.handle] { handle.resume(); });
    return;
  }
  --lent_;
  if (free_.size() < free_kept) free_.push_back(std::move(buffer));
}

}  // namespace malleposte::receive
