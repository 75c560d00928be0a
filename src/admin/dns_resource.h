// Names by HTTP: /api/v1/dns/lookup shows the way of mail to a domain, /api/v1/route beside it the
// site it shares, /api/v1/dns/flush forgets what was learnt of DNS. Loop thread only. Requests must
// outlive the call.
#pragma once

#include "admin/names.h"
#include "admin/sites.h"
#include "base/task.h"
#include "monitor/record.h"
#include "net/http.h"

namespace malleposte::admin {

class DnsResource {
 public:
  // `record` is told of every flush; may be null.
  DnsResource(Names& names, Sites& sites, monitor::Record* record)
      : names_(names), sites_(sites), record_(record) {}

  Task<net::HttpResponse> lookup(const net::HttpRequest& request);
  // The way of an address or a domain, with "site": what is known of it now, or null.
  Task<net::HttpResponse> route(const net::HttpRequest& request);
  net::HttpResponse flush(const net::HttpRequest& request);

 private:
  Names& names_;
  Sites& sites_;
  monitor::Record* record_;
};

}  // namespace malleposte::admin
