// The written forms of property values: yes/no, ports, durations, sizes, networks, domains, next
// hops. Pure functions, called by the table of properties (config/properties.cc) on the main thread
// at start and at reload. An error is the half sentence that follows the value in a message: what
// is wrong with it and what is allowed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "config/lines.h"
#include "config/settings.h"

namespace malleposte::config {

template <class T>
using Parsed = Result<T, std::string>;

// The elements of a list: separated by commas or white space; empty ones do not count.
std::vector<std::string> split_list(std::string_view text);

Parsed<bool> parse_yes_no(std::string_view text);
Parsed<std::uint16_t> parse_port(std::string_view text);  // 1 to 65535
// "30s", "5m", "4h", "5d", "1w", "1h30m"; from 1 second to 3650 days.
Parsed<Duration> parse_duration(std::string_view text);
// Octets: "50MB", "64KB", "1GB" (powers of 1024), "50000"; at least 1.
Parsed<std::uint64_t> parse_size(std::string_view text);
// A whole number, 0 and more, without unit.
Parsed<std::uint64_t> parse_count(std::string_view text);

// An address, IPv4 or IPv6, with or without brackets; returned in its usual writing.
Parsed<std::string> parse_address(std::string_view text);
Parsed<std::vector<std::string>> parse_address_list(std::string_view text);
// "192.0.2.0/24", "2001:db8::/32", "[::1]/128", "192.0.2.1". Bits behind the mask are an error.
Parsed<Cidr> parse_cidr(std::string_view text);
Parsed<std::vector<Cidr>> parse_cidr_list(std::string_view text);
// "CHUNKING", "DSN@192.0.2.1": the SMTP extensions that one may keep back, by their keywords.
Parsed<std::vector<WithheldOffer>> parse_withheld_offers(std::string_view text);
// "127.0.0.1:53", "[::1]:53"; without a port `port`.
Parsed<HostPort> parse_host_port(std::string_view text, std::uint16_t port);

// A name of RFC 1035 labels (2.3.1, digits first allowed as in RFC 1123 2.1), in lower case,
// without the final dot; U-labels (IDNA2008) become A-labels.
Parsed<std::string> parse_domain(std::string_view text);
// As parse_domain, or ".example.org" for subdomains only.
Parsed<std::string> parse_domain_pattern(std::string_view text);
Parsed<NextHop> parse_next_hop(std::string_view text);
Parsed<std::vector<NextHop>> parse_next_hops(std::string_view text);
// As it is written: "example.org", "[192.0.2.1]:2525".
std::string to_string(const NextHop& next_hop);
// "local@domain", enough of RFC 5321 4.1.2 to catch a slip; the mail folder parses it for good. In
// ASCII: U-labels of the domain become A-labels.
Parsed<std::string> parse_mailbox(std::string_view text);

// The file that `routes` names: one `pattern next-hop[,next-hop...]` a line, `#` starts a comment.
struct Routes {
  std::vector<Route> routes;
  std::vector<LineProblem> problems;
};
Routes parse_routes(std::string_view content);

}  // namespace malleposte::config
