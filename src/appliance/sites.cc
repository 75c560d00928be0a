#include "appliance/sites.h"

namespace malleposte::appliance {
namespace {

admin::SiteView view(deliver::SiteStatus status) {
  admin::SiteView view;
  view.name = std::move(status.name);
  view.domains = std::move(status.domains);
  view.rule = std::move(status.rule);
  view.window = status.window;
  view.most = status.most;
  view.connections = status.connections;
  view.waiting = status.waiting;
  view.failures = status.failures;
  view.state = to_string(status.state);
  view.reason = std::move(status.reason);
  view.until = status.until;
  view.limits_rule = std::move(status.limits_rule);
  return view;
}

}  // namespace

std::vector<admin::SiteView> Sites::all() {
  std::vector<admin::SiteView> all;
  for (auto& status : dispatcher_.sites()) all.push_back(view(std::move(status)));
  return all;
}

std::optional<admin::SiteView> Sites::of(std::string_view domain) {
  auto status = dispatcher_.site_of(std::string(domain));
  if (!status) return std::nullopt;
  return view(std::move(*status));
}

}  // namespace malleposte::appliance
