// Reads the file that `destination_limits` names: how much a destination is given at once. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/lines.h"
#include "config/settings.h"

namespace malleposte::config {

// One `pattern key=value ...` a line, `#` starts a comment. Patterns: `example.org`,
// `.example.org`, `mx:host`, `mx:*.example.org`, `route:next-hop[,next-hop...]`, `*`. Keys:
// connections, messages, rate, backoff, backoff_for.
struct DestinationLimits {
  std::vector<DestinationLimit> limits;
  std::vector<LineProblem> problems;
};
DestinationLimits parse_destination_limits(std::string_view content);

// How a route is named in a pattern: "route:[10.0.0.1]:25,relay.example".
std::string route_name(const std::vector<NextHop>& next_hops);
// The same of mailboxes: "route:maildir:/srv/mail/{domain}/{local}".
std::string route_name(std::string_view maildir);

}  // namespace malleposte::config
