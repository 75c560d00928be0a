// Whether octets are UTF-8 (RFC 3629), fed piece by piece. Pure.
#pragma once

#include <cstdint>
#include <string_view>

namespace malleposte::mail {

class Utf8Check {
 public:
  void add(std::string_view octets);
  // All that was added, if nothing follows.
  bool valid() const { return !broken_ && missing_ == 0; }

 private:
  std::uint8_t missing_ = 0;               // octets of the present character
  std::uint8_t low_ = 0x80, high_ = 0xBF;  // what its next octet may be
  bool broken_ = false;
};

}  // namespace malleposte::mail
