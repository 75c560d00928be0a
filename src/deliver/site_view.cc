// How the sites are doing: the part of the dispatcher that shows it.
#include "base/limits.h"
#include "deliver/dispatcher.h"

namespace malleposte::deliver {

std::vector<SiteStatus> Dispatcher::sites() const {
  std::vector<SiteStatus> all;
  for (const auto& [key, site] : sites_) all.push_back(status_of(key, *site));
  return all;
}

std::optional<SiteStatus> Dispatcher::site_of(const std::string& domain) const {
  const auto found = sites_.find(with_.routes.plan(domain)->key);
  if (found == sites_.end()) return std::nullopt;
  return status_of(found->first, *found->second);
}

SiteStatus Dispatcher::status_of(const std::string& key, const Site& site) const {
  SiteStatus status;
  status.name = key.ends_with('=') ? key.substr(0, key.size() - 1) : key;
  status.rule = site.plan->rule;
  status.window = scheduler_.window(site.id);
  status.most = limits::connections_per_next_hop;
  status.connections = scheduler_.busy(site.id);
  status.waiting = scheduler_.waiting(site.id);
  return status;
}

std::string_view to_string(SiteStatus::State state) {
  constexpr std::string_view words[] = {"normal", "dead", "backing_off", "limited"};
  return words[static_cast<std::size_t>(state)];
}

}  // namespace malleposte::deliver
