#include "mail/plain_text.h"

#include <algorithm>

#include "mail/code_points.h"

namespace malleposte::mail {

std::string one_line(std::string_view text, std::size_t octets) {
  std::string line;
  line.reserve(std::min(text.size(), octets));
  for (char c : text) {
    if (line.size() == octets) break;
    if (c == '\r') continue;
    if (c == '\n' || c == '\t') c = ' ';
    line += c >= ' ' && c <= '~' ? c : '?';
  }
  while (!line.empty() && line.back() == ' ') line.pop_back();
  return line;
}

std::string one_line_utf8(std::string_view text, std::size_t octets) {
  std::string line;
  line.reserve(std::min(text.size(), octets));
  while (!text.empty()) {
    const auto next = first_code_point(text);
    auto shown = text.substr(0, next.octets);
    text.remove_prefix(next.octets);
    if (shown == "\r") continue;
    if (shown == "\n" || shown == "\t")
      shown = " ";
    else if (!next.valid || !printable(next.value))
      shown = "?";
    if (line.size() + shown.size() > octets) break;
    line += shown;
  }
  while (!line.empty() && line.back() == ' ') line.pop_back();
  return line;
}

}  // namespace malleposte::mail
