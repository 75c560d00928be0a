// How a site is doing, for people: what `malleposte why` and the list of sites tell. Values only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace malleposte::deliver {

struct SiteStatus {
  enum class State : std::uint8_t {
    normal,
    dead,         // cannot be reached; one cautious probe at a time
    backing_off,  // asked us to be slow: see reason, until
    limited,      // waits for its rate (limits file)
  };

  std::string name;                  // its MX hosts, or the next hop as it is configured
  std::vector<std::string> domains;  // those with mail that share it, at most 100
  std::string rule;                  // that decided: "routes.txt line 7 (.example.org)", "MX"
  unsigned window = 0;               // connections it may have now
  unsigned most = 0;                 // connections it may ever have
  unsigned connections = 0;          // in use
  std::size_t waiting = 0;           // messages leased for it
  unsigned failures = 0;             // in a row
  State state = State::normal;
  std::string reason;             // of the state: what it said, and what was learnt of it
  std::optional<WallTime> until;  // the state is looked at again
  std::string limits_rule;        // "destinations.txt line 3 (gmail.com)", "" none
};
std::string_view to_string(SiteStatus::State state);

}  // namespace malleposte::deliver
