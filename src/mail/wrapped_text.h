// Lines of a message of our own: short enough for everybody, whatever the text. Pure.
#pragma once

#include <string>
#include <string_view>

namespace malleposte::mail {

// Text in lines of at most 72 columns with CRLF, each behind `indent`. It is broken at blanks, and
// between two characters of East Asia, whose writing has none (but no line begins with a mark that
// closes or ends with one that opens); what is too long even so is cut. UTF-8; a character of East
// Asia takes two columns.
std::string wrap(std::string_view text, std::string_view indent = "");

// A header field whose value may be long: folded before blanks (RFC 5322 2.2.3), which changes
// nothing in its meaning, and cut where there are none. ASCII. With CRLF.
std::string folded_field(std::string_view name, std::string_view value);

}  // namespace malleposte::mail
