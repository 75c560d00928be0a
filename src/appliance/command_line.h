// The command line as a value: argv in, a command or an answer with an exit code out. Nothing is
// done here. `--config`, `--set` and `--json` stand anywhere on the line.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "config/load.h"

namespace malleposte::appliance {

namespace exit_code {
inline constexpr int done = 0;
inline constexpr int failed = 1;
inline constexpr int usage = 2;
inline constexpr int configuration = 78;  // EX_CONFIG of sysexits.h
}  // namespace exit_code

enum class Command : std::uint8_t {
  run,
  check,
  properties,
  status,
  version,
  queue_list,
  queue_show,
  queue_flush,
  queue_hold,
  queue_release,
  queue_delete,
  queue_bounce,
  queue_undelete,
  queue_reroute,
  queue_lifetime,
  queue_ages,
  orders_list,
  orders_suspend,
  orders_bounce,
  orders_hold,
  orders_cancel,
  sites,
  why,
  route,
  test,
  dns_lookup,
  dns_flush,
  spool_verify,
  spool_dump,
  spool_export,
  spool_import,
};

// Which messages: all that match every field that is set. Durations as they were written.
struct QueueFilter {
  std::string sender, recipient, domain, site, state, older_than, younger_than, larger_than,
      smaller_than, reply, outcome_class;
  bool empty() const;
};

struct CommandLine {
  Command command{};
  std::string config;  // --config; "" not given
  std::vector<config::Assignment> set;
  bool json = false;
  bool markdown = false;  // properties
  bool yes = false;
  QueueFilter filter;
  std::vector<std::string> ids;
  std::optional<std::uint64_t> limit;  // not given: all
  std::string cursor;
  std::string directory;    // spool; "" that of volume_data
  std::string file;         // spool export, import; "" standard output
  std::string domain;       // dns lookup; queue ages, "" all
  std::string to;           // queue reroute, queue lifetime; "" as configured
  bool now = false;         // queue delete: for good
  std::string reason;       // of an operation or order
  std::string subject;      // why, route; the pattern of an order
  std::string lasting;      // how long an order stands; "" until it is cancelled
  std::uint64_t order = 0;  // orders cancel
  std::string client, helo, from, test_to, listener;  // test
};

// A line that ends here: help, version, or a usage error.
struct Answer {
  int code;
  std::string out, err;
};

Result<CommandLine, Answer> parse_command_line(std::vector<std::string> arguments);

}  // namespace malleposte::appliance
