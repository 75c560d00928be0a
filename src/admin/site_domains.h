// The domains that share a site, as those who filter by site mean them. Loop thread only.
#pragma once

#include <string>
#include <vector>

#include "admin/sites.h"
#include "base/loop.h"
#include "base/result.h"
#include "base/task.h"
#include "spool/store.h"

namespace malleposte::admin {

// All domains with mail in the queue whose mail goes to this site now, canonical; never none, since
// a filter without domains means all mail: when none waits it is ".", which no mail has. Errors
// (Fault::peer): no site of that name is known. Each domain is asked for, with turns for others
// between them.
Task<Result<std::vector<std::string>>> site_domains(Loop& loop, const spool::Store& store,
                                                    Sites& sites, std::string name);

// Narrows the filter to the domains of the site that a request names; "" none. The filter must
// outlive the call.
Task<Result<void>> narrow_to_site(Loop& loop, const spool::Store& store, Sites& sites,
                                  std::string site, spool::Filter& filter);

}  // namespace malleposte::admin
