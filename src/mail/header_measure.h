// Measures the header of a message while it comes in: its octets, its fields, and, where that is
// asked for, the length of every line. How the content is cut into pieces makes no difference.
// Owned by receive/session, one for each message; sans-I/O.
//
// The header ends at the first line that is neither a field (`Name:`, RFC 5322 2.2) nor the
// continuation of one: at the empty line, or where a message without a header has its text.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/limit.h"

namespace malleposte::mail {

class HeaderMeasure {
 public:
  struct Options {
    std::uint64_t octets = 0;       // of the header, line ends included; 0 any
    std::uint64_t fields = 0;       // 0 any
    std::uint64_t line_octets = 0;  // of a line of header or body, without its end; 0 any
  };

  HeaderMeasure() = default;
  // `binary`: the body has no lines (RFC 3030).
  HeaderMeasure(const Options& options, bool binary) : options_(options), binary_(binary) {}

  // The next piece of content: which limit it goes beyond. Once one is met all calls say so.
  std::optional<Limit> feed(std::string_view content);

 private:
  enum class At : std::uint8_t {
    line_start,
    name,        // of a field, perhaps: its colon has not come
    name_blank,  // blanks between a name and its colon (RFC 5322 4.5)
    line,        // of the header, which kind of line is known
    body,
  };
  bool lines_count() const { return options_.line_octets != 0 && (at_ != At::body || !binary_); }
  void take_header(std::string_view part);
  void take_line(std::string_view part);
  At after(char c);

  Options options_;
  bool binary_ = false;
  At at_ = At::line_start;
  std::uint64_t octets_ = 0;          // of the header
  std::uint64_t unknown_octets_ = 0;  // of a line that may belong to it
  std::uint64_t fields_ = 0;
  std::uint64_t line_octets_ = 0;  // of this line so far
  std::optional<Limit> met_;
};

}  // namespace malleposte::mail
