#include "mail/utf8_check.h"

#include "base/utf8.h"

namespace malleposte::mail {

void Utf8Check::add(std::string_view octets) {
  for (const char c : octets) {
    if (broken_) return;
    if (begun_.empty() && (c & 0x80) == 0) continue;
    begun_ += c;
    if (utf8_length(begun_) == begun_.size())
      begun_.clear();
    else
      broken_ = begun_.size() == 4;
  }
}

}  // namespace malleposte::mail
