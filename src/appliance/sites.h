// What the API shows of sites: the dispatcher's, with the routes in force. Loop thread; what it
// refers to outlives it.
#pragma once

#include "admin/sites.h"
#include "deliver/dispatcher.h"
#include "deliver/route_table.h"

namespace malleposte::appliance {

class Sites final : public admin::Sites {
 public:
  Sites(deliver::Dispatcher& dispatcher, const deliver::RouteTable& routes)
      : dispatcher_(dispatcher), routes_(routes) {}

  std::vector<admin::SiteView> all() override;
  std::optional<admin::SiteView> of(std::string_view domain) override;
  std::string rule(std::string_view domain) override { return routes_.plan(domain)->rule; }

 private:
  deliver::Dispatcher& dispatcher_;
  const deliver::RouteTable& routes_;
};

}  // namespace malleposte::appliance
