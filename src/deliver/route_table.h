// Where mail for a domain goes: by a line of the routes file, else to smart_relay, else to the MX
// of the domain itself. Pure; made once from the settings.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "config/settings.h"

namespace malleposte::deliver {

// The way for one domain. Domains with the same plan share a site.
struct Plan {
  std::vector<config::NextHop> next_hops;  // tried in order; empty: there is no way
  // The next hop is the recipient's own domain: that it does not exist is the sender's mistake and
  // final. A configured next hop that does not work is the operator's to repair, and waits.
  bool own_domain = false;
  std::string rule;  // which rule decided, for people: "routes line 7 (.example.org)"
  std::string key;   // name of the site: the next hops as they are written
};

class RouteTable {
 public:
  explicit RouteTable(const config::Settings& settings);

  // `domain` is canonical; an address literal in brackets is its own next hop (RFC 5321 4.1.3),
  // but never a loopback address unless allow_loopback_mx.
  // The most specific pattern wins: the exact name, the longest ".suffix", "*".
  std::shared_ptr<const Plan> plan(std::string_view domain) const;

 private:
  std::unordered_map<std::string, std::shared_ptr<const Plan>> routes_;  // by pattern
  std::shared_ptr<const Plan> smart_relay_;                              // may be null
  bool allow_loopback_;
};

}  // namespace malleposte::deliver
