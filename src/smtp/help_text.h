// What HELP says (RFC 5321 4.1.1.8): to people at a keyboard, and not to programs.
#pragma once

#include <string_view>

#include "smtp/reply.h"

namespace malleposte::smtp {

// About a command, or without one (`about` is empty, or nothing we know) about the session.
Reply help_text(std::string_view about);

}  // namespace malleposte::smtp
