#include "admin/dns_resource.h"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "admin/answer.h"
#include "admin/site_json.h"
#include "mail/address.h"

namespace malleposte::admin {
namespace {

namespace json = boost::json;

// What is a domain here is what is one behind the @ of a recipient; canonical, "" none.
std::string domain_behind(const std::string& text) {
  const auto recipient = mail::parse_address("postmaster@" + text);
  return recipient ? mail::canonical_domain(recipient->domain) : std::string();
}

// The value of the only parameter of a query; null: it has others, or none.
const std::string* only(const std::multimap<std::string, std::string>& query,
                        std::string_view name) {
  return query.size() == 1 && query.begin()->first == name ? &query.begin()->second : nullptr;
}

}  // namespace

Task<net::HttpResponse> DnsResource::lookup(const net::HttpRequest& request) {
  const auto* text = only(request.query, "domain");
  if (text == nullptr)
    co_return error_answer(400, "Say which domain: /api/v1/dns/lookup?domain=example.org");
  auto domain = domain_behind(*text);
  if (domain.empty())
    co_return error_answer(400, fmt::format("\"{}\" is no domain.", text->substr(0, 300)));
  co_return json_answer(json::serialize(way_json(co_await names_.way(std::move(domain)))) + "\n");
}

Task<net::HttpResponse> DnsResource::route(const net::HttpRequest& request) {
  const auto* text = only(request.query, "address");
  if (text == nullptr)
    co_return error_answer(400, "Say which address: /api/v1/route?address=a@example.org");
  const auto recipient = mail::parse_address(*text);
  const auto domain = text->find('@') == std::string::npos ? domain_behind(*text)
                      : recipient ? mail::canonical_domain(recipient->domain)
                                  : std::string();
  if (domain.empty())
    co_return error_answer(
        400, fmt::format("\"{}\" is no address and no domain.", text->substr(0, 300)));
  auto body = way_json(co_await names_.way(domain));
  body["site"] = site_json(sites_.of(domain));
  co_return json_answer(json::serialize(body) + "\n");
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
