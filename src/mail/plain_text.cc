#include "mail/plain_text.h"

#include <algorithm>

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

}  // namespace malleposte::mail
