// For unit tests: sites that are laid down.
#pragma once

#include <algorithm>

#include "admin/sites.h"

namespace malleposte::admin {

class FakeSites final : public Sites {
 public:
  std::vector<SiteView> sites;
  std::string rule_in_force = "MX";

  std::vector<SiteView> all() override { return sites; }
  std::optional<SiteView> of(std::string_view domain) override {
    for (const auto& site : sites)
      if (std::ranges::find(site.domains, domain) != site.domains.end()) return site;
    return std::nullopt;
  }
  std::string rule(std::string_view) override { return rule_in_force; }
};

}  // namespace malleposte::admin
