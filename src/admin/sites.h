// What the API asks about sites, and cannot know itself (admin/ does not see deliver/): the
// appliance hands in an implementation. Loop thread only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace malleposte::admin {

// A next hop that domains share, and how it is doing.
struct SiteView {
  static constexpr std::size_t domains_shown = 100;

  std::string name;                  // its MX hosts, or the next hop as it is configured
  std::vector<std::string> domains;  // with mail, at most domains_shown
  std::string rule;                  // "routes.txt line 7 (.example.org)", "MX"
  unsigned window = 0;               // connections it may have now
  unsigned most = 0;                 // connections it may ever have
  unsigned connections = 0;          // in use
  std::size_t waiting = 0;           // messages taken in hand for it
  unsigned failures = 0;             // in a row
  std::string state = "normal";      // or "dead", "backing_off", "limited"
  std::string reason;                // of the state
  std::optional<WallTime> until;     // the state is looked at again
  std::string limits_rule;           // "destinations.txt line 3 (gmail.com)", "" none
};

class Sites {
 public:
  virtual ~Sites() = default;
  // Those that are known now: with mail in hand, or a little while ago.
  virtual std::vector<SiteView> all() = 0;
  // That of a canonical domain; empty: none is known now.
  virtual std::optional<SiteView> of(std::string_view domain) = 0;
  // What decides where mail for the domain goes, by the configuration in force.
  virtual std::string rule(std::string_view domain) = 0;
};

}  // namespace malleposte::admin
