// What a property's value must look like, as functions for the table (config/property_table.cc, the
// only file that includes this). Each puts the value into the settings or returns what is wrong.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/properties.h"
#include "config/settings.h"
#include "config/values.h"

namespace malleposte::config::checks {

using Path = std::filesystem::path;
using Problem = std::optional<std::string>;

// "is no port" is said of the whole value, which is quoted first; a list has quoted its element.
inline std::string quoted(std::string_view text, std::string_view what) {
  return what.starts_with('"') ? std::string(what) : fmt::format("\"{}\" {}", text, what);
}

// A whole number between Least and Most; for a size with units.
template <std::uint64_t Least, std::uint64_t Most>
Parsed<std::uint64_t> parse_number(std::string_view text) {
  auto value = parse_count(text);
  if (value && (*value < Least || *value > Most))
    return tl::make_unexpected(
        fmt::format("is not allowed here; allowed are {} to {}", Least, Most));
  return value;
}
template <std::uint64_t Least, std::uint64_t Most>
Parsed<std::uint64_t> parse_size_between(std::string_view text) {
  auto value = parse_size(text);
  if (value && (*value < Least || *value > Most))
    return tl::make_unexpected(
        fmt::format("is not allowed here; allowed are {} to {} octets", Least, Most));
  return value;
}

// A value that is parsed by Parse; a text that may be empty keeps the member's empty value then.
template <auto Member, auto Parse, bool MayBeEmpty = false>
Problem parsed(std::string_view text, const Path&, Settings& settings) {
  if (text.empty() && MayBeEmpty) {
    settings.*Member = {};
    return std::nullopt;
  }
  auto value = Parse(text);
  if (!value) return quoted(text, value.error());
  settings.*Member = std::move(*value);
  return std::nullopt;
}

template <auto Member>
Problem plain(std::string_view text, const Path&, Settings& settings) {
  for (char c : text)
    if (static_cast<unsigned char>(c) < ' ' || c == 0x7f)
      return std::string("has a control character");
  settings.*Member = std::string(text);
  return std::nullopt;
}

inline Parsed<std::vector<std::string>> parse_patterns(std::string_view text) {
  std::vector<std::string> names;
  for (const std::string& element : split_list(text)) {
    auto name = parse_domain_pattern(element);
    if (!name) return tl::make_unexpected(fmt::format("\"{}\" {}", element, name.error()));
    names.push_back(std::move(*name));
  }
  return names;
}

inline Parsed<std::vector<HostPort>> parse_dns_servers(std::string_view text) {
  std::vector<HostPort> servers;
  for (const std::string& element : split_list(text)) {
    auto server = parse_host_port(element, 53);
    if (!server) return tl::make_unexpected(fmt::format("\"{}\" {}", element, server.error()));
    servers.push_back(std::move(*server));
  }
  return servers;
}

inline Parsed<Mode> parse_mode(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, Mode>, 6> modes{{
      {"relay", Mode::relay},
      {"internet_site", Mode::internet_site},
      {"smarthost", Mode::smarthost},
      {"satellite", Mode::satellite},
      {"local_only", Mode::local_only},
      {"none", Mode::none},
  }};
  for (auto [name, mode] : modes)
    if (name == text) return mode;
  return tl::make_unexpected(std::string(
      "is no mode; allowed are relay, internet_site, smarthost, satellite, local_only, none"));
}

inline Parsed<BareNewline> parse_bare_newline(std::string_view text) {
  if (text == "refuse") return BareNewline::refuse;
  if (text == "repair") return BareNewline::repair;
  return tl::make_unexpected(std::string("is neither refuse nor repair"));
}

inline Parsed<BounceReturns> parse_bounce_returns(std::string_view text) {
  if (text == "headers") return BounceReturns::headers;
  if (text == "message") return BounceReturns::message;
  return tl::make_unexpected(std::string("is neither headers nor message"));
}

inline Parsed<std::uint64_t> parse_segment_size(std::string_view text) {
  auto size = parse_size(text);
  constexpr std::uint64_t megabyte = 1 << 20;
  if (!size || *size < megabyte || *size > 1024 * megabyte || *size % megabyte != 0)
    return tl::make_unexpected(std::string("is no segment size; allowed are whole MB, 1MB to 1GB"));
  return size;
}

inline Parsed<std::uint64_t> parse_queue_memory(std::string_view text) {
  auto size = parse_size(text);
  if (size && *size < (1 << 20)) return tl::make_unexpected(std::string("is less than 1MB"));
  return size;
}

inline Parsed<Path> parse_directory(std::string_view text) {
  if (text.empty()) return tl::make_unexpected(std::string("is empty; it has to name a directory"));
  return Path(text);
}

template <auto Member, bool MayBeEmpty>
Problem directory(std::string_view text, const Path& base, Settings& settings) {
  if (text.empty() && MayBeEmpty) {
    (settings.*Member).clear();
    return std::nullopt;
  }
  auto path = parse_directory(text);
  if (!path) return quoted(text, path.error());
  settings.*Member = (base / *path).lexically_normal();
  return std::nullopt;
}

// A terminal that goes out: empty, an unconnected one, a URL of the given scheme or a directory.
inline Problem terminal(std::string_view text, std::string_view scheme, bool directory_too,
                        const Path& base, std::string& into) {
  into.clear();
  if (text.empty() || text == unconnected_address) return std::nullopt;
  const std::size_t mark = text.find("://");
  if (mark == std::string_view::npos) {
    if (!directory_too) return fmt::format("\"{}\" is no {}:// address", text, scheme);
    into = (base / Path(text)).lexically_normal();
    return std::nullopt;
  }
  if (text.substr(0, mark) != scheme)
    return fmt::format("\"{}\" does not begin with {}://{}", text, scheme,
                       directory_too ? " and is no directory" : "");
  const std::string_view rest = text.substr(mark + 3);
  const std::string_view host = rest.substr(0, rest.find_first_of("/:"));
  if (rest.empty() || host.empty()) return fmt::format("\"{}\" names no host", text);
  if (host != unconnected_address) into = std::string(text);
  return std::nullopt;
}

inline Problem log_terminal(std::string_view text, const Path& base, Settings& settings) {
  return terminal(text, "smb", true, base, settings.log);
}
inline Problem fs_terminal(std::string_view text, const Path& base, Settings& settings) {
  return terminal(text, "nfs", true, base, settings.fs);
}
inline Problem mon_terminal(std::string_view text, const Path& base, Settings& settings) {
  return terminal(text, text.starts_with("https") ? "https" : "http", false, base, settings.mon);
}

inline Problem net_terminal(std::string_view text, const Path&, Settings& settings) {
  auto address = parse_address(text);
  if (address) {
    settings.net = *address;
    return std::nullopt;
  }
  // A network interface's name has at most 15 characters (IFNAMSIZ).
  const bool name = text.size() <= 15 && std::all_of(text.begin(), text.end(), [](char c) {
                      return c > ' ' && c < 0x7f && c != '/' && c != ':';
                    });
  if (!name) return fmt::format("\"{}\" is neither an address nor a network interface", text);
  settings.net = std::string(text);
  return std::nullopt;
}

// A file of the log share or the key volume: it must stay inside.
template <auto Member>
Problem inside(std::string_view text, const Path&, Settings& settings) {
  const Path path(text);
  if (std::find(path.begin(), path.end(), "..") != path.end())
    return fmt::format("\"{}\" leaves its volume; \"..\" is not allowed", text);
  if (auto problem = plain<Member>(text, path, settings)) return quoted(text, *problem);
  return std::nullopt;
}

inline Problem timezone_name(std::string_view text, const Path&, Settings& settings) {
  settings.timezone = std::string(text);
  if (text.empty()) return std::nullopt;
  const Path zone(text);
  std::error_code error;
  if (zone.is_absolute() || std::find(zone.begin(), zone.end(), "..") != zone.end() ||
      !std::filesystem::is_regular_file("/usr/share/zoneinfo" / zone, error))
    return fmt::format("\"{}\" is no time zone; write one as in Europe/Paris or UTC", text);
  return std::nullopt;
}

// The content of the file is read by the loader, which can name its lines.
inline Problem file_of_lines(std::string_view, const Path&, Settings&) {
  return std::nullopt;
}

}  // namespace malleposte::config::checks
