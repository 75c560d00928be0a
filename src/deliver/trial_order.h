// In which order hosts and addresses are tried (RFC 5321 5.1). Pure.
#pragma once

#include <string>
#include <vector>

#include "base/loop.h"
#include "net/resolver.h"

namespace malleposte::deliver {

// By preference, equal ones in random order.
void put_in_order(std::vector<net::Mx>& records, Loop& loop);

struct HostAddress {
  std::size_t host;  // index into `hosts`
  std::string address;
};

// The addresses of hosts of one preference: the hosts take turns, IPv6 and IPv4 take turns, IPv6
// first, so that neither a dead host nor a family that leads nowhere stands before all others. The
// order of the hosts, and of the addresses of a family of each host, stays.
std::vector<HostAddress> take_turns(const std::vector<std::vector<std::string>>& hosts);

}  // namespace malleposte::deliver
