#include <map>

#include "base/limits.h"
#include "checkers.h"
#include "machine.h"

namespace malleposte::sim {

std::size_t check_limits(Machine& machine, std::size_t sites_per_host,
                         std::size_t stranger_sessions, Findings& findings) {
  const auto over = [&](std::string_view what, std::size_t is, std::size_t limit) {
    if (is > limit) findings.add("limits", fmt::format("{}: {}, at most {}", what, is, limit));
  };
  over("sessions of one stranger", stranger_sessions, limits::sessions_per_stranger);
  if (!machine.running()) return 0;
  // One that says good bye has given its slot back.
  std::map<std::string, std::size_t> connections;
  std::size_t all = 0;
  for (const auto& open : machine.host().begun()) {
    if (open.last_words.ends_with("QUIT\r\n")) continue;
    ++all;
    ++connections[to_string(open.to)];
  }
  std::size_t most = 0;
  for (const auto& [host, count] : connections) {
    most = std::max(most, count);
    over("connections to " + host, count, sites_per_host * limits::connections_per_next_hop);
  }
  over("connections in all", all, limits::deliveries_in_all);
  over("leased messages", machine.engine().dispatcher().leased_messages(), limits::leased_messages);
  over("octets of read buffers", machine.engine().door().buffered_octets(),
       limits::session_buffers_octets);
  return most;
}

}  // namespace malleposte::sim
