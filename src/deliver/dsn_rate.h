// How many DSNs an address was sent lately, and from when on they are gathered instead: a sender
// all of whose mail fails gets the first ones at once and the rest once an hour in a report. Kept
// in memory only: after a start everybody may have the first ones again. Pure; loop thread.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <unordered_map>

#include "base/time.h"

namespace malleposte::deliver {

class DsnRate {
 public:
  // Counts one more DSN to the address. Empty: it goes at once. Else it is gathered until then: the
  // hour that began with the first one is over.
  std::optional<WallTime> count(const std::string& address, WallTime now);

  std::size_t addresses() const { return hours_.size(); }

 private:
  struct Hour {
    WallTime begun;
    unsigned dsns;
  };
  std::unordered_map<std::string, Hour> hours_;         // by address, lower case
  std::deque<std::pair<WallTime, std::string>> order_;  // as they began, so that the oldest can go
};

}  // namespace malleposte::deliver
