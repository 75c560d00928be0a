// What would happen to a message, by HTTP: /api/v1/test. The session is rehearsed by what the
// appliance hands in, then the way onwards is looked up; nothing is changed. Loop thread only.
// Requests must outlive the call.
#pragma once

#include <functional>

#include "admin/names.h"
#include "admin/sites.h"
#include "base/loop.h"
#include "base/task.h"
#include "net/http.h"
#include "policy/rehearsal.h"
#include "spool/store.h"

namespace malleposte::admin {

class RehearsalResource {
 public:
  using Rehearse = std::function<Task<policy::Rehearsal>(policy::Rehearsal::Question)>;

  RehearsalResource(Rehearse rehearse, spool::Store& store, Names& names, Sites& sites)
      : rehearse_(std::move(rehearse)), store_(store), names_(names), sites_(sites) {}

  // client, from and to; helo and listener may be left out. {"accepted","steps":[{"command",
  // "reply","taken","because"}],"sender","recipient","held","orders","way","site"}: the last four
  // say what follows for an accepted message, else they are empty or null.
  Task<net::HttpResponse> get(const net::HttpRequest& request);

 private:
  Rehearse rehearse_;
  spool::Store& store_;
  Names& names_;
  Sites& sites_;
};

}  // namespace malleposte::admin
