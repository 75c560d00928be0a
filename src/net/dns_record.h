// Names and records as they stand in DNS answers, to and from ours. Pure; what comes in was sent by
// strangers.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/ip_address.h"
#include "net/resolver.h"

namespace malleposte::net {

// Lower case, without the final dot; labels of 1 to 63 letters, digits, hyphens and underscores,
// 253 octets in all (RFC 1035 2.3.4; underscores are no host's but are asked for and found).
// Nothing when the name could not exist.
std::optional<std::string> canonical_name(std::string_view name);

// A whole uncompressed name on the wire (RFC 1035 3.1) as a canonical one; "" is the root. Nothing
// when it is broken, is followed by anything, or is no canonical name.
std::optional<std::string> name_from_wire(std::string_view wire);

// RFC 1035 3.3.9. Nothing when it is broken or its host is not a name (an address, say).
std::optional<Mx> mx_from_wire(std::string_view wire);

// 4 or 16 octets.
std::optional<IpAddress> address_from_wire(std::string_view wire);

// "1.2.0.192.in-addr.arpa" (RFC 1035 3.5), "1.0. … .ip6.arpa" (RFC 3596 2.5).
std::string reverse_name(const IpAddress& address);

// "localhost" and everything under it (RFC 6761 6.3). Takes a canonical name.
bool is_localhost(std::string_view name);

}  // namespace malleposte::net
