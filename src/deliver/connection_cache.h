// Connections that wait for the next message to their site. The one used last is taken first; one
// that was not used for limits::cached_connection_idle is given back for closing. Loop thread.
#pragma once

#include <list>
#include <memory>
#include <unordered_map>
#include <vector>

#include "base/time.h"
#include "deliver/connection.h"
#include "queue/scheduler.h"

namespace malleposte::deliver {

class ConnectionCache {
 public:
  void keep(queue::SiteId site, std::unique_ptr<Connection> connection, SteadyTime now);
  // Null when there is none for the site.
  std::unique_ptr<Connection> take(queue::SiteId site);
  // The one that has waited longest, whoever's it is; null when it has not waited since `until` or
  // there is none.
  std::unique_ptr<Connection> take_oldest(SteadyTime until);

  std::size_t size() const { return entries_.size(); }
  bool has(queue::SiteId site) const { return by_site_.contains(site); }

 private:
  struct Entry {
    queue::SiteId site;
    std::unique_ptr<Connection> connection;
    SteadyTime since;
  };
  using Entries = std::list<Entry>;
  Entries entries_;                                                            // oldest first
  std::unordered_map<queue::SiteId, std::vector<Entries::iterator>> by_site_;  // oldest first
};

}  // namespace malleposte::deliver
