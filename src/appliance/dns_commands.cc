#include "appliance/dns_commands.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

namespace malleposte::appliance {
namespace {

namespace json = boost::json;

const json::value* member(const json::object& object, std::string_view name) {
  return object.if_contains(json::string_view(name.data(), name.size()));
}

std::string text(const json::object& object, std::string_view name) {
  const auto* value = member(object, name);
  if (value == nullptr || value->is_null()) return {};
  return printable(value->is_string()
                       ? std::string(value->get_string().data(), value->get_string().size())
                       : json::serialize(*value));
}

std::vector<json::object> objects(const json::object& object, std::string_view name) {
  std::vector<json::object> all;
  if (const auto* list = member(object, name); list && list->is_array())
    for (const auto& value : list->get_array())
      if (value.is_object()) all.push_back(value.get_object());
  return all;
}

// What hinders, and what becomes of mail meanwhile; "" without a failure.
std::string failure_text(const json::object& of) {
  const auto* value = member(of, "failure");
  if (value == nullptr || !value->is_object()) return {};
  const auto& failure = value->get_object();
  const auto* permanent = member(failure, "permanent");
  return fmt::format("{} {}; mail {}\n", text(failure, "status"), text(failure, "text"),
                     permanent && permanent->is_bool() && permanent->get_bool()
                         ? "is returned to its sender"
                         : "waits");
}

// Lines of `cells`, columns as wide as they must be, the last one as it is.
std::string columns(const std::vector<std::vector<std::string>>& lines) {
  std::vector<std::size_t> widths;
  for (const auto& line : lines) {
    widths.resize(std::max(widths.size(), line.size()));
    for (std::size_t i = 0; i + 1 < line.size(); ++i)
      widths[i] = std::max(widths[i], line[i].size());
  }
  std::string out;
  for (const auto& line : lines) {
    std::string row;
    for (std::size_t i = 0; i < line.size(); ++i)
      row += fmt::format("{}{:<{}}", i == 0 ? "  " : "  ", line[i],
                         i + 1 < line.size() ? widths[i] : 0);
    out += row.substr(0, row.find_last_not_of(' ') + 1) + '\n';
  }
  return out;
}

std::string next_hop_text(const json::object& next_hop, bool alone) {
  std::string out;
  if (!alone) out += fmt::format("next hop {}\n", text(next_hop, "next_hop"));
  // Only MX records have one.
  const bool bracketed = text(next_hop, "next_hop").starts_with('[');
  const auto preference = [&](const json::object& host) {
    return bracketed ? std::string() : fmt::format("preference {}", text(host, "preference"));
  };
  std::vector<std::vector<std::string>> lines;
  for (const auto& host : objects(next_hop, "tried"))
    lines.push_back({fmt::format("{}.", lines.size() + 1), text(host, "address"),
                     text(host, "host"), preference(host)});
  out += columns(lines);
  out += failure_text(next_hop);
  lines.clear();
  for (const auto& host : objects(next_hop, "skipped"))
    lines.push_back(
        {text(host, "host"), text(host, "address"), preference(host), text(host, "why")});
  if (!lines.empty()) out += "not tried\n" + columns(lines);
  return out;
}

// The way, and whether there is one.
std::pair<std::string, bool> way_text(const json::object& way) {
  const auto next_hops = objects(way, "next_hops");
  auto out = fmt::format("{}: by {}", text(way, "domain"), text(way, "rule"));
  if (next_hops.size() == 1 && text(next_hops[0], "next_hop") != text(way, "domain"))
    out += ", next hop " + text(next_hops[0], "next_hop");
  out += '\n' + failure_text(way);
  bool tried = false;
  for (const auto& next_hop : next_hops) {
    out += next_hop_text(next_hop, next_hops.size() == 1);
    if (!objects(next_hop, "tried").empty()) tried = true;
  }
  return {out, tried};
}

}  // namespace

int execute_dns_command(const CommandLine& line, const ApiClient& api, Console& console) {
  const bool lookup = line.command == Command::dns_lookup;
  const auto answer =
      lookup ? api.get("dns/lookup", {{"domain", line.domain}}) : api.post("dns/flush", "{}");
  if (!answer) {
    console.err(printable(answer.error().text) + "\n");
    return exit_code::failed;
  }
  json::error_code error;
  const auto document = json::parse(*answer, error);
  if (error || !document.is_object()) {
    console.err("The server's answer is no JSON object.\n");
    return exit_code::failed;
  }
  if (!lookup) {
    console.out(line.json ? *answer : "What was learnt of DNS is forgotten.\n");
    return exit_code::done;
  }
  const auto [out, tried] = way_text(document.get_object());
  console.out(line.json ? *answer : out);
  return tried ? exit_code::done : exit_code::failed;
}

}  // namespace malleposte::appliance
