#include "mail/address.h"

#include <array>
#include <cassert>
#include <cstdint>
#include <utility>

#include "base/ascii.h"
#include "base/idn.h"
#include "base/ip_address.h"
#include "base/limits.h"
#include "base/utf8.h"

namespace malleposte::mail {
namespace {

enum Class : std::uint8_t {
  atext = 1,     // RFC 5322 3.2.3
  host = 2,      // letters, digits, `-`; and `_`, which real host names have
  alnum = 4,     // may end the tag of an address literal
  quotable = 8,  // may stand in a quoted string, RFC 5321 qtextSMTP and quoted-pairSMTP
  literal = 16,  // dcontent of an address literal
};

constexpr std::array<std::uint8_t, 256> classes = [] {
  std::array<std::uint8_t, 256> table{};
  for (int c = 0; c < 256; ++c) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    std::uint8_t bits = 0;
    if (letter) bits |= atext | host | alnum;
    if (c == '-' || c == '_') bits |= host;
    if (c >= 32 && c <= 126) bits |= quotable;
    if ((c >= 33 && c <= 90) || (c >= 94 && c <= 126)) bits |= literal;
    table[static_cast<std::size_t>(c)] = bits;
  }
  for (const char c : std::string_view("!#$%&'*+-/=?^_`{|}~")) {
    table[static_cast<unsigned char>(c)] |= atext;
  }
  return table;
}();

bool is(char c, Class wanted) {
  return classes[static_cast<unsigned char>(c)] & wanted;
}
bool blank(char c) {
  return c == ' ' || c == '\t';
}
bool high(char c) {
  return (c & 0x80) != 0;
}

tl::unexpected<Error> wrong(const char* text) {
  return fail(Fault::peer, text);
}

constexpr const char* not_utf8 = "The address has an octet that is neither ASCII nor UTF-8.";

bool a_label(std::string_view label) {
  return label.size() > 3 && lowered(label.substr(0, 4)) == "xn--";
}

// Reads one address from the front of a text.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  bool done() const { return at_ == text_.size(); }
  char peek() const { return done() ? '\0' : text_[at_]; }
  bool take(char c) {
    if (done() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  void skip_blanks() {
    while (!done() && blank(text_[at_])) ++at_;
  }
  std::string_view rest() const { return text_.substr(at_); }

  Result<Address> mailbox() {
    Address address;
    const std::size_t begin = at_;
    if (auto local = local_part(address.local); !local) return tl::make_unexpected(local.error());
    if (at_ - begin > limits::local_part_octets) {
      return wrong("The part before the @ is longer than 64 octets.");
    }
    if (take('@')) {
      if (auto found = domain(); found) {
        address.domain = *found;
      } else {
        return tl::make_unexpected(found.error());
      }
    }
    if (at_ - begin + 2 > limits::path_octets) return wrong("The address is too long.");
    return address;
  }

  // RFC 5321 Domain or address-literal; a part of the text.
  Result<std::string_view> domain() {
    const std::size_t begin = at_;
    auto result = peek() == '[' ? address_literal() : host_name();
    if (!result) return tl::make_unexpected(result.error());
    return text_.substr(begin, at_ - begin);
  }

  // RFC 5321 A-d-l `@a,@b:`; checked and dropped.
  Result<void> source_route() {
    while (take('@')) {
      if (auto hop = domain(); !hop) return tl::make_unexpected(hop.error());
      if (take(':')) return {};
      if (!take(',')) break;
    }
    return wrong("The source route in the address is not complete.");
  }

 private:
  // Takes a UTF8-non-ascii (RFC 6531 3.3); false when the next octets are none.
  bool take_wide() {
    const std::size_t length = utf8_length(rest());
    if (length < 2) return false;
    at_ += length;
    return true;
  }

  Result<void> local_part(std::string& into) {
    if (take('"')) return quoted_string(into);
    const std::size_t begin = at_;
    bool after_dot = true;
    while (!done()) {
      const char c = text_[at_];
      if (c == '.') {
        if (after_dot) break;
        after_dot = true;
        ++at_;
      } else if (is(c, atext)) {
        after_dot = false;
        ++at_;
      } else if (take_wide()) {
        after_dot = false;
      } else {
        break;
      }
    }
    if (high(peek())) return wrong(not_utf8);
    if (at_ == begin && peek() != '.') return wrong("The part before the @ is missing.");
    if (after_dot) return wrong("The part before the @ has a dot in the wrong place.");
    into.assign(text_.substr(begin, at_ - begin));
    return {};
  }

  Result<void> quoted_string(std::string& into) {
    while (!done()) {
      if (take('"')) {
        if (into.empty()) return wrong("The part before the @ is empty.");
        return {};
      }
      const bool escaped = take('\\');
      if (done()) break;
      const std::size_t begin = at_;
      if (high(peek())) {
        // RFC 5321 4.1.2 quoted-pairSMTP: only ASCII stands behind a backslash.
        if (escaped || !take_wide()) return wrong(not_utf8);
      } else {
        if (!is(peek(), quotable)) return wrong("The address has a control character.");
        ++at_;
      }
      into.append(text_.substr(begin, at_ - begin));
    }
    return wrong("The quoted part of the address has no end.");
  }

  Result<void> host_name() {
    const std::size_t begin = at_;
    bool international = false;
    for (;;) {
      const std::size_t label = at_;
      bool wide = false;
      while (!done()) {
        if (is(text_[at_], host)) {
          ++at_;
        } else if (take_wide()) {
          wide = true;
        } else {
          break;
        }
      }
      if (high(peek())) return wrong(not_utf8);
      if (at_ == label)
        return wrong("The domain has an empty label or a character it may not have.");
      if (text_[label] == '-' || text_[at_ - 1] == '-') {
        return wrong("The domain has a label that begins or ends with a hyphen.");
      }
      if (!wide && at_ - label > 63) {
        return wrong("The domain has a label of more than 63 octets.");
      }
      international = international || wide || a_label(text_.substr(label, at_ - label));
      if (!take('.')) break;
    }
    const std::string_view name = text_.substr(begin, at_ - begin);
    if (name.size() > limits::domain_octets) return wrong("The domain is longer than 255 octets.");
    if (international && !to_a_labels(name)) {
      return wrong("The domain is not a valid internationalized name (IDNA2008).");
    }
    return {};
  }

  // RFC 5321 4.1.3: [192.0.2.1], [IPv6:2001:db8::1], [tag:content].
  Result<void> address_literal() {
    const std::size_t end = text_.find(']', at_);
    if (end == std::string_view::npos) return wrong("The address literal has no closing bracket.");
    const std::string_view inside = text_.substr(at_ + 1, end - at_ - 1);
    at_ = end + 1;
    if (inside.size() + 2 > limits::domain_octets) {
      return wrong("The domain is longer than 255 octets.");
    }
    const std::size_t colon = inside.find(':');
    if (colon == std::string_view::npos) {
      const auto ip = parse_ip(inside);
      if (!ip || !is_ipv4(*ip)) return wrong("The address literal is not an IPv4 address.");
      return {};
    }
    const std::string_view tag = inside.substr(0, colon);
    const std::string_view content = inside.substr(colon + 1);
    if (lowered(tag) == "ipv6") {
      if (content.find(':') == std::string_view::npos || !parse_ip(content)) {
        return wrong("The address literal is not an IPv6 address.");
      }
      return {};
    }
    bool good = !tag.empty() && !content.empty() && is(tag.back(), alnum);
    for (const char c : tag) good = good && is(c, host) && c != '_';
    for (const char c : content) good = good && is(c, literal);
    if (!good) return wrong("The address literal is not one.");
    return {};
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

bool is_dot_string(std::string_view local) {
  bool after_dot = true;
  for (const char c : local) {
    if (c == '.' ? after_dot : !is(c, atext) && !high(c)) return false;
    after_dot = c == '.';
  }
  return !after_dot;
}

}  // namespace

bool Address::ascii() const {
  return is_ascii(local) && is_ascii(domain);
}

std::optional<Address> to_ascii(const Address& address) {
  if (address.ascii()) return address;
  if (!is_ascii(address.local)) return {};
  auto domain = to_a_labels(address.domain);
  if (!domain) return {};
  Address ascii{address.local, std::move(*domain)};
  if (to_string(ascii).size() + 2 > limits::path_octets) return {};
  return ascii;
}

std::string to_string(const Address& address) {
  if (address.null()) return {};
  std::string out;
  out.reserve(address.local.size() + address.domain.size() + 3);
  if (is_dot_string(address.local)) {
    out = address.local;
  } else {
    out.push_back('"');
    for (const char c : address.local) {
      if (c == '"' || c == '\\') out.push_back('\\');
      out.push_back(c);
    }
    out.push_back('"');
  }
  if (!address.domain.empty()) {
    out.push_back('@');
    out.append(address.domain);
  }
  return out;
}

Result<Address> parse_address(std::string_view text) {
  Reader reader(text);
  auto address = reader.mailbox();
  if (!address) return address;
  if (!reader.done()) {
    return wrong(high(reader.peek()) ? not_utf8 : "The address has a character it may not have.");
  }
  return address;
}

Result<Path> parse_path(std::string_view text) {
  Reader reader(text);
  reader.skip_blanks();
  if (reader.done()) return wrong("The address is missing.");
  Path path;
  const bool brackets = reader.take('<');
  if (brackets && reader.take('>')) {
    // The null path.
  } else {
    if (reader.peek() == '@') {
      if (auto route = reader.source_route(); !route) return tl::make_unexpected(route.error());
    }
    auto address = reader.mailbox();
    if (!address) return tl::make_unexpected(address.error());
    path.address = std::move(*address);
    if (high(reader.peek())) return wrong(not_utf8);
    if (brackets && !reader.take('>')) {
      return wrong(reader.done() ? "The closing > is missing."
                                 : "The address has a character it may not have.");
    }
  }
  if (!reader.done() && !blank(reader.peek())) {
    return wrong("There is something behind the address that is no parameter.");
  }
  reader.skip_blanks();
  path.rest = reader.rest();
  while (!path.rest.empty() && blank(path.rest.back())) path.rest.remove_suffix(1);
  return path;
}

std::string canonical_domain(std::string_view domain) {
  if (!is_ascii(domain)) {
    if (auto ascii = to_a_labels(domain)) return std::move(*ascii);
  }
  return lowered(domain);
}

std::string canonical_address(const Address& address) {
  return to_string(Address{address.local, canonical_domain(address.domain)});
}

}  // namespace malleposte::mail
