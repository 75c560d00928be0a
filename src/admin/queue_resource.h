// The queue by HTTP: /api/v1/queue/... Reads pages from the store and applies operations; an
// operation is answered when it is durable. Loop thread only. Requests must outlive the call, as a
// caller that awaits it guarantees.
#pragma once

#include <string>

#include "admin/queue_filter.h"
#include "admin/sites.h"
#include "base/loop.h"
#include "base/task.h"
#include "monitor/record.h"
#include "net/http.h"
#include "spool/store.h"

namespace malleposte::admin {

class QueueResource {
 public:
  // `record` is told of every operation; may be null.
  QueueResource(Loop& loop, spool::Store& store, Sites& sites, monitor::Record* record)
      : loop_(loop), store_(store), sites_(sites), record_(record) {}

  // {"total","next","messages"}. At most limits::answer_messages in one answer, whatever the limit;
  // `next` continues.
  Task<net::HttpResponse> list(const net::HttpRequest& request);
  // One message, with all that is remembered of its attempts; 404 when it is not in the queue.
  Task<net::HttpResponse> one(std::string id);
  // {"count"}
  Task<net::HttpResponse> count(const net::HttpRequest& request);
  // {"count"}: how many messages it was applied to. Of everything, what cannot be taken back needs
  // {"all":true}. With several ids, one that fails ends it; those before it are done.
  Task<net::HttpResponse> operate(spool::Operation operation, const net::HttpRequest& request);

 private:
  Loop& loop_;
  spool::Store& store_;
  Sites& sites_;
  monitor::Record* record_;
};

}  // namespace malleposte::admin
