#include "deliver/limit_table.h"

#include <fmt/format.h>

namespace malleposte::deliver {

LimitTable::LimitTable(const config::Settings& settings) {
  for (const auto& line : settings.destination_limits) {
    Limit limit;
    limit.limits.connections = line.connections.value_or(limit.limits.connections);
    limit.limits.messages = line.messages.value_or(limit.limits.messages);
    limit.limits.rate_per_second = line.rate_per_second.value_or(0);
    limit.backoff = line.backoff;
    limit.backoff_for = line.backoff_for.value_or(Duration{});
    limit.pattern = line.pattern;
    limit.rule =
        fmt::format("{} line {} ({})", settings.destination_limits_file, line.line, line.pattern);
    limits_.try_emplace(line.pattern, std::make_shared<const Limit>(std::move(limit)));
  }
}

std::shared_ptr<const Limit> LimitTable::of_pattern(const std::string& pattern) const {
  const auto found = limits_.find(pattern);
  return found == limits_.end() ? nullptr : found->second;
}

// The longest `prefix` + ".suffix" of the name, not the name itself.
std::shared_ptr<const Limit> LimitTable::below(std::string_view name,
                                               std::string_view prefix) const {
  for (auto dot = name.find('.', 1); dot != std::string_view::npos; dot = name.find('.', dot + 1))
    if (auto found = of_pattern(std::string(prefix) + std::string(name.substr(dot)))) return found;
  return nullptr;
}

std::shared_ptr<const Limit> LimitTable::of_domain(std::string_view domain) const {
  if (limits_.empty()) return nullptr;
  if (auto exact = of_pattern(std::string(domain))) return exact;
  return below(domain, "");
}

std::shared_ptr<const Limit> LimitTable::of_site(const std::string& route,
                                                 const std::vector<net::Mx>& hosts) const {
  if (limits_.empty()) return nullptr;
  if (!route.empty())
    if (auto found = of_pattern(route)) return found;
  for (const auto& host : hosts)
    if (auto exact = of_pattern("mx:" + host.host)) return exact;
  std::shared_ptr<const Limit> longest;
  for (const auto& host : hosts)
    if (auto found = below(host.host, "mx:*");
        found && (!longest || found->pattern.size() > longest->pattern.size()))
      longest = std::move(found);
  return longest ? longest : of_pattern("*");
}

}  // namespace malleposte::deliver
