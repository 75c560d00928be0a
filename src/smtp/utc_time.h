// Dates as the parameters of SMTP write them (RFC 3339 5.6): "2026-11-27T02:40:06Z".
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace malleposte::smtp {

// With whole seconds; the years 0 to 9999.
std::string utc_time(WallTime when);

// Any offset and fractions of a second are taken; a leap second is the second after it. Nothing for
// what is no date, or one of a time that does not exist ("2026-02-30T25:00:00Z").
std::optional<WallTime> parse_utc_time(std::string_view text);

}  // namespace malleposte::smtp
