#include "mail/typed_address.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/ascii.h"
#include "base/limits.h"
#include "mail/code_points.h"
#include "mail/message_fields.h"
#include "mail/plain_text.h"

namespace malleposte::mail {
namespace {

constexpr std::size_t original_octets = 500;  // RFC 3461 4.2

// The utf-8-addr-xtext form: everything but the printable ASCII that means nothing here.
std::string in_ascii(std::string_view text) {
  std::string ascii;
  while (!text.empty()) {
    const auto next = first_code_point(text);
    text.remove_prefix(next.octets);
    const auto c = next.valid ? next.value : U'?';
    if (c > U' ' && c <= U'~' && c != U'+' && c != U'=' && c != U'\\')
      ascii += static_cast<char>(c);
    else
      ascii += fmt::format("\\x{{{:02X}}}", static_cast<std::uint32_t>(c));
  }
  return ascii;
}

// Takes a "\x{E9}" off the text, if it begins with one.
bool take_embedded(std::string_view& text, char32_t& value) {
  if (!text.starts_with("\\x{")) return false;
  const auto end = text.substr(0, 10).find('}');
  if (end == std::string_view::npos || end < 5) return false;
  value = 0;
  for (char c : text.substr(3, end - 3)) {
    const bool digit = c >= '0' && c <= '9';
    if (!digit && (c < 'A' || c > 'F')) return false;
    value = value * 16 + static_cast<char32_t>(digit ? c - '0' : c - 'A' + 10);
  }
  if (value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff)) return false;
  text.remove_prefix(end + 1);
  return true;
}

std::string in_utf8(std::string_view text) {
  std::string utf8;
  while (!text.empty()) {
    char32_t value = 0;
    if (take_embedded(text, value)) {
      append_utf8(utf8, value);
    } else {
      utf8 += text.front();
      text.remove_prefix(1);
    }
  }
  return utf8;
}

std::string utf8_typed(std::string_view address, bool utf8, std::size_t octets) {
  const auto line = one_line_utf8(address, octets);
  return "utf-8; " + (utf8 ? line : in_ascii(line));
}

}  // namespace

std::string typed_address(const Address& address, bool utf8) {
  const auto text = to_string(address);
  if (is_ascii(text)) return "rfc822; " + one_line(text, limits::path_octets);
  return utf8_typed(text, utf8, limits::path_octets);
}

std::string original_recipient(std::string_view orcpt, bool utf8) {
  const auto at = std::min(orcpt.find(';'), orcpt.size());
  auto type = one_line(orcpt.substr(0, at), original_octets);
  auto address = orcpt.substr(std::min(at + 1, orcpt.size()));
  if (lowered(type) == "utf-8") return utf8_typed(in_utf8(address), utf8, original_octets);
  return fmt::format("{}; {}", type, one_line(address, original_octets));
}

std::string shown_address(std::string_view typed) {
  const auto at = typed.find("; ");
  if (at == std::string_view::npos) return one_line_utf8(typed, limits::path_octets);
  const auto address = typed.substr(at + 2);
  return one_line_utf8(typed.starts_with("utf-8;") ? in_utf8(address) : std::string(address),
                       limits::path_octets);
}

}  // namespace malleposte::mail
