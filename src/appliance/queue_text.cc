#include "appliance/queue_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <cstdio>
#include <vector>

#include "appliance/console.h"
#include "appliance/json_text.h"

namespace malleposte::appliance {
namespace {

namespace json = boost::json;

// Characters, not octets: UTF-8 continuation bytes take no room.
std::size_t width(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

std::string cut(std::string text, std::size_t most) {
  if (most == 0 || width(text) <= most) return text;
  std::size_t end = 0;
  for (std::size_t seen = 0; end < text.size(); ++end)
    if ((text[end] & 0xc0) != 0x80 && ++seen > most - 1) break;
  return text.substr(0, end) + "…";
}

std::string padded(std::string text, std::size_t to) {
  const std::size_t has = width(text);
  return has < to ? text + std::string(to - has, ' ') : text;
}

const json::array* list(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(json::string_view(name.data(), name.size()));
  return value ? value->if_array() : nullptr;
}

std::string sender_text(const json::object& message) {
  const std::string sender = text_of(message, "sender");
  return sender.empty() ? "<>" : sender;
}

std::string recipients_text(const json::object& message) {
  const json::array* recipients = list(message, "recipients");
  if (recipients == nullptr || recipients->empty() || !recipients->front().is_object()) return {};
  std::string text = text_of(recipients->front().get_object(), "address");
  if (recipients->size() > 1) text += fmt::format(" (+{})", recipients->size() - 1);
  return text;
}

std::string since_text(const std::string& time, WallTime now) {
  const WallTime at = parse_rfc3339(time);
  if (at == WallTime{}) return time;
  return at <= now ? fmt::format("{} ({} ago)", time, age_text(now - at))
                   : fmt::format("{} (in {})", time, age_text(at - now));
}

// Two times of one day: "2026-01-01T10:00:00.000Z to 10:00:00.120Z".
std::string period_text(const std::string& began, const std::string& ended) {
  constexpr std::size_t date = 11;  // with the T
  const bool same_day = began.size() > date && ended.starts_with(began.substr(0, date));
  return fmt::format("{} to {}", began, same_day ? ended.substr(date) : ended);
}

// The attempts for a recipient, oldest first, two lines each.
void append_history(std::string& text, const json::object& recipient) {
  const json::array* history = list(recipient, "history");
  if (history == nullptr) return;
  auto number = number_of(recipient, "attempts_left_out");
  if (number > 0) text += fmt::format("{:<13} {} earlier, not remembered\n", "attempts", number);
  for (const json::value& value : *history) {
    ++number;
    if (!value.is_object()) continue;
    const json::object& attempt = value.get_object();
    text += fmt::format("{:<13} {} {}\n", fmt::format("attempt {}", number),
                        period_text(text_of(attempt, "began"), text_of(attempt, "ended")),
                        text_of(attempt, "class"));
    std::string said = text_of(attempt, "host");
    if (auto address = text_of(attempt, "address"); !address.empty() && address != said)
      said += fmt::format("[{}]", address);
    if (!said.empty()) said += ": ";
    if (number_of(attempt, "code") != 0) said += text_of(attempt, "code") + " ";
    if (auto status = text_of(attempt, "status"); !status.empty()) said += status + " ";
    text += fmt::format("{:<13} {}{}\n", "", said, text_of(attempt, "text"));
  }
}

// "0.12s" below ten seconds, then as an age.
std::string seconds_text(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(json::string_view(name.data(), name.size()));
  json::error_code error;
  const double seconds = value != nullptr ? value->to_number<double>(error) : 0;
  if (seconds < 10) return fmt::format("{:.2g}s", seconds);
  return age_text(std::chrono::seconds(static_cast<std::int64_t>(seconds)));
}

}  // namespace

std::string age_text(Duration age) {
  using namespace std::chrono;
  const auto whole = std::max<std::int64_t>(0, duration_cast<seconds>(age).count());
  if (whole < 120) return fmt::format("{}s", whole);
  if (whole < 7200) return fmt::format("{}m", whole / 60);
  if (whole < 2 * 86400) return fmt::format("{}h", whole / 3600);
  return fmt::format("{}d", whole / 86400);
}

std::string size_text(std::uint64_t octets) {
  constexpr std::array units{'K', 'M', 'G', 'T'};
  if (octets < 1024) return std::to_string(octets);
  double value = static_cast<double>(octets);
  std::size_t unit = 0;
  for (value /= 1024; value >= 1023.5 && unit + 1 < units.size(); ++unit) value /= 1024;
  return value < 9.95 ? fmt::format("{:.1f}{}", value, units[unit])
                      : fmt::format("{:.0f}{}", value, units[unit]);
}

WallTime parse_rfc3339(std::string_view text) {
  int year = 0;
  unsigned month = 0, day = 0, hour = 0, minute = 0, second = 0;
  const std::string copy(text.substr(0, 40));
  if (std::sscanf(copy.c_str(), "%4d-%2u-%2uT%2u:%2u:%2u", &year, &month, &day, &hour, &minute,
                  &second) != 6)
    return {};
  using namespace std::chrono;
  const year_month_day date{std::chrono::year(year), std::chrono::month(month),
                            std::chrono::day(day)};
  if (!date.ok()) return {};
  return sys_days(date) + hours(hour) + minutes(minute) + seconds(second);
}

std::string message_table(const json::array& messages, WallTime now, unsigned columns) {
  using Row = std::array<std::string, 8>;
  constexpr std::size_t address_width = 34;
  std::vector<Row> rows{{"ID", "AGE", "SIZE", "STATE", "TRIES", "SENDER", "RECIPIENTS", "REASON"}};
  for (const json::value& value : messages) {
    if (!value.is_object()) continue;
    const json::object& message = value.get_object();
    rows.push_back({text_of(message, "id"),
                    age_text(now - parse_rfc3339(text_of(message, "arrived"))),
                    size_text(number_of(message, "size")), text_of(message, "state"),
                    text_of(message, "attempts"), cut(sender_text(message), address_width),
                    cut(recipients_text(message), address_width), text_of(message, "reason")});
  }
  Row::size_type last = std::tuple_size_v<Row> - 1;
  std::array<std::size_t, std::tuple_size_v<Row>> widths{};
  for (const Row& row : rows)
    for (std::size_t i = 0; i < last; ++i) widths[i] = std::max(widths[i], width(row[i]));
  std::string text;
  for (const Row& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < last; ++i) line += padded(row[i], widths[i] + 2);
    line += row[last];
    line.erase(line.find_last_not_of(' ') + 1);
    text += cut(std::move(line), columns) + '\n';
  }
  return text;
}

std::string message_details(const json::object& message, WallTime now) {
  std::string text;
  auto fact = [&](std::string_view name, const std::string& value) {
    if (!value.empty()) text += fmt::format("{:<13} {}\n", name, value);
  };
  fact("id", text_of(message, "id"));
  fact("sender", sender_text(message));
  fact("size", fmt::format("{} octets", number_of(message, "size")));
  fact("arrived", since_text(text_of(message, "arrived"), now));
  fact("state", text_of(message, "state"));
  fact("attempts", text_of(message, "attempts"));
  if (auto next = text_of(message, "next_attempt"); !next.empty())
    fact("next attempt", since_text(next, now));
  fact("reason", text_of(message, "reason"));
  constexpr std::array shown{"id",       "sender",       "size",   "arrived",   "state",
                             "attempts", "next_attempt", "reason", "recipients"};
  for (const auto& [key, value] : message) {
    const std::string_view name(key.data(), key.size());
    if (std::find(shown.begin(), shown.end(), name) == shown.end())
      fact(name, text_of(message, name));
  }
  const json::array* recipients = list(message, "recipients");
  for (const json::value& value : recipients ? *recipients : json::array{}) {
    if (!value.is_object()) continue;
    const json::object& recipient = value.get_object();
    text += fmt::format("{:<13} {} {}", "recipient", text_of(recipient, "address"),
                        text_of(recipient, "state"));
    if (auto known = text_of(recipient, "class"); !known.empty() && known != "delivered")
      text += fmt::format(" {}", known);
    text += '\n';
    if (auto reply = text_of(recipient, "reply"); !reply.empty())
      text += fmt::format("{:<13} {}\n", "", reply);
    append_history(text, recipient);
  }
  return text;
}

std::string status_text(const json::object& status) {
  std::string text;
  auto fact = [&](std::string_view name, const std::string& value) {
    if (!value.empty()) text += fmt::format("{:<13} {}\n", name, value);
  };
  auto facts = [&](std::string_view name) {
    const json::value* value = status.if_contains(json::string_view(name.data(), name.size()));
    if (value == nullptr || !value->is_object()) return;
    std::string line;
    for (const auto& [key, part] : value->get_object()) {
      const std::string word = text_of(value->get_object(), {key.data(), key.size()});
      if (!word.empty())
        line += fmt::format("{}{} {}", line.empty() ? "" : ", ", std::string_view(key), word);
    }
    fact(name, line);
  };
  fact("malleposte", fmt::format("{} on {}, process {}", text_of(status, "version"),
                                 text_of(status, "hostname"), text_of(status, "pid")));
  fact("up",
       fmt::format("{}, since {}", age_text(std::chrono::seconds(number_of(status, "uptime"))),
                   text_of(status, "started")));
  if (text_of(status, "deliveries_suspended") == "yes") fact("deliveries", "suspended");
  facts("queue");
  if (const json::object* oldest = object_in(status, "oldest"))
    fact("oldest",
         fmt::format("{}, arrived {}", text_of(*oldest, "id"), text_of(*oldest, "arrived")));
  if (const json::object* times = object_in(status, "queue_time");
      times && number_of(*times, "recipients"))
    fact("time in queue",
         fmt::format("half within {}, 90 % within {}, 99 % within {} (of {} recipients done in {})",
                     seconds_text(*times, "p50"), seconds_text(*times, "p90"),
                     seconds_text(*times, "p99"), number_of(*times, "recipients"),
                     age_text(std::chrono::seconds(number_of(*times, "window")))));
  facts("accounts");
  facts("health");
  if (const json::array* listeners = list(status, "listeners"))
    for (const json::value& value : *listeners)
      if (value.is_object())
        fact("listens", fmt::format("{} on {}", text_of(value.get_object(), "name"),
                                    text_of(value.get_object(), "address")));
  if (const json::array* notices = list(status, "notices"))
    for (const json::value& value : *notices)
      if (value.is_object()) {
        const json::object& notice = value.get_object();
        fact(text_of(notice, "severity"), text_of(notice, "text"));
        fact("", text_of(notice, "reason"));
        fact("", text_of(notice, "action"));
      }
  return text;
}

}  // namespace malleposte::appliance
