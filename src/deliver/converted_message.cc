#include "deliver/converted_message.h"

#include <algorithm>

#include "base/limits.h"

namespace malleposte::deliver {

Task<void> on_reader_lane(Loop& loop, Loop::Callback work) {
  auto done = std::make_shared<OneShot<bool>>();
  loop.offload(Loop::Lane::reader, std::move(work), [done] { done->set(true); });
  co_await *done;
}

Task<Result<std::string_view>> ConvertedMessage::read() {
  converted_.clear();
  while (converted_.empty() && !ended_) {
    if (left_.empty()) {
      auto block = co_await source_->read();
      if (!block) co_return tl::make_unexpected(std::move(block.error()));
      left_ = *block;
      ended_ = left_.empty();
    }
    // Encoding takes three times the room.
    const auto slice = left_.substr(0, limits::conversion_slice_octets);
    left_.remove_prefix(slice.size());
    co_await on_reader_lane(loop_, [this, slice] {
      if (ended_)
        conversion_.end(converted_);
      else
        conversion_.add(slice, converted_);
    });
  }
  co_return std::string_view(converted_);
}

}  // namespace malleposte::deliver
