#include "deliver/connection_cache.h"

#include <cassert>

namespace malleposte::deliver {

void ConnectionCache::keep(queue::SiteId site, std::unique_ptr<Connection> connection,
                           SteadyTime now) {
  entries_.push_back({site, std::move(connection), now});
  by_site_[site].push_back(std::prev(entries_.end()));
}

std::unique_ptr<Connection> ConnectionCache::take(queue::SiteId site) {
  auto found = by_site_.find(site);
  if (found == by_site_.end()) return nullptr;
  auto entry = found->second.back();
  found->second.pop_back();
  if (found->second.empty()) by_site_.erase(found);
  auto connection = std::move(entry->connection);
  entries_.erase(entry);
  return connection;
}

std::unique_ptr<Connection> ConnectionCache::take_oldest(SteadyTime until) {
  if (entries_.empty() || entries_.front().since > until) return nullptr;
  auto found = by_site_.find(entries_.front().site);
  assert(found != by_site_.end() && found->second.front() == entries_.begin());
  found->second.erase(found->second.begin());
  if (found->second.empty()) by_site_.erase(found);
  auto connection = std::move(entries_.front().connection);
  entries_.pop_front();
  return connection;
}

}  // namespace malleposte::deliver
