// IP addresses as 16 octets: IPv6 as it is, IPv4 mapped (::ffff:a.b.c.d), so that one comparison
// serves both.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace malleposte {

using IpAddress = std::array<std::uint8_t, 16>;

// "192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1"; no brackets, no zone, no port.
std::optional<IpAddress> parse_ip(std::string_view text);
// Mapped IPv4 is written as IPv4.
std::string to_string(const IpAddress& address);
bool is_ipv4(const IpAddress& address);

}  // namespace malleposte
