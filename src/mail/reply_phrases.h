// The phrases by which replies are understood whose codes say little: those of the large providers
// and of the mail servers in use. Only looked for in refusals. Pure; any thread.
#pragma once

#include <optional>
#include <string_view>

#include "mail/outcome_class.h"

namespace malleposte::mail {

// What the text of a 4xx or 5xx reply says; case does not matter. Empty: nothing that we know.
std::optional<OutcomeClass> class_of_text(int code, std::string_view text);

}  // namespace malleposte::mail
