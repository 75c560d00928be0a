// For tests: deliveries to the sites that MX records decide.
#pragma once

#include <string>
#include <vector>

#include "deliver/delivery_fixture.h"

namespace malleposte::deliver {

class SitesByMx : public Delivery {
 protected:
  SitesByMx() { world.settings.smart_relay.clear(); }

  FakeHost& host(const std::string& address) { return world.network.host(address + ":25"); }
  // Domains whose mail goes to this address, by the MX mx.<number>.
  FakeHost& provider(const std::vector<std::string>& domains, const std::string& number) {
    for (const auto& domain : domains) world.resolver.mx(domain, {{10, "mx." + number}});
    world.resolver.address("mx." + number, {"192.0.2." + number});
    return host("192.0.2." + number);
  }
  std::optional<SiteStatus> site(const std::string& domain) { return dispatcher->site_of(domain); }
  void limit(config::DestinationLimit limit) {
    world.settings.destination_limits_file = "limits.txt";
    world.settings.destination_limits.push_back(std::move(limit));
  }
  static auto refuse(std::string_view verb, std::string with) {
    return [verb, with](const std::string& line, const std::string&) -> std::optional<Say> {
      if (line.starts_with(verb)) return say(with);
      return std::nullopt;
    };
  }
};

}  // namespace malleposte::deliver
