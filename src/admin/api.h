// The HTTP API: one router for the control socket and for ui_port. A net::HttpHandler is made of it
// by `[&](net::HttpRequest request) { return api.handle(std::move(request)); }`. Loop thread only;
// requests may overlap. It knows nothing of sockets: a request in, an answer out.
//
// docs/manual/api.md describes it for people, /api/v1/openapi.json for programs.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "admin/access.h"
#include "admin/destinations_resource.h"
#include "admin/dns_resource.h"
#include "admin/orders_resource.h"
#include "admin/queue_resource.h"
#include "admin/rehearsal_resource.h"
#include "admin/spool_resource.h"
#include "admin/status_resource.h"
#include "admin/why_resource.h"
#include "base/loop.h"
#include "base/task.h"
#include "monitor/metrics.h"
#include "monitor/notices.h"
#include "monitor/queue_times.h"
#include "monitor/record.h"
#include "net/http.h"
#include "spool/store.h"

namespace malleposte::admin {

class Api {
 public:
  struct Options {
    Identity identity;
    std::string username;  // "" nobody logs in and nothing changes at ui_port
    std::string password;
  };
  // What it shows; everything outlives the Api. `record` may be null.
  struct Parts {
    Loop& loop;
    spool::Store& store;
    const monitor::Metrics& metrics;
    const monitor::Notices& notices;
    monitor::Record* record;
    StatusResource::Listeners listeners;
    Names& names;
    Sites& sites;
    RehearsalResource::Rehearse rehearse;
    const monitor::QueueTimes& queue_times;
  };

  Api(Options options, Parts parts);
  Api(const Api&) = delete;
  Api& operator=(const Api&) = delete;

  // After a reload.
  void reload(bool deliveries_suspended, Duration queue_lifetime) {
    options_.identity.deliveries_suspended = deliveries_suspended;
    options_.identity.queue_lifetime = queue_lifetime;
  }

  // Always answers; errors are {"error":"..."} with 400, 401, 403, 404, 405, 409, 413, 415 or 500.
  Task<net::HttpResponse> handle(net::HttpRequest request);

  struct Route {
    std::string_view method;
    std::string_view path;  // "/api/v1/queue/messages/{id}"
  };
  // All of them, for the test of the description.
  static std::vector<Route> routes();

 private:
  struct Entry;
  static const std::vector<Entry>& table();
  template <spool::Operation operation>
  static Task<net::HttpResponse> operate(Api& api, const net::HttpRequest& request, std::string);
  Task<net::HttpResponse> answer(net::HttpRequest& request);
  net::HttpResponse metrics() const;
  net::HttpResponse front_page() const;

  Options options_;
  Parts parts_;
  Access access_;
  QueueResource queue_;
  SpoolResource spool_;
  StatusResource status_;
  DnsResource dns_;
  OrdersResource orders_;
  DestinationsResource destinations_;
  WhyResource why_;
  RehearsalResource rehearsal_;
};

}  // namespace malleposte::admin
