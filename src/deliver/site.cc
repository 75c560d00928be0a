#include "deliver/site.h"

#include <algorithm>
#include <tuple>

#include "mail/address.h"

namespace malleposte::deliver {

std::string_view to_string(SiteStatus::State state) {
  switch (state) {
    case SiteStatus::State::normal:
      return "normal";
    case SiteStatus::State::dead:
      return "dead";
    case SiteStatus::State::backing_off:
      return "backing_off";
    case SiteStatus::State::limited:
      return "limited";
  }
  return "";
}

std::string mx_site_name(std::vector<net::Mx> hosts) {
  for (auto& host : hosts) host.host = mail::canonical_domain(host.host);
  const auto order = [](const net::Mx& host) { return std::tie(host.preference, host.host); };
  std::sort(hosts.begin(), hosts.end(),
            [&](const auto& a, const auto& b) { return order(a) < order(b); });
  std::string name = "mx:";
  for (std::size_t i = 0; i < hosts.size(); ++i) {
    if (i > 0 && order(hosts[i]) == order(hosts[i - 1])) continue;
    if (i > 0) name += hosts[i].preference == hosts[i - 1].preference ? ',' : '/';
    name += hosts[i].host;
  }
  return name;
}

}  // namespace malleposte::deliver
