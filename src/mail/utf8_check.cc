#include "mail/utf8_check.h"

namespace malleposte::mail {

void Utf8Check::add(std::string_view octets) {
  for (const char c : octets) {
    const auto octet = static_cast<std::uint8_t>(c);
    if (missing_ > 0) {
      if (octet < low_ || octet > high_) broken_ = true;
      --missing_;
      low_ = 0x80;
      high_ = 0xBF;
    } else if (octet >= 0x80) {
      if (octet < 0xC2 || octet > 0xF4) broken_ = true;
      missing_ = octet >= 0xF0 ? 3 : octet >= 0xE0 ? 2 : 1;
      // No overlong forms, no surrogates, nothing behind U+10FFFF.
      if (octet == 0xE0) low_ = 0xA0;
      if (octet == 0xED) high_ = 0x9F;
      if (octet == 0xF0) low_ = 0x90;
      if (octet == 0xF4) high_ = 0x8F;
    }
  }
}

}  // namespace malleposte::mail
