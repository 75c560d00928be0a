// The queue as one stream that goes out and comes back: /api/v1/queue/export and import, an mbox
// (admin/mbox.h). Mail flows meanwhile; a message at a time is in hand, a piece of it in memory.
// Loop thread only. Requests must outlive the call, as a caller that awaits it guarantees.
#pragma once

#include <memory>

#include "admin/sites.h"
#include "base/loop.h"
#include "base/task.h"
#include "monitor/record.h"
#include "net/http.h"
#include "spool/store.h"

namespace malleposte::admin {

// What is posted there may have any length (net::HttpListen::streamed).
inline constexpr const char* import_path = "/api/v1/queue/import";

class SpoolResource {
 public:
  // `record` is told of every export and import; may be null.
  SpoolResource(Loop& loop, spool::Store& store, Sites& sites, monitor::Record* record)
      : loop_(loop), store_(store), sites_(sites), record_(record) {}

  // Every message that matches and is still in the queue when its turn comes, oldest first. Behind
  // it stand two fields: X-Malleposte-Messages, and X-Malleposte-Unreadable, how many could not be
  // read and are left out.
  Task<net::HttpResponse> export_queue(const net::HttpRequest& request);
  // {"count","skipped"}: how many came back, durably, and how many were in the queue already. An
  // error says in which line of the mbox, and how many came back before it.
  Task<net::HttpResponse> import_queue(const net::HttpRequest& request);

 private:
  Loop& loop_;
  spool::Store& store_;
  Sites& sites_;
  monitor::Record* record_;
};

}  // namespace malleposte::admin
