// What a site is to be spared, by the operator's word (the file `destination_limits`). Values only.
#pragma once

#include "base/limits.h"

namespace malleposte::queue {

struct SiteLimits {
  unsigned connections = limits::connections_per_next_hop;  // at once
  unsigned messages = limits::messages_per_connection;      // over one connection
  double rate_per_second = 0;                               // messages; 0: any
  bool operator==(const SiteLimits&) const = default;
};

}  // namespace malleposte::queue
