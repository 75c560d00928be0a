#include "receive/proxy_header.h"

#include <algorithm>
#include <cassert>
#include <charconv>
#include <optional>

#include "base/crc32c.h"
#include "base/limits.h"

namespace malleposte::receive {
namespace {

constexpr std::string_view line_start = "PROXY ";
constexpr std::size_t line_octets = 107;  // with CRLF; section 2.1
constexpr std::string_view signature("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr std::size_t block_start = 16;  // signature, version and command, family, length
constexpr std::uint8_t crc32c_field = 0x03;

std::uint8_t octet(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint8_t>(bytes[at]);
}
std::uint16_t number16(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint16_t>(octet(bytes, at) << 8 | octet(bytes, at + 1));
}
std::uint32_t number32(std::string_view bytes, std::size_t at) {
  return std::uint32_t{number16(bytes, at)} << 16 | number16(bytes, at + 2);
}

// The word at the front, which is taken off together with the one space behind it.
std::string_view take_word(std::string_view& line) {
  const std::size_t end = std::min(line.find(' '), line.size());
  const std::string_view word = line.substr(0, end);
  line.remove_prefix(std::min(end + 1, line.size()));
  return word;
}

// Decimal, without sign and leading zeros.
std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size()) return {};
  if (text.size() > 1 && text.front() == '0') return {};
  return port;
}

std::optional<IpAddress> parse_address(std::string_view text, bool six) {
  if ((text.find(':') != std::string_view::npos) != six) return {};
  return parse_ip(text);
}

IpAddress address_at(std::string_view bytes, std::size_t at, std::size_t octets) {
  IpAddress address{};
  if (octets == 4) address[10] = address[11] = 0xff;  // kept mapped, as everywhere
  std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(at), octets, address.end() - octets);
  return address;
}

// Octets of both ends' addresses in a block of this family; section 2.2.
std::optional<std::size_t> ends_octets(std::uint8_t family) {
  switch (family) {
    case 0:
      return 0;  // unspecified
    case 1:
      return 12;  // IPv4
    case 2:
      return 36;  // IPv6
    case 3:
      return 216;  // Unix sockets
    default:
      return {};
  }
}

}  // namespace

std::size_t ProxyHeader::feed(std::string_view bytes) {
  std::size_t used = 0;
  while (used < bytes.size() && state_ == State::incomplete) {
    octets_.push_back(bytes[used++]);
    take();
  }
  return used;
}

void ProxyHeader::wrong(std::string_view problem) {
  state_ = State::wrong;
  problem_ = problem;
}

std::size_t ProxyHeader::block_end() const {
  return block_start + number16(octets_, 14);
}

void ProxyHeader::take() {
  const std::size_t size = octets_.size();
  if (octets_.front() == line_start.front()) {
    if (size <= line_start.size()) {
      if (!line_start.starts_with(octets_)) wrong("does not begin with a PROXY header");
    } else if (octets_.back() == '\n') {
      take_line();
    } else if (size == line_octets) {
      wrong("has a PROXY line of more than 107 octets");
    }
    return;
  }
  if (size <= signature.size()) {
    if (!signature.starts_with(octets_)) wrong("does not begin with a PROXY header");
  } else if (size == 13) {
    const std::uint8_t version_and_command = octet(octets_, 12);
    if (version_and_command >> 4 != 2) wrong("has a PROXY header of an unknown version");
    if (version_and_command == 0x20) client_ = Client::local;
    if ((version_and_command & 0xf) > 1) wrong("has a PROXY header with an unknown command");
  } else if (size == block_start && block_end() > limits::proxy_header_octets) {
    wrong("has a PROXY header that is too long");
  } else if (size >= block_start && size == block_end()) {
    take_block();
  }
}

// Version 1, section 2.1: "PROXY TCP4 192.0.2.1 198.51.100.1 4711 25" CRLF.
void ProxyHeader::take_line() {
  std::string_view line(octets_);
  if (!line.ends_with("\r\n")) return wrong("has a PROXY line that ends without CRLF");
  line.remove_suffix(2);
  line.remove_prefix(line_start.size());
  const std::string_view family = take_word(line);
  if (family == "UNKNOWN") {  // whatever follows
    state_ = State::complete;
    return;
  }
  if (family != "TCP4" && family != "TCP6") return wrong("has a PROXY line of an unknown family");
  const bool six = family == "TCP6";
  const auto source = parse_address(take_word(line), six);
  const auto destination = parse_address(take_word(line), six);
  const auto source_port = parse_port(take_word(line));
  const auto destination_port = parse_port(line);  // to the end: a further word is none of it
  if (!source || !destination || !source_port || !destination_port)
    return wrong("has a PROXY line with an address or a port that is none");
  source_ = {*source, *source_port};
  destination_ = {*destination, *destination_port};
  client_ = Client::named;
  state_ = State::complete;
}

// Version 2, section 2.2.
void ProxyHeader::take_block() {
  if (client_ == Client::local) {  // what else it says is to be ignored, the family too
    state_ = State::complete;
    return;
  }
  const std::uint8_t family = octet(octets_, 13) >> 4;
  const std::uint8_t transport = octet(octets_, 13) & 0xf;
  const auto ends = ends_octets(family);
  if (!ends || transport > 2) return wrong("has a PROXY header of an unknown family");
  const std::size_t fields = block_start + *ends;
  if (fields > octets_.size()) return wrong("has a PROXY header too short for its addresses");
  // Without a family nobody can say where addresses end and fields begin.
  if (family != 0 && !check_fields(fields)) return;
  if ((family == 1 || family == 2) && transport == 1) {
    const std::size_t octets = family == 1 ? 4 : 16;
    const std::size_t ports = block_start + 2 * octets;
    source_ = {address_at(octets_, block_start, octets), number16(octets_, ports)};
    destination_ = {address_at(octets_, block_start + octets, octets),
                    number16(octets_, ports + 2)};
    client_ = Client::named;
  }
  state_ = State::complete;
}

// Type, length, value, up to the end; only the checksum is looked at (2.2.3).
bool ProxyHeader::check_fields(std::size_t at) {
  while (at < octets_.size()) {
    if (octets_.size() - at < 3 || octets_.size() - at - 3 < number16(octets_, at + 1)) {
      wrong("has a PROXY header with a field that is cut off");
      return false;
    }
    const std::size_t length = number16(octets_, at + 1);
    const std::size_t value = at + 3;
    if (octet(octets_, at) == crc32c_field) {
      if (length != 4) {
        wrong("has a PROXY header with a checksum that is none");
        return false;
      }
      std::string zeroed = octets_;
      std::fill_n(zeroed.begin() + static_cast<std::ptrdiff_t>(value), 4, '\0');
      if (crc32c(0, zeroed) != number32(octets_, value)) {
        wrong("has a PROXY header with a wrong checksum");
        return false;
      }
    }
    at = value + length;
  }
  return true;
}

}  // namespace malleposte::receive
