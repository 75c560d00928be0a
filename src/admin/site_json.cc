#include "admin/site_json.h"

#include <boost/json.hpp>

#include "monitor/line_text.h"

namespace malleposte::admin {
namespace {

namespace json = boost::json;

json::value failure_json(const std::optional<Way::Failure>& failure) {
  if (!failure) return nullptr;
  return json::object{
      {"status", failure->status}, {"text", failure->text}, {"permanent", failure->permanent}};
}

json::array hosts_json(const std::vector<Way::Host>& hosts, bool skipped) {
  json::array list;
  for (const auto& host : hosts) {
    json::object one{
        {"preference", host.preference}, {"host", host.host}, {"address", host.address}};
    if (skipped) one["why"] = host.why;
    list.push_back(std::move(one));
  }
  return list;
}

json::value time_json(const std::optional<WallTime>& time) {
  if (!time) return nullptr;
  std::string text;
  monitor::ClockText().append_rfc3339(text, *time, 3);
  return json::string(text);
}

}  // namespace

json::object site_json(const SiteView& site) {
  json::array domains;
  for (const auto& domain : site.domains) domains.emplace_back(domain);
  return {{"name", site.name},
          {"domains", std::move(domains)},
          {"rule", site.rule},
          {"window", site.window},
          {"most", site.most},
          {"connections", site.connections},
          {"waiting", site.waiting},
          {"failures", site.failures},
          {"state", site.state},
          {"reason", site.reason},
          {"until", time_json(site.until)},
          {"limits_rule", site.limits_rule}};
}

json::value site_json(const std::optional<SiteView>& site) {
  if (!site) return nullptr;
  return site_json(*site);
}

json::object way_json(const Way& way) {
  json::array next_hops;
  for (const auto& next_hop : way.next_hops)
    next_hops.push_back(json::object{{"next_hop", next_hop.next_hop},
                                     {"tried", hosts_json(next_hop.tried, false)},
                                     {"skipped", hosts_json(next_hop.skipped, true)},
                                     {"failure", failure_json(next_hop.failure)}});
  return {{"domain", way.domain},
          {"rule", way.rule},
          {"next_hops", std::move(next_hops)},
          {"mailboxes", way.mailboxes},
          {"failure", failure_json(way.failure)}};
}

}  // namespace malleposte::admin
