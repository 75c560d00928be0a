// Asks for the addresses of all MX hosts of a domain at once, so that slow ones do not add up. Loop
// thread; ends by the deadline, and limits::lookup_patience after the addresses that are tried
// first are known. What comes later is not waited for.
#pragma once

#include <optional>
#include <vector>

#include "base/loop.h"
#include "base/task.h"
#include "net/resolver.h"

namespace malleposte::deliver {

// `hosts` by preference. One answer for each, in their order; nothing where there was none in time.
Task<std::vector<std::optional<net::AddressAnswer>>> ask_addresses(Loop& loop,
                                                                   net::Resolver& resolver,
                                                                   std::vector<net::Mx> hosts,
                                                                   SteadyTime deadline);

}  // namespace malleposte::deliver
