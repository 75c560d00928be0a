#include "base/ip_address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>

namespace malleposte {
namespace {
constexpr std::array<std::uint8_t, 12> mapped_prefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
}

std::optional<IpAddress> parse_ip(std::string_view text) {
  char copy[INET6_ADDRSTRLEN];
  if (text.empty() || text.size() >= sizeof copy) return std::nullopt;
  if (text.find('\0') != std::string_view::npos) return std::nullopt;
  std::memcpy(copy, text.data(), text.size());
  copy[text.size()] = 0;
  IpAddress address{};
  if (inet_pton(AF_INET6, copy, address.data()) == 1) return address;
  std::copy(mapped_prefix.begin(), mapped_prefix.end(), address.begin());
  if (inet_pton(AF_INET, copy, address.data() + mapped_prefix.size()) == 1) return address;
  return std::nullopt;
}

bool is_ipv4(const IpAddress& address) {
  return std::equal(mapped_prefix.begin(), mapped_prefix.end(), address.begin());
}

std::string to_string(const IpAddress& address) {
  char text[INET6_ADDRSTRLEN];
  if (is_ipv4(address))
    inet_ntop(AF_INET, address.data() + mapped_prefix.size(), text, sizeof text);
  else
    inet_ntop(AF_INET6, address.data(), text, sizeof text);
  return text;
}

}  // namespace malleposte
