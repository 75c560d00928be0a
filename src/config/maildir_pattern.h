// Where the mailboxes of a domain are, as a line of the routes file says it:
// "maildir:/srv/mail/{domain}/{local}". Pure.
#pragma once

#include <string>
#include <string_view>

#include "config/values.h"

namespace malleposte::config {

inline constexpr std::string_view maildir_prefix = "maildir:";

// The path behind the prefix, without a slash at its end: absolute, {domain} and {local} in it
// where the recipient's are to stand, no part "." or "..".
Parsed<std::string> parse_maildir(std::string_view text);

}  // namespace malleposte::config
