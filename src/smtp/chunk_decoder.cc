#include "smtp/chunk_decoder.h"

#include <utility>

namespace malleposte::smtp {

std::string_view ChunkDecoder::hand_out(std::string_view content) {
  octets_ += content.size();
  return content;
}

std::string_view ChunkDecoder::next(std::string_view& input) {
  if (lines_ == Lines::binary) return hand_out(std::exchange(input, {}));
  if (fault_ != LineFault::none || input.empty()) {
    input = {};
    return {};
  }
  const char* const from = input.data();
  const char* const end = from + input.size();
  const char* p = from;
  const auto until = [&](const char* to) {
    return std::string_view(from, static_cast<std::size_t>(to - from));
  };
  if (after_cr_) {
    after_cr_ = false;
    if (*p != '\n') fault_ = LineFault::bare_cr;
    ++p;
  }
  while (fault_ == LineFault::none) {
    p = find_line_octet(p, end);
    if (p == end) {
      input = {};
      return hand_out(until(end));
    }
    const char octet = *p++;
    if (octet == '\r') {
      if (p == end) {
        after_cr_ = true;
      } else if (*p++ != '\n') {
        fault_ = LineFault::bare_cr;
      }
    } else if (octet == '\0') {
      fault_ = LineFault::nul;
    } else if (lines_ == Lines::strict) {
      fault_ = LineFault::bare_lf;
    } else if (p - from > 1) {
      // First what stands before the LF, which the next call repairs.
      input.remove_prefix(static_cast<std::size_t>(p - 1 - from));
      return hand_out(until(p - 1));
    } else {
      input.remove_prefix(1);
      return hand_out("\r\n");
    }
  }
  input = {};
  return {};
}

void ChunkDecoder::finish() {
  if (std::exchange(after_cr_, false) && fault_ == LineFault::none) fault_ = LineFault::bare_cr;
}

}  // namespace malleposte::smtp
