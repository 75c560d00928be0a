// Foreign text made harmless.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace malleposte::mail {

// Any text made fit for a log line, a listing or a header field: one line of printable ASCII, at
// most `octets` long; other characters become '?', line ends and tabs a blank.
std::string one_line(std::string_view text, std::size_t octets);

// The same for places that may have UTF-8: its characters stay, those that may not be shown
// (code_points.h) and octets that are no UTF-8 become '?'. Never ends inside a character.
std::string one_line_utf8(std::string_view text, std::size_t octets);

}  // namespace malleposte::mail
