// UTF-8 read one character at a time, and what a character is for a line of text: how wide, and
// whether it may be shown at all. What is UTF-8 says base/utf8.h. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/utf8.h"

namespace malleposte::mail {

struct CodePoint {
  char32_t value = 0;
  std::size_t octets = 0;  // 1 for an octet that begins no character
  bool valid = false;      // shortest form, no surrogate, at most U+10FFFF
};

// The first of a text that is not empty.
CodePoint first_code_point(std::string_view text);

void append_utf8(std::string& text, char32_t value);

using malleposte::is_ascii;

// Whether a line may show it: no control, line separator, or character that turns the direction of
// what follows (which would let one address look like another).
bool printable(char32_t value);

// Columns in a fixed-width font: 2 for the characters of East Asia (UAX 11: W and F), else 1.
unsigned columns(char32_t value);

}  // namespace malleposte::mail
