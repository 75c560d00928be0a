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
  std::string line = text(site, "state");
  std::replace(line.begin(), line.end(), '_', ' ');
  if (auto until = text(site, "until"); !until.empty()) line += " until " + until;
  if (auto reason = text(site, "reason"); !reason.empty()) line += ": " + reason;
  return line;
}

std::string site_line(const json::object& site) {
  auto line = fmt::format("site {}: {}, window {} of {}", text(site, "name"), site_state(site),
                          text(site, "window"), text(site, "most"));
  if (number(site, "failures") > 0)
    line += fmt::format(" after {} failures", text(site, "failures"));
  if (auto rule = text(site, "limits_rule"); !rule.empty()) line += ", limits: " + rule;
  return line + '\n';
}

std::string sender_text(const json::object& message) {
  const auto sender = text(message, "sender");
  return sender.empty() ? "<>" : sender;
}

}  // namespace

std::string why_text(const json::object& why) {
  std::string out;
  const auto messages = objects(why, "messages");
  if (const auto* destination = object_in(why, "destination")) {
    const auto total = number(why, "total");
    out += fmt::format("{}: {}; {}\n", text(why, "subject"),
                       total == 0   ? "nothing waits"
                       : total == 1 ? "1 message waits"
                                    : fmt::format("{} messages wait", total),
                       text(*destination, "text"));
  }
  for (const auto& message : messages) {
    out += fmt::format("{} from {}\n", text(message, "id"), sender_text(message));
    for (const auto& recipient : objects(message, "recipients"))
      out += fmt::format("  {}\n    {}\n", text(recipient, "address"), text(recipient, "text"));
  }
  if (number(why, "total") > messages.size())
    out += fmt::format("{} more; `malleposte queue list` shows them.\n",
                       number(why, "total") - messages.size());
  return out;
}

std::string why_details(const json::object& why) {
  std::string out;
  for (const auto& message : objects(why, "messages"))
    for (const auto& recipient : objects(message, "recipients"))
      out += fmt::format("{:<13} {}: {}\n", "why", text(recipient, "address"),
                         text(recipient, "text"));
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
    out += text(step, "command") + '\n';
    for (const auto& reply : texts(step, "reply")) out += "  " + reply + '\n';
    for (const auto& why : texts(step, "because")) out += "    " + why + '\n';
  }
  if (!is_true(rehearsal, "accepted")) return out + "The message would be refused.\n";
  out +=
      fmt::format("The message would be {} for {}.\n",
                  is_true(rehearsal, "held") ? "held" : "accepted", text(rehearsal, "recipient"));
  for (const auto& order : texts(rehearsal, "orders")) out += "It would be " + order + ".\n";
  if (const auto* way = object_in(rehearsal, "way")) out += way_text(*way).text;
  if (const auto* site = object_in(rehearsal, "site")) out += site_line(*site);
  return out;
}

std::string sites_text(const json::object& sites) {
  Lines lines{{"SITE", "WAITING", "CONNECTIONS", "WINDOW", "FAILURES", "RULE", "STATE"}};
  for (const auto& site : objects(sites, "sites"))
    lines.push_back({text(site, "name"), text(site, "waiting"), text(site, "connections"),
                     fmt::format("{} of {}", text(site, "window"), text(site, "most")),
                     text(site, "failures"), text(site, "rule"), site_state(site)});
  return lines.size() == 1 ? "No site is known: nothing was tried for a while.\n" : columns(lines);
}

std::string orders_text(const json::object& orders, WallTime now) {
  Lines lines{{"ORDER", "KIND", "PATTERN", "GIVEN BY", "ENDS", "REASON"}};
  for (const auto& order : objects(orders, "orders")) {
    const auto until = text(order, "until");
    lines.push_back(
        {text(order, "number"), text(order, "kind"), text(order, "pattern"), text(order, "who"),
         until.empty() ? "when cancelled" : "in " + age_text(parse_rfc3339(until) - now),
         text(order, "reason")});
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
    lines.push_back({text(destination, "domain"), text(destination, "recipients")});
    for (auto& count : texts(destination, "by_age")) lines.back().push_back(std::move(count));
  }
  return columns(lines);
}

}  // namespace malleposte::appliance
