#include "deliver/route_table.h"

#include <fmt/format.h>

#include "base/ip_address.h"
#include "config/destination_limits.h"
#include "config/values.h"
#include "deliver/own_addresses.h"

namespace malleposte::deliver {
namespace {

std::shared_ptr<const Plan> make_plan(std::vector<config::NextHop> next_hops, bool own_domain,
                                      std::string rule) {
  Plan plan;
  if (next_hops.empty())
    plan.key = "nowhere: " + rule;
  else  // a domain itself is another site than the same name as a configured next hop
    plan.key = own_domain ? to_string(next_hops.front()) : config::route_name(next_hops);
  plan.next_hops = std::move(next_hops);
  plan.own_domain = own_domain;
  plan.rule = std::move(rule);
  return std::make_shared<const Plan>(std::move(plan));
}

std::shared_ptr<const Plan> mailbox_plan(const std::string& maildir, std::string rule) {
  Plan plan;
  plan.maildir = maildir;
  plan.rule = std::move(rule);
  plan.key = config::route_name(maildir);
  return std::make_shared<const Plan>(std::move(plan));
}

// "192.0.2.1" of "[192.0.2.1]", "2001:db8::1" of "[ipv6:2001:db8::1]".
std::string_view literal_address(std::string_view domain) {
  if (!domain.starts_with('[') || !domain.ends_with(']')) return {};
  auto inside = domain.substr(1, domain.size() - 2);
  if (inside.size() > 5 && (inside.starts_with("ipv6:") || inside.starts_with("IPv6:")))
    inside.remove_prefix(5);
  return inside;
}

}  // namespace

std::shared_ptr<const Plan> rerouted_plan(std::string_view next_hops) {
  auto parsed = config::parse_next_hops(next_hops);
  return make_plan(parsed ? std::move(*parsed) : std::vector<config::NextHop>{}, false,
                   "re-routed by the operator");
}

std::shared_ptr<const Plan> bounced_plan(std::uint64_t order, std::string_view reason) {
  auto plan = std::make_shared<Plan>();
  plan->own_domain = true;
  plan->rule = fmt::format("returned by the operator{}{}", reason.empty() ? "" : ": ", reason);
  plan->key = fmt::format("nowhere: order {}", order);
  plan->status = "5.7.1";
  plan->by_operator = true;
  return plan;
}

RouteTable::RouteTable(const config::Settings& settings)
    : allow_loopback_(settings.allow_loopback_mx) {
  for (const auto& route : settings.routes) {
    auto rule = fmt::format("{} line {} ({})", settings.routes_file, route.line, route.pattern);
    auto plan = route.maildir.empty() ? make_plan(route.next_hops, false, std::move(rule))
                                      : mailbox_plan(route.maildir, std::move(rule));
    into_mailboxes_ |= !route.maildir.empty();
    routes_.try_emplace(route.pattern, std::move(plan));  // the first of two equal patterns wins
  }
  if (!settings.smart_relay.empty())
    smart_relay_ = make_plan(settings.smart_relay, false, "smart_relay");
}

std::shared_ptr<const Plan> RouteTable::plan(std::string_view domain) const {
  if (!routes_.empty()) {
    auto found = routes_.find(std::string(domain));
    // ".example.org" is for subdomains of example.org, not for itself.
    for (auto dot = domain.find('.', 1); found == routes_.end() && dot != std::string_view::npos;
         dot = domain.find('.', dot + 1))
      found = routes_.find(std::string(domain.substr(dot)));
    if (found == routes_.end()) found = routes_.find("*");
    if (found != routes_.end()) return found->second;
  }
  if (smart_relay_) return smart_relay_;
  if (domain.empty()) return make_plan({}, true, "the address has no domain");
  if (auto address = literal_address(domain); !address.empty()) {
    if (!parse_ip(address)) return make_plan({}, true, "the address literal is no IP address");
    const auto ip = *parse_ip(address);
    // Unlike a next hop of the configuration it is anybody's to write.
    if ((is_loopback(ip) && !allow_loopback_) || is_nobodys(ip))
      return make_plan({}, true, "the address literal is no mail server's address");
    return make_plan({{std::string(address), 0, false}}, true, "address literal");
  }
  return make_plan({{std::string(domain), 0, true}}, true, "MX");
}

}  // namespace malleposte::deliver
