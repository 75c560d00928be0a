// Measures the lines of a message while it comes in, cut anywhere. Sans-I/O; receive/ has one for
// each message.
#pragma once

#include <cstdint>
#include <string_view>

namespace malleposte::mail {

class LineMeasure {
 public:
  // `most`: octets of a line without its end; 0 any.
  explicit LineMeasure(std::uint64_t most = 0) : most_(most) {}

  // The next piece of content. False from the first line on that is longer.
  bool feed(std::string_view content);

 private:
  std::uint64_t most_;
  std::uint64_t octets_ = 0;  // of this line so far, CR included
  bool cr_last_ = false;
  bool met_ = false;
};

}  // namespace malleposte::mail
