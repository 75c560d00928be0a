// Lines of a message of our own: short enough for everybody, whatever the text. Pure.
#pragma once

#include <string>
#include <string_view>

namespace malleposte::mail {

// Words in lines of at most 72 octets with CRLF, each behind `indent`; words too long are cut.
std::string wrap(std::string_view text, std::string_view indent = "");

// A header field whose value may be long: folded before blanks (RFC 5322 2.2.3), which changes
// nothing in its meaning, and cut where there are none. With CRLF.
std::string folded_field(std::string_view name, std::string_view value);

}  // namespace malleposte::mail
