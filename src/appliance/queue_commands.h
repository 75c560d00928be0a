// `malleposte status` and `malleposte queue ...`: asks the running server and shows what it says.
// What destroys mail shows how much and asks first. Returns the exit code.
#pragma once

#include "appliance/api_client.h"
#include "appliance/command_line.h"
#include "appliance/console.h"
#include "base/time.h"

namespace malleposte::appliance {

// For the queue's and the status command only.
int execute_queue_command(const CommandLine& line, const ApiClient& api, WallTime now,
                          Console& console);

}  // namespace malleposte::appliance
