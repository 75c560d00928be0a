#include "appliance/way_text.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <vector>

#include "appliance/json_text.h"

namespace malleposte::appliance {
namespace {

namespace json = boost::json;

// What hinders, and what becomes of mail meanwhile; "" without a failure.
std::string failure_text(const json::object& of) {
  const auto* failure = object_in(of, "failure");
  if (failure == nullptr) return {};
  return fmt::format("{} {}; mail {}\n", text_of(*failure, "status"), text_of(*failure, "text"),
                     is_true(*failure, "permanent") ? "is returned to its sender" : "waits");
}

std::string next_hop_text(const json::object& next_hop, bool alone) {
  std::string out;
  if (!alone) out += fmt::format("next hop {}\n", text_of(next_hop, "next_hop"));
  // Only MX records have one.
  const bool bracketed = text_of(next_hop, "next_hop").starts_with('[');
  const auto preference = [&](const json::object& host) {
    return bracketed ? std::string() : fmt::format("preference {}", text_of(host, "preference"));
  };
  std::vector<std::vector<std::string>> lines;
  for (const auto& host : objects(next_hop, "tried"))
    lines.push_back({fmt::format("{}.", lines.size() + 1), text_of(host, "address"),
                     text_of(host, "host"), preference(host)});
  out += columns(lines);
  out += failure_text(next_hop);
  lines.clear();
  for (const auto& host : objects(next_hop, "skipped"))
    lines.push_back(
        {text_of(host, "host"), text_of(host, "address"), preference(host), text_of(host, "why")});
  if (!lines.empty()) out += "not tried\n" + columns(lines);
  return out;
}

}  // namespace

WayText way_text(const json::object& way) {
  const auto next_hops = objects(way, "next_hops");
  auto out = fmt::format("{}: by {}", text_of(way, "domain"), text_of(way, "rule"));
  if (next_hops.size() == 1 && text_of(next_hops[0], "next_hop") != text_of(way, "domain"))
    out += ", next hop " + text_of(next_hops[0], "next_hop");
  const auto mailboxes = text_of(way, "mailboxes");
  if (!mailboxes.empty()) out += ", into " + mailboxes;
  out += '\n' + failure_text(way);
  bool tried = !mailboxes.empty();
  for (const auto& next_hop : next_hops) {
    out += next_hop_text(next_hop, next_hops.size() == 1);
    if (!objects(next_hop, "tried").empty()) tried = true;
  }
  return {out, tried};
}

}  // namespace malleposte::appliance
