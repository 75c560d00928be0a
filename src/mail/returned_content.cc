#include "mail/returned_content.h"

#include <algorithm>

#include "base/limits.h"

namespace malleposte::mail {
namespace {

constexpr std::size_t longest_line = 998;  // RFC 5322 2.1.1

bool has_eight_bit(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) { return (c & 0x80) != 0; });
}

// Whether it can be a part of another message as it is: message/rfc822 takes no encoding but 7bit
// and 8bit (RFC 2046 5.2.1).
bool can_be_carried(std::string_view content) {
  if (!content.ends_with("\r\n")) return false;
  for (std::size_t at = 0; at < content.size();) {
    const auto end = content.find('\n', at);
    if (end == std::string_view::npos || end == at || end - at - 1 > longest_line) return false;
    const auto line = content.substr(at, end - at);
    if (line.find('\r') != line.size() - 1 || line.find('\0') != std::string_view::npos)
      return false;
    at = end + 1;
  }
  return true;
}

std::string header_of(std::string_view content) {
  std::string header;
  while (!content.empty()) {
    auto end = content.find('\n');
    if (end == std::string_view::npos) break;  // cut off in the middle
    auto line = content.substr(0, end);
    content.remove_prefix(end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) break;
    line = line.substr(0, longest_line);
    if (header.size() + line.size() + 2 > limits::dsn_header_octets) break;
    for (char c : line) header += c == '\0' || c == '\r' ? '?' : c;
    header += "\r\n";
  }
  return header;
}

}  // namespace

ReturnedContent returned_content(std::string_view content, bool all_of_it) {
  ReturnedContent returned;
  returned.whole =
      all_of_it && content.size() <= limits::dsn_message_octets && can_be_carried(content);
  returned.octets = returned.whole ? std::string(content) : header_of(content);
  returned.eight_bit = has_eight_bit(returned.octets);
  return returned;
}

}  // namespace malleposte::mail
