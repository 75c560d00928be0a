// `malleposte why|route|test|sites|orders ...` and `queue ages`: asks the running server and shows
// what it says. Returns the exit code.
#pragma once

#include "appliance/api_client.h"
#include "appliance/command_line.h"
#include "appliance/console.h"
#include "base/time.h"

namespace malleposte::appliance {

// Whether the command is one of these.
bool explains(Command command);

int execute_explain_command(const CommandLine& line, const ApiClient& api, WallTime now,
                            Console& console);

}  // namespace malleposte::appliance
