#include "receive/proxied_stream.h"

#include <algorithm>

namespace malleposte::receive {
namespace {

Task<Result<void>> ready() {
  co_return Result<void>{};
}
Task<Result<std::size_t>> done(std::size_t count) {
  co_return count;
}

}  // namespace

Task<Result<void>> ProxiedStream::wait_readable(SteadyTime deadline) {
  return early_.empty() ? proxy_->wait_readable(deadline) : ready();
}

Task<Result<std::size_t>> ProxiedStream::read_some(std::span<char> into, SteadyTime deadline) {
  if (early_.empty()) return proxy_->read_some(into, deadline);
  const std::size_t count = std::min(into.size(), early_.size());
  early_.copy(into.data(), count);
  early_.erase(0, count);
  if (early_.empty()) early_ = std::string();  // idle sessions hold no buffer
  return done(count);
}

}  // namespace malleposte::receive
