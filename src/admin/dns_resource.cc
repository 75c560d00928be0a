#include "admin/dns_resource.h"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "admin/answer.h"
#include "mail/address.h"

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
          {"failure", failure_json(way.failure)}};
}

}  // namespace

Task<net::HttpResponse> DnsResource::lookup(const net::HttpRequest& request) {
  if (request.query.size() != 1 || request.query.begin()->first != "domain")
    co_return error_answer(400, "Say which domain: /api/v1/dns/lookup?domain=example.org");
  // What is a domain here is what is one behind the @ of a recipient.
  const auto& text = request.query.begin()->second;
  const auto recipient = mail::parse_address("postmaster@" + text);
  if (!recipient || recipient->domain.empty())
    co_return error_answer(400, fmt::format("\"{}\" is no domain.", text.substr(0, 300)));
  const auto way = co_await names_.way(mail::canonical_domain(recipient->domain));
  co_return json_answer(json::serialize(way_json(way)) + "\n");
}

net::HttpResponse DnsResource::flush(const net::HttpRequest& request) {
  if (!request.query.empty() || (!request.body.empty() && request.body != "{}"))
    return error_answer(400, "The cache is forgotten as a whole: there is nothing to choose.");
  const auto flushed = names_.flush();
  if (record_ != nullptr)
    record_->event("log", flushed ? monitor::Severity::info : monitor::Severity::warning,
                   fmt::format("dns flush by {}{}{}", request.peer, flushed ? "" : ": ",
                               flushed ? "" : flushed.error().text));
  if (!flushed) return error_answer(flushed.error());
  return json_answer("{\"flushed\":true}\n");
}

}  // namespace malleposte::admin
