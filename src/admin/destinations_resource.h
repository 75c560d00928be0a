// What waits, by where it goes, by HTTP: /api/v1/queue/destinations has the domains with the ages
// of their mail, /api/v1/sites the next hops that domains share. Loop thread only. Requests must
// outlive the call.
#pragma once

#include "admin/sites.h"
#include "base/task.h"
#include "net/http.h"
#include "spool/store.h"

namespace malleposte::admin {

class DestinationsResource {
 public:
  DestinationsResource(const spool::Store& store, Sites& sites) : store_(store), sites_(sites) {}

  // {"age_ends","destinations":[{"domain","recipients","oldest","by_age"}]}: those with most
  // recipients first. Takes `limit` (default 100) and `domain`, which asks for that one.
  Task<net::HttpResponse> destinations(const net::HttpRequest& request) const;
  // {"sites":[...]}, those with most messages in hand first.
  net::HttpResponse sites() const;

 private:
  const spool::Store& store_;
  Sites& sites_;
};

}  // namespace malleposte::admin
