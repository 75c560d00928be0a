// Hosts that could not be reached a short while ago: they are tried last, so that a dead first MX
// does not cost its time-out each time (RFC 5321 4.5.4.1 asks for such a list). Pure.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "deliver/back_off.h"
#include "deliver/candidates.h"

namespace malleposte::deliver {

class HostMemory {
 public:
  // Remembered for limits::dead_host_first, twice as long each time, at most dead_host_most; of
  // limits::hosts_remembered hosts.
  void failed(const net::Endpoint& host, SteadyTime now);
  void reached(const net::Endpoint& host);
  // Those that failed lately go behind all others; else the order stays.
  void put_last(std::vector<Target>& targets, SteadyTime now) const;

 private:
  std::map<std::string, BackOff> failing_;  // by address and port
};

}  // namespace malleposte::deliver
