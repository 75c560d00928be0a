#include "appliance/commands.h"

#include <fmt/format.h>

#include <algorithm>

#include "appliance/appliance.h"
#include "appliance/config_commands.h"
#include "appliance/dns_commands.h"
#include "appliance/explain_commands.h"
#include "appliance/queue_commands.h"
#include "appliance/spool_commands.h"
#include "appliance/version.h"
#include "monitor/event_text.h"
#include "spool/inspect.h"

namespace malleposte::appliance {
namespace {

WallTime now() {
  return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
}

// The documented event of a start that fails before there is a journal.
void announce_failure(std::string_view documented, Console& console) {
  std::string text;
  monitor::EventText().event(text, now(), "start_failed", monitor::Severity::alert, documented);
  console.err(text);
}

int run(const CommandLine& line, config::Loaded loaded, Console& console) {
  if (!loaded.problems.empty()) {
    bool undocumented = false;
    for (const config::Problem& problem : loaded.problems) {
      if (problem.documented.empty())
        undocumented = true;
      else
        announce_failure(problem.documented, console);
    }
    show_problems(loaded, console);
    if (undocumented) {
      announce_failure(config::documented::e4, console);
      console.err(std::string(config::documented::e4) + "\n");
    }
    return exit_code::configuration;
  }
  if (loaded.settings.mode == config::Mode::none) {
    console.err(std::string(not_configured) + "\n");
    return exit_code::configuration;
  }
  return run_appliance(
      std::move(loaded), [line] { return config::load(sources_of(line)); }, console);
}

// A command that needs to know where the volume is: problems that have nothing to do with that
// (somebody is in the middle of editing the file) do not keep it from its work.
bool volume_is_known(const config::Loaded& loaded, Console& console) {
  const bool wrong = std::any_of(
      loaded.problems.begin(), loaded.problems.end(), [](const config::Problem& problem) {
        return problem.property == "volume_data" || problem.where.starts_with("--set ") ||
               problem.what.starts_with("cannot be read") ||
               problem.what.starts_with("is not TOML") ||
               problem.what.starts_with("is a directory");
      });
  if (wrong) show_problems(loaded, console);
  return !wrong;
}

int ask_server(const CommandLine& line, const config::Settings& settings, Console& console) {
  const auto api = ApiClient::over((settings.volume_data / control_socket_name).string());
  if (line.command == Command::dns_lookup || line.command == Command::dns_flush)
    return execute_dns_command(line, api, console);
  if (explains(line.command)) return execute_explain_command(line, api, now(), console);
  if (line.command == Command::spool_export || line.command == Command::spool_import)
    return execute_spool_command(line, api, console);
  return execute_queue_command(line, api, now(), console);
}

int inspect_spool(const CommandLine& line, const config::Settings& settings, Console& console) {
  const std::string directory =
      line.directory.empty() ? (settings.volume_data / spool_name).string() : line.directory;
  std::string out;
  const int code = line.command == Command::spool_verify ? spool::verify(directory, line.json, out)
                                                         : spool::dump(directory, line.json, out);
  console.out(out);
  return code;
}

int show_version(const CommandLine& line, Console& console) {
  console.out(line.json ? fmt::format("{{\"version\":\"{}\"}}\n", version)
                        : fmt::format("malleposte {}\n", version));
  return exit_code::done;
}

}  // namespace

int execute(const CommandLine& line, Console& console) {
  if (line.command == Command::version) return show_version(line, console);
  config::Sources sources = sources_of(line);
  const bool serves = line.command == Command::run || line.command == Command::check;
  // Asking for the machine's name may block in the resolver; the others do not need it.
  if (!serves) sources.machine_name = {};
  config::Loaded loaded = config::load(sources);
  switch (line.command) {
    case Command::run:
      return run(line, std::move(loaded), console);
    case Command::check:
      return check(line, loaded, console);
    case Command::properties:
      return show_properties(line, loaded, console);
    default:
      break;
  }
  if (!volume_is_known(loaded, console)) return exit_code::configuration;
  if (line.command == Command::spool_verify || line.command == Command::spool_dump)
    return inspect_spool(line, loaded.settings, console);
  return ask_server(line, loaded.settings, console);
}

}  // namespace malleposte::appliance
