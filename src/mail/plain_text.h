// Foreign text made harmless.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace malleposte::mail {

// Any text made fit for a log line, a listing or a header field: one line of printable ASCII, at
// most `octets` long; other characters become '?', line ends and tabs a blank.
std::string one_line(std::string_view text, std::size_t octets);

}  // namespace malleposte::mail
