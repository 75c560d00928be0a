// What the API shows of the way out: routes, candidates and the resolver, asked as a delivery asks
// them. Changes nothing but what the resolver remembers. Loop thread; what it refers to outlives
// it.
#pragma once

#include "admin/names.h"
#include "base/loop.h"
#include "deliver/candidates.h"
#include "deliver/route_table.h"
#include "monitor/metrics.h"
#include "net/unbound_resolver.h"

namespace malleposte::appliance {

class Names final : public admin::Names {
 public:
  Names(Loop& loop, net::UnboundResolver& resolver, const config::Settings& settings,
        const deliver::OwnAddresses& own, const deliver::RouteTable& routes)
      : loop_(loop), resolver_(resolver), settings_(settings), own_(own), routes_(routes) {}

  Task<admin::Way> way(std::string domain) override;
  Result<void> flush() override { return resolver_.flush(); }

  void figures(monitor::Figures& into) const;

 private:
  Loop& loop_;
  net::UnboundResolver& resolver_;
  const config::Settings& settings_;
  const deliver::OwnAddresses& own_;
  const deliver::RouteTable& routes_;
};

}  // namespace malleposte::appliance
