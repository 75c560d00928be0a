// `malleposte dns ...`: asks the running server about the way out and shows what it says. Returns
// the exit code: looking up a domain that mail cannot go to now is a failure.
#pragma once

#include "appliance/api_client.h"
#include "appliance/command_line.h"
#include "appliance/console.h"

namespace malleposte::appliance {

int execute_dns_command(const CommandLine& line, const ApiClient& api, Console& console);

}  // namespace malleposte::appliance
