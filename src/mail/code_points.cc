#include "mail/code_points.h"

#include <algorithm>
#include <array>

namespace malleposte::mail {

CodePoint first_code_point(std::string_view text) {
  const auto octet = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const std::size_t octets = utf8_length(text);
  if (octets == 0) return {octet(0), 1, false};
  constexpr std::array<unsigned char, 5> lead_bits{0, 0x7f, 0x1f, 0x0f, 0x07};
  char32_t value = octet(0) & lead_bits.at(octets);
  for (std::size_t i = 1; i < octets; ++i) value = value << 6 | (octet(i) & 0x3fu);
  return {value, octets, true};
}

void append_utf8(std::string& text, char32_t value) {
  const auto put = [&](char32_t octet) { text += static_cast<char>(octet); };
  if (value < 0x80) {
    put(value);
  } else if (value < 0x800) {
    put(0xc0 | value >> 6), put(0x80 | (value & 0x3f));
  } else if (value < 0x10000) {
    put(0xe0 | value >> 12), put(0x80 | (value >> 6 & 0x3f)), put(0x80 | (value & 0x3f));
  } else {
    put(0xf0 | value >> 18), put(0x80 | (value >> 12 & 0x3f));
    put(0x80 | (value >> 6 & 0x3f)), put(0x80 | (value & 0x3f));
  }
}

bool printable(char32_t value) {
  if (value < 0x20 || (value >= 0x7f && value < 0xa0)) return false;
  const bool turns = value == 0x61c || value == 0x200e || value == 0x200f ||
                     (value >= 0x202a && value <= 0x202e) || (value >= 0x2066 && value <= 0x2069);
  return !turns && value != 0x2028 && value != 0x2029 && value != 0xfeff;
}

unsigned columns(char32_t value) {
  struct Range {
    char32_t from, to;
  };
  constexpr Range wide[] = {
      {0x1100, 0x115f}, {0x2e80, 0x303e}, {0x3041, 0xa4cf}, {0xac00, 0xd7a3},   {0xf900, 0xfaff},
      {0xfe30, 0xfe6f}, {0xff00, 0xff60}, {0xffe0, 0xffe6}, {0x1f300, 0x1faff}, {0x20000, 0x3fffd}};
  return std::any_of(std::begin(wide), std::end(wide),
                     [&](const Range& range) { return value >= range.from && value <= range.to; })
             ? 2
             : 1;
}

}  // namespace malleposte::mail
