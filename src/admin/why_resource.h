// Why mail waits, by HTTP: /api/v1/why. Gathers what is known and has it put into words
// (admin/explanation.h). Loop thread only. Requests must outlive the call.
#pragma once

#include <string>

#include "admin/explanation.h"
#include "admin/status_resource.h"
#include "base/loop.h"
#include "base/task.h"
#include "net/http.h"
#include "spool/store.h"

namespace malleposte::admin {

class WhyResource {
 public:
  // `identity` has the settings in force.
  WhyResource(const Identity& identity, Loop& loop, spool::Store& store, Sites& sites)
      : identity_(identity), loop_(loop), store_(store), sites_(sites) {}

  // One of ?id=, ?address=, ?domain=. {"subject","total","destination","messages"}: `total`
  // messages wait, the oldest limits::why_messages of them are in `messages`, each with a `text`
  // for each recipient that is meant; `destination` is null for an id.
  Task<net::HttpResponse> get(const net::HttpRequest& request);

 private:
  // `next_hop`: where an operator has sent it; "" as the routes say.
  Outlook outlook(const std::string& domain, const std::string& next_hop);
  Circumstances circumstances() const;

  const Identity& identity_;
  Loop& loop_;
  spool::Store& store_;
  Sites& sites_;
};

}  // namespace malleposte::admin
