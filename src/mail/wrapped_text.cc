#include "mail/wrapped_text.h"

#include <fmt/format.h>

#include <algorithm>

namespace malleposte::mail {
namespace {
constexpr std::size_t line_octets = 72;
}

std::string wrap(std::string_view text, std::string_view indent) {
  std::string wrapped;
  while (!text.empty()) {
    auto length = std::min(text.size(), line_octets - indent.size());
    auto next = length;
    if (length < text.size()) {
      if (auto blank = text.rfind(' ', length); blank != std::string_view::npos && blank > 0) {
        length = blank;
        next = blank + 1;
      }
    }
    wrapped += indent;
    wrapped += text.substr(0, length);
    wrapped += "\r\n";
    text.remove_prefix(next);
  }
  return wrapped;
}

std::string folded_field(std::string_view name, std::string_view value) {
  auto lines = wrap(fmt::format("{}: {}", name, value));
  std::string folded;
  for (std::size_t at = 0; at < lines.size();) {
    auto end = lines.find("\r\n", at) + 2;
    if (at > 0) folded += ' ';
    folded += lines.substr(at, end - at);
    at = end;
  }
  return folded;
}

}  // namespace malleposte::mail
