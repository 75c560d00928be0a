// The code in which DSN parameters carry any text inside a command line (RFC 3461 4): `+` and two
// capital hexadecimal digits for an octet that cannot stand for itself.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace malleposte::smtp {

// Every octet but printable ASCII without `+` and `=` is encoded.
std::string encode_xtext(std::string_view text);

// Nothing for what is no xtext: `=`, a blank, a control or 8-bit octet, `+` without two digits.
std::optional<std::string> decode_xtext(std::string_view text);

}  // namespace malleposte::smtp
