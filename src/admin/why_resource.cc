#include "admin/why_resource.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <map>
#include <utility>

#include "admin/answer.h"
#include "admin/queue_filter.h"
#include "admin/site_json.h"
#include "base/limits.h"
#include "config/destination_limits.h"
#include "config/values.h"
#include "mail/address.h"

namespace malleposte::admin {
namespace {

namespace json = boost::json;

json::array texts(const std::vector<std::string>& clauses) {
  json::array list;
  for (const auto& clause : clauses) list.emplace_back(clause);
  return list;
}

}  // namespace

Outlook WhyResource::outlook(const std::string& domain, const std::string& next_hop) {
  if (next_hop.empty()) return {domain, sites_.rule(domain), sites_.of(domain)};
  Outlook rerouted{domain, next_hop + ", re-routed by the operator", {}};
  const auto parsed = config::parse_next_hops(next_hop);
  if (!parsed) return rerouted;
  const auto name = config::route_name(*parsed);
  for (auto& site : sites_.all())
    if (site.name == name) rerouted.site = std::move(site);
  return rerouted;
}

Circumstances WhyResource::circumstances() const {
  return {loop_.wall(), identity_.deliveries_suspended, identity_.queue_lifetime,
          spool::StandingOrders(store_.orders(), 0)};
}

Task<net::HttpResponse> WhyResource::get(const net::HttpRequest& request) {
  const bool one = request.query.size() == 1;
  const std::string name = one ? request.query.begin()->first : std::string();
  const std::string subject = one ? request.query.begin()->second : std::string();
  if (name != "id" && name != "address" && name != "domain")
    co_return error_answer(
        400, "Say what about: /api/v1/why?id=..., ?address=a@example.org or ?domain=example.org");
  const auto parsed = parse_filter_query({{name == "address" ? "recipient" : name, subject}});
  if (!parsed) co_return error_answer(parsed.error());
  const auto filter = parsed->filter;
  if (name == "address" && !mail::parse_address(filter.recipient))
    co_return error_answer(400, fmt::format("\"{}\" is no address.", subject.substr(0, 300)));
  const auto domain = name == "id" ? std::string() : domain_of(subject);

  const auto page = co_await store_.query(filter, "", limits::why_messages);
  if (!page) co_return error_answer(page.error());
  if (name == "id" && page->messages.empty())
    co_return error_answer(404, fmt::format("There is no message {} in the queue.", subject));

  std::map<std::pair<std::string, std::string>, Outlook> outlooks;  // by domain and next hop
  json::array messages;
  for (const auto& message : page->messages) {
    const auto attempts = co_await store_.attempts(message.id);
    const auto now = circumstances();
    json::array recipients;
    for (std::size_t i = 0; i < message.recipients.size(); ++i) {
      const auto& recipient = message.recipients[i];
      const auto of = domain_of(recipient.address);
      if (!domain.empty() && of != domain) continue;
      const std::pair way(of, message.next_hop);
      auto known = outlooks.find(way);
      if (known == outlooks.end())
        known = outlooks.emplace(way, outlook(of, message.next_hop)).first;
      const auto* made = attempts && i < attempts->size() ? &(*attempts)[i] : nullptr;
      const auto clauses = explain(message, recipient, made, known->second, now);
      recipients.push_back(
          json::object{{"address", recipient.address},
                       {"state", recipient.state},
                       {"text", sentence(clauses)},
                       {"clauses", texts(clauses)},
                       {"route", known->second.rule},
                       {"site", known->second.site ? json::value(known->second.site->name)
                                                   : json::value(nullptr)}});
    }
    messages.push_back(json::object{{"id", to_string(message.id)},
                                    {"sender", message.sender},
                                    {"recipients", std::move(recipients)}});
  }
  json::value destination = nullptr;
  if (name != "id") {
    const auto there = outlook(domain, {});
    const auto clauses = explain(there, circumstances());
    destination = json::object{{"domain", domain},
                               {"text", sentence(clauses)},
                               {"clauses", texts(clauses)},
                               {"route", there.rule},
                               {"site", site_json(there.site)}};
  }
  co_return json_answer(json::serialize(json::object{{"subject", subject},
                                                     {"total", page->total},
                                                     {"destination", std::move(destination)},
                                                     {"messages", std::move(messages)}}) +
                        "\n");
}

}  // namespace malleposte::admin
