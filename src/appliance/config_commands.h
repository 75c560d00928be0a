// `malleposte check` and `malleposte properties`, and the loading that every command begins with.
// Returns exit codes.
#pragma once

#include "appliance/command_line.h"
#include "appliance/console.h"
#include "config/load.h"

namespace malleposte::appliance {

// The one line of `mode = none`.
inline constexpr std::string_view not_configured =
    "mode is none: this system is not configured and does not start. Set mode in malleposte.toml, "
    "as in mode = \"relay\".";

// The sources of a command: its --set and --config (or the default file), the environment.
config::Sources sources_of(const CommandLine& line);

// Each problem on a line of its own; before it, alone on a line, the documented text if there is
// one (E1-E9: log parsers match them).
void show_problems(const config::Loaded& loaded, Console& console);

int check(const CommandLine& line, const config::Loaded& loaded, Console& console);
int show_properties(const CommandLine& line, const config::Loaded& loaded, Console& console);

}  // namespace malleposte::appliance
