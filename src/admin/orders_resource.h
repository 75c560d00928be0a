// Standing orders by HTTP: /api/v1/orders. Each that is given or cancelled is answered when it is
// durable, and recorded with who did it. Loop thread only. Requests must outlive the call.
#pragma once

#include <string>

#include "base/loop.h"
#include "base/task.h"
#include "monitor/line_text.h"
#include "monitor/record.h"
#include "net/http.h"
#include "spool/store.h"

namespace malleposte::admin {

// {"number","kind","pattern","reason","who","given","until"}; until is null without an end.
void append_order(std::string& out, const spool::StandingOrder& order, monitor::ClockText& clock);

class OrdersResource {
 public:
  // `record` may be null.
  OrdersResource(Loop& loop, spool::Store& store, monitor::Record* record)
      : loop_(loop), store_(store), record_(record) {}

  // {"orders":[...]}, by number.
  net::HttpResponse list() const;
  // {"kind","pattern","reason","for"}; without `for` it stands until it is cancelled. {"number"}
  Task<net::HttpResponse> give(const net::HttpRequest& request);
  // {"cancelled":true}; 404 when there is no such order.
  Task<net::HttpResponse> cancel(const net::HttpRequest& request, std::string number);

 private:
  void note(const std::string& text);

  Loop& loop_;
  spool::Store& store_;
  monitor::Record* record_;
};

}  // namespace malleposte::admin
