#include <map>

#include "base/limits.h"
#include "checkers.h"
#include "machine.h"

namespace malleposte::sim {

std::size_t check_limits(Machine& machine, const config::Settings& settings,
                         const std::map<std::string, std::string>& names,
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
    ++connections[open.to.address];
  }
  const auto sites = machine.engine().dispatcher().sites();
  for (const auto& site : sites) {
    over("connections of " + site.name, site.connections, site.most);
    over("the window of " + site.name, site.window, site.most);
    for (const auto& limit : settings.destination_limits)
      if (site.limits_rule.ends_with(fmt::format("line {} ({})", limit.line, limit.pattern)))
        over("connections by the limit of " + site.name, site.connections, *limit.connections);
    over("messages in hand for " + site.name, site.waiting, limits::leased_per_site + 500);
  }
  std::size_t most = 0;
  for (const auto& [address, count] : connections) {
    most = std::max(most, count);
    // Of the sites that may lead there; all but those named by their MX hosts may.
    std::size_t allowed = 0;
    for (const auto& site : sites)
      if (!site.name.starts_with("mx:") || site.name.find(names.at(address)) != std::string::npos)
        allowed += site.most;
    over("connections to " + names.at(address), count, allowed);
  }
  over("connections in all", all, limits::deliveries_in_all);
  over("leased messages", machine.engine().dispatcher().leased_messages(), limits::leased_messages);
  over("octets of read buffers", machine.engine().door().buffered_octets(),
       limits::session_buffers_octets);
  return most;
}

}  // namespace malleposte::sim
