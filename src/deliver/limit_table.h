// Which line of the file `destination_limits` holds for a site. The most specific wins: the domain
// itself or the route, the longest ".suffix" of the domain, the MX host itself, the longest "*."
// suffix of one of the hosts, "*". A line holds as a whole: what it does not say is as without any.
// Pure; made once from the settings.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "config/settings.h"
#include "net/resolver.h"
#include "queue/site_limits.h"

namespace malleposte::deliver {

struct Limit {
  queue::SiteLimits limits;
  std::vector<std::string> backoff;  // phrases by which its hosts ask for less, in lower case
  Duration backoff_for{};            // the first pause; 0: the usual
  std::string pattern;
  std::string rule;  // which line, for people: "destinations.txt line 3 (gmail.com)"
};

class LimitTable {
 public:
  explicit LimitTable(const config::Settings& settings);

  // Each returns null when no line holds. A line that names domains makes those domains sites of
  // their own, apart from others with the same hosts.
  std::shared_ptr<const Limit> of_domain(std::string_view domain) const;
  std::shared_ptr<const Limit> of_pattern(const std::string& pattern) const;
  // `hosts`: of the site, empty for a route; `route`: its name ("route:..."), else "".
  std::shared_ptr<const Limit> of_site(const std::string& route,
                                       const std::vector<net::Mx>& hosts) const;

 private:
  std::shared_ptr<const Limit> below(std::string_view name, std::string_view prefix) const;

  std::unordered_map<std::string, std::shared_ptr<const Limit>> limits_;  // by pattern
};

}  // namespace malleposte::deliver
