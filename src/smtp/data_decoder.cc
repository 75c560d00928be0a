#include "smtp/data_decoder.h"

#include <cassert>

namespace malleposte::smtp {

std::string_view DataDecoder::hand_out(const char* from, const char* to) {
  if (fault_ != Fault::none) return {};
  octets_ += static_cast<std::uint64_t>(to - from);
  return {from, static_cast<std::size_t>(to - from)};
}

void DataDecoder::fail(Fault fault) {
  if (fault_ == Fault::none) fault_ = fault;
}

std::string_view DataDecoder::next(std::string_view& input) {
  const char* p = input.data();
  const char* const end = p + input.size();
  const char* from = p;  // [from, p) is content not yet handed out

  // Ends the call at p, with or without content.
  const auto stop = [&] {
    input = {p, static_cast<std::size_t>(end - p)};
    return hand_out(from, p);
  };

  while (p != end) {
    switch (state_) {
      case State::line_start:
      case State::repaired_line:
        if (*p != '.') {
          state_ = State::text;
          break;
        }
        if (p != from && fault_ == Fault::none) return stop();  // what stands before the dot
        from = ++p;
        state_ = state_ == State::line_start ? State::dot : State::text;
        break;

      case State::dot:
        if (*p != '\r') {
          state_ = State::text;
          break;
        }
        from = ++p;
        state_ = State::dot_cr;
        break;

      case State::dot_cr:
        if (*p == '\n') {
          from = ++p;
          state_ = State::ended;
          return stop();
        }
        fail(Fault::bare_cr);
        state_ = State::text;
        break;

      case State::text:
        p = find_line_octet(p, end);
        if (p == end) break;
        if (*p == '\r') {
          ++p;
          if (p != end && *p == '\n') {
            ++p;
            state_ = State::line_start;
          } else {
            state_ = State::cr;
          }
        } else if (*p == '\0') {
          fail(Fault::nul);
          ++p;
        } else if (repair_ && fault_ == Fault::none) {
          if (p != from) return stop();  // what stands before the LF
          ++p;
          state_ = State::repaired_line;
          input = {p, static_cast<std::size_t>(end - p)};
          octets_ += 2;
          return "\r\n";
        } else {
          fail(Fault::bare_lf);
          ++p;
        }
        break;

      case State::cr:
        if (*p == '\n') {
          ++p;
          state_ = State::line_start;
        } else {
          fail(Fault::bare_cr);
          state_ = State::text;
        }
        break;

      case State::ended:
        assert(false && "no data is left to decode");
    }
  }
  return stop();
}

}  // namespace malleposte::smtp
