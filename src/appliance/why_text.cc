#include "appliance/why_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <vector>

#include "appliance/json_text.h"
#include "appliance/queue_text.h"
#include "appliance/way_text.h"

namespace malleposte::appliance {
namespace {

namespace json = boost::json;
using Lines = std::vector<std::vector<std::string>>;

// "normal", or the state with its reason and end.
std::string site_state(const json::object& site) {
  std::string line = text_of(site, "state");
  std::replace(line.begin(), line.end(), '_', ' ');
  if (auto until = text_of(site, "until"); !until.empty()) line += " until " + until;
  if (auto reason = text_of(site, "reason"); !reason.empty()) line += ": " + reason;
  return line;
}

std::string site_line(const json::object& site) {
  auto line = fmt::format("site {}: {}, window {} of {}", text_of(site, "name"), site_state(site),
                          text_of(site, "window"), text_of(site, "most"));
  if (const auto failures = number_of(site, "failures"); failures > 0)
    line += fmt::format(" after {} failure{}", failures, failures == 1 ? "" : "s");
  if (auto rule = text_of(site, "limits_rule"); !rule.empty()) line += ", limits: " + rule;
  return line + '\n';
}

std::string sender_text(const json::object& message) {
  const auto sender = text_of(message, "sender");
  return sender.empty() ? "<>" : sender;
}

}  // namespace

std::string why_text(const json::object& why) {
  std::string out;
  const auto messages = objects(why, "messages");
  if (const auto* destination = object_in(why, "destination")) {
    const auto total = number_of(why, "total");
    out += fmt::format("{}: {}; {}\n", text_of(why, "subject"),
                       total == 0   ? "nothing waits"
                       : total == 1 ? "1 message waits"
                                    : fmt::format("{} messages wait", total),
                       text_of(*destination, "text"));
  }
  for (const auto& message : messages) {
    out += fmt::format("{} from {}\n", text_of(message, "id"), sender_text(message));
    for (const auto& recipient : objects(message, "recipients"))
      out +=
          fmt::format("  {}\n    {}\n", text_of(recipient, "address"), text_of(recipient, "text"));
  }
  if (number_of(why, "total") > messages.size())
    out += fmt::format("{} more; `malleposte queue list` shows them.\n",
                       number_of(why, "total") - messages.size());
  return out;
}

std::string why_details(const json::object& why) {
  std::string out;
  for (const auto& message : objects(why, "messages"))
    for (const auto& recipient : objects(message, "recipients"))
      out += fmt::format("{:<13} {}: {}\n", "why", text_of(recipient, "address"),
                         text_of(recipient, "text"));
  return out;
}

std::string route_text(const json::object& route) {
  std::string out = way_text(route).text;
  if (const auto* site = object_in(route, "site")) out += site_line(*site);
  return out;
}

std::string rehearsal_text(const json::object& rehearsal) {
  std::string out;
  for (const auto& step : objects(rehearsal, "steps")) {
    out += text_of(step, "command") + '\n';
    for (const auto& reply : texts(step, "reply")) out += "  " + reply + '\n';
    for (const auto& why : texts(step, "because")) out += "    " + why + '\n';
  }
  if (!is_true(rehearsal, "accepted")) return out + "The message would be refused.\n";
  out += fmt::format("The message would be {} for {}.\n",
                     is_true(rehearsal, "held") ? "held" : "accepted",
                     text_of(rehearsal, "recipient"));
  for (const auto& order : texts(rehearsal, "orders")) out += "It would be " + order + ".\n";
  if (const auto* way = object_in(rehearsal, "way")) out += way_text(*way).text;
  if (const auto* site = object_in(rehearsal, "site")) out += site_line(*site);
  return out;
}

std::string sites_text(const json::object& sites) {
  Lines lines{{"SITE", "WAITING", "CONNECTIONS", "WINDOW", "FAILURES", "RULE", "STATE"}};
  for (const auto& site : objects(sites, "sites"))
    lines.push_back({text_of(site, "name"), text_of(site, "waiting"), text_of(site, "connections"),
                     fmt::format("{} of {}", text_of(site, "window"), text_of(site, "most")),
                     text_of(site, "failures"), text_of(site, "rule"), site_state(site)});
  return lines.size() == 1 ? "No site is known: nothing was tried for a while.\n" : columns(lines);
}

std::string orders_text(const json::object& orders, WallTime now) {
  Lines lines{{"ORDER", "KIND", "PATTERN", "GIVEN BY", "ENDS", "REASON"}};
  for (const auto& order : objects(orders, "orders")) {
    const auto until = text_of(order, "until");
    lines.push_back(
        {text_of(order, "number"), text_of(order, "kind"), text_of(order, "pattern"),
         text_of(order, "who"),
         until.empty() ? "when cancelled" : "in " + age_text(parse_rfc3339(until) - now),
         text_of(order, "reason")});
  }
  return lines.size() == 1 ? "No order stands.\n" : columns(lines);
}

std::string ages_text(const json::object& destinations) {
  const auto all = objects(destinations, "destinations");
  if (all.empty()) return "Nothing waits.\n";
  Lines lines{{"DOMAIN", "TOTAL"}};
  std::string last;
  for (const auto& end : texts(destinations, "age_ends")) {
    last = std::to_string(std::stoull("0" + end) / 60);
    lines[0].push_back(last);
  }
  lines[0].push_back(last + "+ min");
  for (const auto& destination : all) {
    lines.push_back({text_of(destination, "domain"), text_of(destination, "recipients")});
    for (auto& count : texts(destination, "by_age")) lines.back().push_back(std::move(count));
  }
  return columns(lines);
}

}  // namespace malleposte::appliance
