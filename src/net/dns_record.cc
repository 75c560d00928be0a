#include "net/dns_record.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace malleposte::net {
namespace {

constexpr std::size_t label_octets = 63;
constexpr std::size_t name_octets = 253;

std::uint8_t octet_at(std::string_view wire, std::size_t position) {
  return static_cast<std::uint8_t>(wire[position]);
}

bool valid_label(std::string_view label) {
  return !label.empty() && label.size() <= label_octets &&
         std::all_of(label.begin(), label.end(), [](unsigned char c) {
           return c < 0x80 && (std::isalnum(c) != 0 || c == '-' || c == '_');
         });
}

}  // namespace

std::optional<std::string> canonical_name(std::string_view name) {
  if (name.ends_with('.')) name.remove_suffix(1);
  if (name.empty() || name.size() > name_octets) return std::nullopt;
  for (std::string_view rest = name;;) {
    const auto dot = rest.find('.');
    if (!valid_label(rest.substr(0, dot))) return std::nullopt;
    if (dot == std::string_view::npos) break;
    rest.remove_prefix(dot + 1);
  }
  std::string result(name);
  std::transform(result.begin(), result.end(), result.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return result;
}

std::optional<std::string> name_from_wire(std::string_view wire) {
  std::string text;
  for (;;) {
    if (wire.empty()) return std::nullopt;
    const std::size_t length = octet_at(wire, 0);
    if (length > label_octets || wire.size() < length + 1) return std::nullopt;
    if (length == 0) {
      if (wire.size() != 1) return std::nullopt;
      return text.empty() ? text : canonical_name(text);
    }
    const auto label = wire.substr(1, length);
    if (!valid_label(label)) return std::nullopt;  // a dot inside a label must not become a border
    if (!text.empty()) text += '.';
    text += label;
    wire.remove_prefix(length + 1);
  }
}

std::optional<Mx> mx_from_wire(std::string_view wire) {
  if (wire.size() < 3) return std::nullopt;
  auto host = name_from_wire(wire.substr(2));
  if (!host || parse_ip(*host)) return std::nullopt;
  const auto preference = static_cast<std::uint16_t>(octet_at(wire, 0) << 8U | octet_at(wire, 1));
  return Mx{preference, std::move(*host)};
}

std::optional<IpAddress> address_from_wire(std::string_view wire) {
  constexpr std::size_t v4_octets = 4;
  IpAddress address{};
  if (wire.size() == address.size()) {
    std::copy(wire.begin(), wire.end(), address.begin());
    return address;
  }
  if (wire.size() != v4_octets) return std::nullopt;
  return parse_ip(fmt::format("{}.{}.{}.{}", octet_at(wire, 0), octet_at(wire, 1),
                              octet_at(wire, 2), octet_at(wire, 3)));
}

std::string reverse_name(const IpAddress& address) {
  if (is_ipv4(address))
    return fmt::format("{}.{}.{}.{}.in-addr.arpa", address[15], address[14], address[13],
                       address[12]);
  std::string name;
  for (auto octet = address.rbegin(); octet != address.rend(); ++octet)
    name += fmt::format("{:x}.{:x}.", *octet & 0xfU, *octet >> 4U);
  return name + "ip6.arpa";
}

bool is_localhost(std::string_view name) {
  return name == "localhost" || name.ends_with(".localhost");
}

}  // namespace malleposte::net
