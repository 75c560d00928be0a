// A site as delivery sees it: where it is, how much it may be given, and what was learnt about it.
// Which domains share one is the business of deliver/sites.h.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>

#include "base/limits.h"
#include "deliver/back_off.h"
#include "deliver/connector.h"
#include "deliver/limit_table.h"
#include "deliver/paused_domains.h"
#include "deliver/route_table.h"
#include "deliver/site_status.h"
#include "net/resolver.h"
#include "queue/scheduler.h"

namespace malleposte::deliver {

struct Site {
  queue::SiteId id = 0;
  std::string name;                  // no other site has it
  std::shared_ptr<const Plan> plan;  // of the domain that came first
  // What DNS says of the MX of its domains, where those decide; the hosts are the same for all.
  std::optional<net::MxAnswer> mx;
  std::string apart;                   // the pattern of limits that makes its domains a site; or ""
  std::shared_ptr<const Limit> limit;  // null: the usual

  unsigned working = 0;  // carriers with a connection
  unsigned ending = 0;   // jobs that come to their end without one
  // How often in a row a connection ended that had commands behind the final dot. A host that takes
  // none there, or closes after each message, is soon spared them; one that closes now and then is
  // not.
  unsigned lookaheads_lost = 0;
  bool chunking_broken = false;  // a host offers CHUNKING and does not know BDAT
  static constexpr unsigned lookaheads_lost_max = 3;

  // How it is doing. While it is closed nothing is given to it, and its mail waits in the store.
  SiteStatus::State state = SiteStatus::State::normal;
  Unreachable said;  // why it is in this state
  BackOff back_off{limits::back_off_first, limits::back_off_most};
  SteadyTime dead_until{};        // when it may be probed
  std::set<std::string> domains;  // that go to it, at most limits::domains_told
  PausedDomains paused;
  SteadyTime last_used{};

  SteadyTime closed_until() const { return std::max(back_off.until(), dead_until); }
  bool closed(SteadyTime now) const { return now < closed_until(); }
  const std::vector<std::string>& phrases() const {
    static const std::vector<std::string> none;
    return limit ? limit->backoff : none;
  }
};

// The name of the site of all domains that have these MX hosts: "mx:a.example,b.example/c.example",
// those that are tried first first, "," between equals. No null MX among them. Pure.
std::string mx_site_name(std::vector<net::Mx> hosts);

}  // namespace malleposte::deliver
