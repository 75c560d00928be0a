#include "admin/destinations_resource.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>
#include <cstdint>
#include <optional>

#include "admin/answer.h"
#include "admin/explanation.h"
#include "admin/site_json.h"
#include "base/limits.h"
#include "monitor/line_text.h"

namespace malleposte::admin {
namespace {

namespace json = boost::json;
using spool::Destination;

void append_destination(std::string& out, const Destination& destination,
                        monitor::ClockText& clock) {
  out += "{\"domain\":";
  monitor::append_json(out, destination.domain);
  out += ",\"recipients\":";
  monitor::append_number(out, destination.recipients);
  out += ",\"oldest\":\"";
  clock.append_rfc3339(out, destination.oldest, 3);
  out += "\",\"by_age\":[";
  for (std::size_t i = 0; i < Destination::ages; ++i) {
    if (i > 0) out += ',';
    monitor::append_number(out, destination.by_age[i]);
  }
  out += "]}";
}

}  // namespace

Task<net::HttpResponse> DestinationsResource::destinations(const net::HttpRequest& request) const {
  std::size_t most = 100;
  std::optional<std::string> domain;
  for (const auto& [name, value] : request.query) {
    if (name == "domain" && !value.empty()) {
      domain = domain_of(value);
      continue;
    }
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), most);
    if (name != "limit" || error != std::errc() || end != value.data() + value.size())
      co_return error_answer(400, "The query may have limit, a number of domains, and domain, and nothing else.");
  }
  // One of them may be anywhere in the order.
  auto all =
      co_await store_.destinations(domain ? SIZE_MAX : std::min(most, limits::answer_messages));
  if (domain) std::erase_if(all, [&](const auto& one) { return one.domain != *domain; });
  std::string body = "{\"age_ends\":[";
  for (std::size_t i = 0; i + 1 < Destination::ages; ++i) {
    if (i > 0) body += ',';
    monitor::append_number(
        body,
        static_cast<std::uint64_t>(
            std::chrono::duration_cast<std::chrono::seconds>(Destination::age_end(i)).count()));
  }
  body += "],\"destinations\":[";
  monitor::ClockText clock;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (i > 0) body += ',';
    append_destination(body, all[i], clock);
  }
  co_return json_answer(body + "]}\n");
}

net::HttpResponse DestinationsResource::sites() const {
  auto all = sites_.all();
  std::ranges::sort(all, [](const SiteView& a, const SiteView& b) {
    return a.waiting != b.waiting ? a.waiting > b.waiting : a.name < b.name;
  });
  json::array list;
  for (const auto& site : all) list.push_back(site_json(site));
  return json_answer(json::serialize(json::object{{"sites", std::move(list)}}) + "\n");
}

}  // namespace malleposte::admin
