#include "smtp/dot_stuffer.h"

#include <cstring>

namespace malleposte::smtp {

std::string_view DotStuffer::encode(std::string_view block) {
  if (block.empty()) return block;
  stuffed_.clear();
  std::size_t copied = 0;                    // octets of the block that are in stuffed_ already
  const auto before = [&](std::size_t at) {  // whether a line begins at `at`
    if (at == 0) return seen_ == Seen::crlf;
    if (block[at - 1] != '\n') return false;
    return at == 1 ? seen_ == Seen::cr : block[at - 2] == '\r';
  };
  // Dots are searched for, not line ends: encoded content has none of them.
  for (std::size_t at = 0; at < block.size(); ++at) {
    const void* found = std::memchr(block.data() + at, '.', block.size() - at);
    if (found == nullptr) break;
    at = static_cast<std::size_t>(static_cast<const char*>(found) - block.data());
    if (!before(at)) continue;
    stuffed_.append(block, copied, at - copied);
    stuffed_ += '.';
    copied = at;
  }
  const bool after_cr = block.size() == 1 ? seen_ == Seen::cr : block[block.size() - 2] == '\r';
  if (block.back() == '\r')
    seen_ = Seen::cr;
  else
    seen_ = block.back() == '\n' && after_cr ? Seen::crlf : Seen::other;
  if (stuffed_.empty()) return block;
  stuffed_.append(block, copied);
  return stuffed_;
}

}  // namespace malleposte::smtp
