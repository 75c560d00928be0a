// `malleposte spool export` and `spool import`: the running server's queue into an mbox and back.
// Returns the exit code.
#pragma once

#include "appliance/api_client.h"
#include "appliance/command_line.h"
#include "appliance/console.h"

namespace malleposte::appliance {

// For these two commands only.
int execute_spool_command(const CommandLine& line, const ApiClient& api, Console& console);

}  // namespace malleposte::appliance
