// Every command of the command line, carried out. Returns the exit code.
#pragma once

#include "appliance/command_line.h"
#include "appliance/console.h"

namespace malleposte::appliance {

int execute(const CommandLine& line, Console& console);

}  // namespace malleposte::appliance
