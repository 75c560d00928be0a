// The composition root: makes every part of the server, in the order in which they need each
// other, and ends them in reverse. One call serves until SIGTERM or SIGINT.
//
// Start: lock of the volume, recovery of the spool, listeners, privileges dropped, control socket,
// started_ok. What fails a start is said on stderr: the documented text alone on a line (E5, E6),
// then what exactly failed. SIGHUP loads the configuration again. The end takes at most
// limits::shutdown_timeout: listeners close, sessions get 421, deliveries past their final dot are
// waited for.
#pragma once

#include <functional>
#include <string_view>

#include "appliance/console.h"
#include "config/load.h"

namespace malleposte::appliance {

inline constexpr std::string_view control_socket_name = "control.sock";
inline constexpr std::string_view spool_name = "spool";

// `loaded` has no problems. `reload` gives the configuration as it is now. Returns the exit code.
int run_appliance(config::Loaded loaded, std::function<config::Loaded()> reload, Console& console);

}  // namespace malleposte::appliance
