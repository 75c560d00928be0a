#include "config/destination_limits.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/ascii.h"
#include "base/limits.h"
#include "config/maildir_pattern.h"
#include "config/values.h"

namespace malleposte::config {
namespace {

constexpr unsigned most_messages = 100'000;       // over one connection
constexpr std::uint64_t most_rate = 100'000'000;  // in whatever time

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r';
}

// The next word of a line, up to a blank outside of quotes, or to a comment; "" at the end.
std::string_view take_word(std::string_view& line) {
  while (!line.empty() && is_blank(line.front())) line.remove_prefix(1);
  if (line.starts_with('#')) line = {};
  std::size_t end = 0;
  for (bool quoted = false; end < line.size() && (quoted || !is_blank(line[end])); ++end)
    if (line[end] == '"') quoted = !quoted;
  const auto word = line.substr(0, end);
  line.remove_prefix(end);
  return word;
}

std::optional<std::uint64_t> number(std::string_view text, std::uint64_t most) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < 1 || value > most)
    return std::nullopt;
  return value;
}

// "100/h" in messages a second.
std::optional<double> rate(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto count = number(text.substr(0, slash), most_rate);
  const auto unit = text.substr(slash + 1);
  if (!count) return std::nullopt;
  if (unit == "s") return static_cast<double>(*count);
  if (unit == "min") return static_cast<double>(*count) / 60;
  if (unit == "h") return static_cast<double>(*count) / 3600;
  return std::nullopt;
}

// As it is compared: in canonical spelling. The error is what follows the pattern in a sentence.
Parsed<std::string> canonical_pattern(std::string_view text) {
  if (text == "*") return std::string(text);
  if (text.starts_with("route:maildir:")) {
    auto maildir = parse_maildir(text.substr(6));
    if (!maildir) return tl::make_unexpected(std::move(maildir.error()));
    return route_name(std::string_view(*maildir));
  }
  if (text.starts_with("route:")) {
    auto next_hops = parse_next_hops(text.substr(6));
    if (!next_hops) return tl::make_unexpected(std::move(next_hops.error()));
    if (next_hops->empty()) return tl::make_unexpected(std::string("names no next hop"));
    return route_name(*next_hops);
  }
  if (text.starts_with("mx:")) {
    const bool below = text.substr(3).starts_with("*.");
    auto host = parse_domain(text.substr(below ? 5 : 3));
    if (!host) return tl::make_unexpected(std::move(host.error()));
    return (below ? "mx:*." : "mx:") + *host;
  }
  auto domain = parse_domain_pattern(text);
  if (!domain) return tl::make_unexpected(std::move(domain.error()));
  return *domain;
}

// Takes one `key=value` into the line; says what is wrong with it.
std::optional<std::string> take_key(std::string_view word, DestinationLimit& into) {
  const auto equals = std::min(word.find('='), word.size());
  const auto key = word.substr(0, equals);
  auto value = word.substr(std::min(equals + 1, word.size()));
  const auto wrong = [&](std::string_view allowed) {
    return fmt::format("\"{}\": {} is {}", word, key, allowed);
  };
  const bool again =
      (key == "connections" && into.connections) || (key == "messages" && into.messages) ||
      (key == "rate" && into.rate_per_second) || (key == "backoff_for" && into.backoff_for);
  if (again) return fmt::format("{} is given twice", key);
  if (key == "connections") {
    const auto count = number(value, limits::deliveries_in_all);
    if (!count) return wrong(fmt::format("a number from 1 to {}", limits::deliveries_in_all));
    into.connections = static_cast<unsigned>(*count);
  } else if (key == "messages") {
    const auto count = number(value, most_messages);
    if (!count) return wrong(fmt::format("a number from 1 to {}", most_messages));
    into.messages = static_cast<unsigned>(*count);
  } else if (key == "rate") {
    into.rate_per_second = rate(value);
    if (!into.rate_per_second) return wrong("messages in a time, as in 10/s, 100/min or 1000/h");
  } else if (key == "backoff_for") {
    const auto pause = parse_duration(value);
    if (!pause || *pause > limits::back_off_longest)
      return wrong("a duration as in 30s or 10m, at most 1d");
    into.backoff_for = *pause;
  } else if (key == "backoff") {
    if (value.size() < 5 || !value.starts_with('"') || !value.ends_with('"'))
      return wrong("a phrase of a reply, at least 3 characters, in quotes");
    value = value.substr(1, value.size() - 2);
    into.backoff.push_back(lowered(value));
  } else {
    return fmt::format("\"{}\": keys are connections, messages, rate, backoff and backoff_for",
                       word);
  }
  return std::nullopt;
}

}  // namespace

std::string route_name(const std::vector<NextHop>& next_hops) {
  std::string name = "route:";
  for (const auto& next_hop : next_hops) {
    if (!name.ends_with(':')) name += ',';
    name += to_string(next_hop);
  }
  return name;
}

std::string route_name(std::string_view maildir) {
  return fmt::format("route:{}{}", maildir_prefix, maildir);
}

DestinationLimits parse_destination_limits(std::string_view content) {
  DestinationLimits result;
  for (Lines lines(content); lines.next();) {
    auto line = lines.text();
    const auto pattern = take_word(line);
    if (pattern.empty()) continue;
    const auto problem = [&](std::string what) {
      result.problems.push_back({lines.number(), std::move(what)});
    };
    auto name = canonical_pattern(pattern);
    if (!name) {
      problem(fmt::format("\"{}\" {}", pattern, name.error()));
      continue;
    }
    DestinationLimit limit;
    limit.pattern = std::move(*name);
    limit.line = lines.number();
    bool good = true, any = false;
    for (auto word = take_word(line); !word.empty(); word = take_word(line), any = true)
      if (auto wrong = take_key(word, limit)) {
        problem(std::move(*wrong));
        good = false;
      }
    const auto twice =
        std::find_if(result.limits.begin(), result.limits.end(),
                     [&](const auto& other) { return other.pattern == limit.pattern; });
    if (!any)
      problem(fmt::format("\"{}\" has no limit; a line is: pattern key=value ...", pattern));
    else if (twice != result.limits.end())
      problem(fmt::format("\"{}\" stands already in line {}; a pattern has one line", pattern,
                          twice->line));
    else if (good)
      result.limits.push_back(std::move(limit));
  }
  return result;
}

}  // namespace malleposte::config
