#include "config/values.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "base/ascii.h"
#include "base/idn.h"
#include "base/utf8.h"
#include "config/lines.h"
#include "config/maildir_pattern.h"

namespace malleposte::config {
namespace {

tl::unexpected<std::string> wrong(std::string what) {
  return tl::make_unexpected(std::move(what));
}

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

// All of the text as a decimal number, no sign.
std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// The number at the front of the text, which is taken off.
std::optional<std::uint64_t> take_number(std::string_view& text) {
  std::size_t digits = 0;
  while (digits < text.size() && is_digit(text[digits])) ++digits;
  auto value = number(text.substr(0, digits));
  text.remove_prefix(digits);
  return value;
}

std::string_view without_brackets(std::string_view text) {
  if (text.size() >= 2 && text.front() == '[' && text.back() == ']')
    return text.substr(1, text.size() - 2);
  return text;
}

template <class T, class Parse>
Parsed<std::vector<T>> parse_each(std::string_view text, Parse parse) {
  std::vector<T> values;
  for (const std::string& element : split_list(text)) {
    auto value = parse(element);
    if (!value) return wrong(fmt::format("\"{}\" {}", element, value.error()));
    if (std::find(values.begin(), values.end(), *value) == values.end())
      values.push_back(std::move(*value));
  }
  return values;
}

void clear_host_bits(IpAddress& address, unsigned prefix) {
  for (unsigned bit = prefix; bit < 128; ++bit)
    address[bit / 8] &= static_cast<std::uint8_t>(~(0x80u >> (bit % 8)));
}

}  // namespace

bool Cidr::contains(const IpAddress& address) const {
  // "::/0" means every IPv6 address; that IPv4 is kept mapped must not open it to IPv4.
  if (prefix < 96 && is_ipv4(address)) return false;
  IpAddress masked = address;
  clear_host_bits(masked, prefix);
  return masked == network;
}

std::string to_string(const Cidr& network) {
  const bool ipv4 = is_ipv4(network.network) && network.prefix >= 96;
  return fmt::format("{}/{}", malleposte::to_string(network.network),
                     ipv4 ? network.prefix - 96 : network.prefix);
}

bool any_contains(const std::vector<Cidr>& networks, const IpAddress& address) {
  return std::any_of(networks.begin(), networks.end(),
                     [&](const Cidr& network) { return network.contains(address); });
}

std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> elements;
  std::string element;
  for (char c : text) {
    if (c != ',' && !is_space(c)) {
      element += c;
    } else if (!element.empty()) {
      elements.push_back(std::move(element));
      element.clear();
    }
  }
  if (!element.empty()) elements.push_back(std::move(element));
  return elements;
}

Parsed<bool> parse_yes_no(std::string_view text) {
  if (text == "yes") return true;
  if (text == "no") return false;
  return wrong("is neither yes nor no");
}

Parsed<std::uint64_t> parse_count(std::string_view text) {
  const auto value = number(text);
  if (!value) return wrong("is no whole number");
  return *value;
}

Parsed<std::uint16_t> parse_port(std::string_view text) {
  auto value = number(text);
  if (!value || *value < 1 || *value > 65535) return wrong("is no port; allowed are 1 to 65535");
  return static_cast<std::uint16_t>(*value);
}

Parsed<Duration> parse_duration(std::string_view text) {
  constexpr std::string_view allowed =
      "is no duration; write a number with a unit, as in 30s, 5m, 4h, 5d (1s to 3650d)";
  constexpr std::uint64_t most = 3650ull * 86400;
  std::uint64_t seconds = 0;
  if (text.empty()) return wrong(std::string(allowed));
  while (!text.empty()) {
    auto count = take_number(text);
    if (!count || *count > most || text.empty()) return wrong(std::string(allowed));
    std::uint64_t unit = 0;
    switch (lower(text.front())) {
      case 's':
        unit = 1;
        break;
      case 'm':
        unit = 60;
        break;
      case 'h':
        unit = 3600;
        break;
      case 'd':
        unit = 86400;
        break;
      case 'w':
        unit = 7 * 86400;
        break;
      default:
        return wrong(std::string(allowed));
    }
    text.remove_prefix(1);
    seconds += *count * unit;
    if (seconds > most) return wrong(std::string(allowed));
  }
  if (seconds == 0) return wrong(std::string(allowed));
  return std::chrono::seconds(seconds);
}

Parsed<std::uint64_t> parse_size(std::string_view text) {
  constexpr std::string_view allowed =
      "is no size; write octets or a number with a unit, as in 64KB, 50MB, 1GB";
  auto count = take_number(text);
  const std::string unit = lowered(trim(text));
  unsigned shift = 0;
  if (unit == "k" || unit == "kb" || unit == "kib") {
    shift = 10;
  } else if (unit == "m" || unit == "mb" || unit == "mib") {
    shift = 20;
  } else if (unit == "g" || unit == "gb" || unit == "gib") {
    shift = 30;
  } else if (unit == "t" || unit == "tb" || unit == "tib") {
    shift = 40;
  } else if (!unit.empty() && unit != "b") {
    return wrong(std::string(allowed));
  }
  if (!count || *count == 0 || *count > (std::uint64_t{1} << 62 >> shift))
    return wrong(std::string(allowed));
  return *count << shift;
}

Parsed<std::string> parse_address(std::string_view text) {
  auto address = parse_ip(without_brackets(text));
  if (!address) return wrong("is no IPv4 or IPv6 address");
  return malleposte::to_string(*address);
}

Parsed<std::vector<std::string>> parse_address_list(std::string_view text) {
  return parse_each<std::string>(text, parse_address);
}

Parsed<Cidr> parse_cidr(std::string_view text) {
  constexpr std::string_view allowed =
      "is no network; write an address or a network, as in 192.0.2.0/24 or 2001:db8::/32";
  const std::size_t slash = text.find('/');
  const std::string_view host = without_brackets(text.substr(0, slash));
  auto address = parse_ip(host);
  if (!address) return wrong(std::string(allowed));
  const unsigned bits = host.find(':') == std::string_view::npos ? 32 : 128;
  Cidr cidr{*address, 128};
  if (slash != std::string_view::npos) {
    auto prefix = number(text.substr(slash + 1));
    if (!prefix || *prefix > bits)
      return wrong(fmt::format("is no network; the part after / is 0 to {}", bits));
    cidr.prefix = static_cast<std::uint8_t>(*prefix + 128 - bits);
  }
  clear_host_bits(cidr.network, cidr.prefix);
  if (cidr.network != *address)
    return wrong(fmt::format("has bits behind its mask; the network is written {}/{}",
                             malleposte::to_string(cidr.network), text.substr(slash + 1)));
  return cidr;
}

Parsed<std::vector<Cidr>> parse_cidr_list(std::string_view text) {
  return parse_each<Cidr>(text, parse_cidr);
}

Parsed<WithheldOffer> parse_withheld_offer(std::string_view text) {
  constexpr std::array<std::string_view, 11> keywords{
      "PIPELINING", "8BITMIME",  "ENHANCEDSTATUSCODES", "CHUNKING",    "BINARYMIME", "SMTPUTF8",
      "DSN",        "DELIVERBY", "FUTURERELEASE",       "MT-PRIORITY", "ETRN"};
  const std::size_t at = text.find('@');
  WithheldOffer offer;
  for (const char c : text.substr(0, at))
    offer.keyword += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  if (std::find(keywords.begin(), keywords.end(), offer.keyword) == keywords.end())
    return wrong(
        fmt::format("is no extension that can be withheld; allowed are {}, each with "
                    "@ and an address of `in` behind it or not",
                    fmt::join(keywords, ", ")));
  if (at == std::string_view::npos) return offer;
  const auto listener = parse_address(text.substr(at + 1));
  if (!listener) return wrong("has no address behind the @");
  offer.listener = *listener;
  return offer;
}

Parsed<std::vector<WithheldOffer>> parse_withheld_offers(std::string_view text) {
  return parse_each<WithheldOffer>(text, parse_withheld_offer);
}

Parsed<HostPort> parse_host_port(std::string_view text, std::uint16_t port) {
  // A bare IPv6 address has more than one colon, and then none of them starts a port.
  std::string_view host = text;
  const std::size_t colon = text.rfind(':');
  const bool bracketed = !text.empty() && text.front() == '[';
  const bool has_port = colon != std::string_view::npos &&
                        (bracketed ? text[colon - 1] == ']' : text.find(':') == colon);
  if (has_port) {
    auto given = parse_port(text.substr(colon + 1));
    if (!given) return wrong("has no port after its colon; allowed are 1 to 65535");
    port = *given;
    host = text.substr(0, colon);
  }
  auto address = parse_address(host);
  if (!address) return wrong("is no address; write 192.0.2.1, 192.0.2.1:53 or [2001:db8::1]:53");
  return HostPort{*address, port};
}

Parsed<std::string> parse_domain(std::string_view text) {
  if (!text.empty() && text.back() == '.') text.remove_suffix(1);
  std::string ascii = lowered(text);
  if (!is_ascii(text) || ascii.find("xn--") != std::string::npos) {
    auto found = to_a_labels(text);
    if (!found) return wrong("is no valid internationalized name (IDNA2008)");
    text = ascii = std::move(*found);
  }
  if (text.empty() || text.size() > 253) return wrong("is no name of 1 to 253 characters");
  std::size_t start = 0;
  bool digits_only = false;
  while (start <= text.size()) {
    const std::size_t dot = std::min(text.find('.', start), text.size());
    const std::string_view label = text.substr(start, dot - start);
    if (label.empty() || label.size() > 63)
      return wrong("is no name: each part between dots has 1 to 63 characters");
    if (label.front() == '-' || label.back() == '-')
      return wrong("is no name: no part begins or ends with a hyphen");
    for (char c : label) {
      if (!is_digit(c) && c != '-' && (lower(c) < 'a' || lower(c) > 'z'))
        return wrong("is no name; allowed are letters, digits, hyphens and dots between the parts");
    }
    digits_only = std::all_of(label.begin(), label.end(), is_digit);
    start = dot + 1;
  }
  if (digits_only && text.find('.') != std::string_view::npos)
    return wrong("is no name: its last part has digits only");
  return ascii;
}

Parsed<std::string> parse_domain_pattern(std::string_view text) {
  if (text.starts_with("*.")) return wrong("has a star; subdomains are written .example.org");
  if (!text.starts_with('.')) return parse_domain(text);
  auto domain = parse_domain(text.substr(1));
  if (!domain) return domain;
  return "." + *domain;
}

Parsed<NextHop> parse_next_hop(std::string_view text) {
  constexpr std::string_view allowed =
      "is no next hop; write domain, domain:port, [host], [host]:port or [address]:port";
  NextHop hop;
  std::string_view host = text;
  std::string_view rest;
  if (text.starts_with('[')) {
    hop.lookup_mx = false;
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos) return wrong(std::string(allowed));
    host = text.substr(1, close - 1);
    rest = text.substr(close + 1);
  } else if (const std::size_t colon = text.find(':'); colon != std::string_view::npos) {
    if (parse_ip(text))
      return wrong(fmt::format("is an address; write it in brackets: [{}]", text));
    host = text.substr(0, colon);
    rest = text.substr(colon);
  }
  if (!rest.empty()) {
    if (rest.front() != ':') return wrong(std::string(allowed));
    auto port = parse_port(rest.substr(1));
    if (!port) return wrong("has a wrong port; allowed are 1 to 65535");
    hop.port = *port;
  }
  if (hop.lookup_mx && parse_ip(host))
    return wrong(fmt::format("is an address; write it in brackets: [{}]{}", host, rest));
  if (!hop.lookup_mx) {
    const bool tagged = lowered(host.substr(0, 5)) == "ipv6:";
    if (auto address = parse_ip(tagged ? host.substr(5) : host)) {
      hop.host = malleposte::to_string(*address);
      return hop;
    }
    if (tagged) return wrong(std::string(allowed));
  }
  auto domain = parse_domain(host);
  if (!domain) return wrong(std::string(allowed));
  hop.host = std::move(*domain);
  return hop;
}

Parsed<std::vector<NextHop>> parse_next_hops(std::string_view text) {
  return parse_each<NextHop>(text, parse_next_hop);
}

Parsed<std::string> parse_mailbox(std::string_view text) {
  constexpr std::string_view allowed = "is no mail address; write name@example.org";
  const std::size_t at = text.rfind('@');
  if (at == std::string_view::npos || at == 0 || at > 64) return wrong(std::string(allowed));
  // Every next hop takes it, with SMTPUTF8 or without.
  if (!is_ascii(text.substr(0, at))) return wrong("has letters outside ASCII before its @");
  for (char c : text.substr(0, at))
    if (static_cast<unsigned char>(c) <= ' ' || c == 0x7f || c == '<' || c == '>' || c == ',')
      return wrong(std::string(allowed));
  const std::string_view domain = text.substr(at + 1);
  if (domain.starts_with('[')) {
    if (!parse_address(domain)) return wrong(std::string(allowed));
  } else {
    auto name = parse_domain(domain);
    if (!name) return wrong(std::string(allowed));
    if (!is_ascii(domain)) return std::string(text.substr(0, at + 1)) + *name;
  }
  return std::string(text);
}

std::string to_string(const NextHop& next_hop) {
  auto text = next_hop.lookup_mx ? next_hop.host : fmt::format("[{}]", next_hop.host);
  if (next_hop.port != 0) text += fmt::format(":{}", next_hop.port);
  return text;
}

namespace {

// What stands behind the pattern of a route: next hops, or where the mailboxes are.
Parsed<void> take_way(std::string_view text, Route& route) {
  if (text.starts_with(maildir_prefix)) {
    auto maildir = parse_maildir(text);
    if (!maildir) return tl::make_unexpected(std::move(maildir.error()));
    route.maildir = std::move(*maildir);
    return {};
  }
  auto next_hops = parse_next_hops(text);
  if (!next_hops) return tl::make_unexpected(std::move(next_hops.error()));
  route.next_hops = std::move(*next_hops);
  return {};
}

}  // namespace

Routes parse_routes(std::string_view content) {
  Routes result;
  for (Lines lines(content); lines.next();) {
    const auto line = trim(lines.text().substr(0, lines.text().find('#')));
    if (line.empty()) continue;
    auto problem = [&](std::string what) {
      result.problems.push_back({lines.number(), std::move(what)});
    };
    const auto gap = std::find_if(line.begin(), line.end(), is_space);
    const std::string_view pattern(line.data(), static_cast<std::size_t>(gap - line.begin()));
    const std::string_view hops = trim(line.substr(pattern.size()));
    Parsed<std::string> name = pattern == "*" ? std::string("*") : parse_domain_pattern(pattern);
    if (!name) {
      problem(fmt::format("\"{}\" {}", pattern, name.error()));
      continue;
    }
    Route route{std::move(*name), {}, lines.number()};
    Parsed<void> way = take_way(hops, route);
    if (!way) {
      problem(way.error());
    } else if (hops.empty()) {
      problem(fmt::format("\"{}\" has no next hop; a line is: pattern next-hop[,next-hop...]",
                          pattern));
    } else if (auto twice =
                   std::find_if(result.routes.begin(), result.routes.end(),
                                [&](const Route& r) { return r.pattern == route.pattern; });
               twice != result.routes.end()) {
      problem(fmt::format("\"{}\" stands already in line {}; a pattern has one line", pattern,
                          twice->line));
    } else {
      result.routes.push_back(std::move(route));
    }
  }
  return result;
}

}  // namespace malleposte::config
