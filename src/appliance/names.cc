#include "appliance/names.h"

#include <fmt/format.h>

#include "base/limits.h"
#include "config/maildir_pattern.h"
#include "config/values.h"

namespace malleposte::appliance {
namespace {

admin::Way::NextHop shown(deliver::Candidates found, const deliver::Plan& plan) {
  admin::Way::NextHop next_hop;
  for (const auto& target : found.targets) {
    const auto address = net::to_string(target.endpoint);
    if (next_hop.tried.size() < limits::addresses_per_next_hop)
      next_hop.tried.push_back({target.preference, target.host, address, ""});
    else
      next_hop.skipped.push_back(
          {target.preference, target.host, address,
           fmt::format("more than {} addresses in one attempt", limits::addresses_per_next_hop)});
  }
  for (auto& skipped : found.skipped)
    next_hop.skipped.push_back({skipped.preference, std::move(skipped.host),
                                std::move(skipped.address), std::move(skipped.why)});
  if (found.failure)
    next_hop.failure = {found.failure->status, found.failure->text,
                        plan.own_domain && found.failure->verdict == smtp::Verdict::permanent};
  return next_hop;
}

}  // namespace

Task<admin::Way> Names::way(std::string domain) {
  admin::Way way;
  const auto plan = routes_.plan(domain);
  way.domain = std::move(domain);
  way.rule = plan->rule;
  if (!plan->maildir.empty())
    way.mailboxes = fmt::format("{}{}", config::maildir_prefix, plan->maildir);
  if (plan->nowhere()) way.failure = {"5.1.3", plan->rule, true};
  for (const auto& next_hop : plan->next_hops) {
    auto found = co_await deliver::find_candidates({loop_, resolver_, own_, settings_}, next_hop);
    way.next_hops.push_back(shown(std::move(found), *plan));
    way.next_hops.back().next_hop = config::to_string(next_hop);
  }
  co_return way;
}

void Names::figures(monitor::Figures& into) const {
  const auto counters = resolver_.counters();
  const auto number = [](auto value) { return static_cast<double>(value); };
  into.counter("malleposte_dns_questions_total", "Questions to DNS, those from the cache included",
               number(counters.asked));
  into.counter("malleposte_dns_failures_total",
               "Questions without an answer: SERVFAIL, time-out, not valid",
               number(counters.failed));
  into.gauge("malleposte_dns_lookups", "Questions on their way", number(counters.on_their_way));
  into.gauge("malleposte_dns_lookups_waiting", "Questions that wait for others to end",
             number(counters.waiting));
}

}  // namespace malleposte::appliance
