// The queue by HTTP: /api/v1/queue/... Reads pages from the store and applies operations; an
// operation is answered when it is durable. Loop thread only. Requests must outlive the call, as a
// caller that awaits it guarantees.
#pragma once

#include <functional>
#include <string>
#include <utility>

#include "base/task.h"
#include "monitor/record.h"
#include "net/http.h"
#include "spool/store.h"

namespace malleposte::admin {

class QueueResource {
 public:
  // `record` is told of every operation; may be null.
  // `flushed` is called after a flush, when there is one.
  QueueResource(spool::Store& store, monitor::Record* record, std::function<void()> flushed)
      : store_(store), record_(record), flushed_(std::move(flushed)) {}

  // {"total","next","messages"}. At most limits::answer_messages in one answer, whatever the limit;
  // `next` continues.
  Task<net::HttpResponse> list(const net::HttpRequest& request);
  // One message, with all that is remembered of its attempts; 404 when it is not in the queue.
  Task<net::HttpResponse> one(std::string id);
  // {"count"}
  Task<net::HttpResponse> count(const net::HttpRequest& request);
  // {"count"}: how many messages it was applied to. `remove` and `bounce` of everything need
  // {"all":true}. With several ids, one that fails ends it; those before it are done.
  Task<net::HttpResponse> operate(spool::Operation operation, const net::HttpRequest& request);

 private:
  spool::Store& store_;
  monitor::Record* record_;
  std::function<void()> flushed_;
};

}  // namespace malleposte::admin
