// Whether octets that come piece by piece are UTF-8 (base/utf8.h). Pure.
#pragma once

#include <string>
#include <string_view>

namespace malleposte::mail {

class Utf8Check {
 public:
  void add(std::string_view octets);
  // All that was added, if nothing follows.
  bool valid() const { return !broken_ && begun_.empty(); }

 private:
  std::string begun_;  // the octets of a character that is not complete
  bool broken_ = false;
};

}  // namespace malleposte::mail
