// UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing above U+10FFFF. The one place
// that knows; addresses, header fields and logs ask it.
#pragma once

#include <cstddef>
#include <string_view>

namespace malleposte {

// The length in octets (1 to 4) of the character at the start of the text, ASCII included; 0 when
// there is none (RFC 3629 4: not well formed, or cut off).
std::size_t utf8_length(std::string_view text);

// The whole text is well formed. True for ASCII and for "".
bool is_utf8(std::string_view text);

// The whole text is ASCII: no octet above 127.
bool is_ascii(std::string_view text);

}  // namespace malleposte
