#include "net/http_target.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace malleposte::net {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::optional<std::string> decode(std::string_view text, bool plus_is_space) {
  std::string result;
  result.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      if (text.size() - i < 3) return std::nullopt;
      const int high = hex_digit(text[i + 1]);
      const int low = hex_digit(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      c = static_cast<char>(high * 16 + low);
      i += 2;
    } else if (c == '+' && plus_is_space) {
      c = ' ';
    }
    if (c == '\0') return std::nullopt;
    result.push_back(c);
  }
  return result;
}

// Host and scheme of the absolute form say nothing that a server of one site needs.
std::optional<std::string_view> without_authority(std::string_view text) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (text.size() < scheme.size()) continue;
    const bool same = std::equal(scheme.begin(), scheme.end(), text.begin(), [](char a, char b) {
      return a == std::tolower(static_cast<unsigned char>(b));
    });
    if (!same) continue;
    const auto path = text.find_first_of("/?", scheme.size());
    return path == std::string_view::npos ? "/" : text.substr(path);
  }
  return std::nullopt;
}

std::string encode(std::string_view text, bool keep_slash) {
  std::string result;
  for (const char c : text) {
    const auto octet = static_cast<unsigned char>(c);
    const bool unreserved = octet < 0x80 && (std::isalnum(octet) != 0 || c == '-' || c == '.' ||
                                             c == '_' || c == '~' || (c == '/' && keep_slash));
    if (unreserved)
      result.push_back(c);
    else
      result += fmt::format("%{:02X}", octet);
  }
  return result;
}

}  // namespace

std::optional<HttpTarget> parse_http_target(std::string_view text) {
  if (text == "*") return HttpTarget{"*", {}};
  if (!text.starts_with('/')) {
    const auto rest = without_authority(text);
    if (!rest) return std::nullopt;
    text = *rest;
  }
  text = text.substr(0, text.find('#'));  // a fragment is never sent; if it is, it is not ours
  const auto question = text.find('?');
  const auto raw_path = text.substr(0, question);
  auto path = decode(raw_path.empty() ? "/" : raw_path, false);
  if (!path) return std::nullopt;
  HttpTarget target{std::move(*path), {}};
  auto rest = question == std::string_view::npos ? std::string_view{} : text.substr(question + 1);
  while (!rest.empty()) {
    const auto end = std::min(rest.find('&'), rest.size());
    const auto pair = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (pair.empty()) continue;
    const auto equals = std::min(pair.find('='), pair.size());
    auto name = decode(pair.substr(0, equals), true);
    auto value = decode(pair.substr(std::min(equals + 1, pair.size())), true);
    if (!name || !value) return std::nullopt;
    target.query.emplace(std::move(*name), std::move(*value));
  }
  return target;
}

std::string write_http_target(const HttpTarget& target) {
  std::string result = encode(target.path, true);
  char separator = '?';
  for (const auto& [name, value] : target.query) {
    result += separator + encode(name, false) + '=' + encode(value, false);
    separator = '&';
  }
  return result;
}

}  // namespace malleposte::net
