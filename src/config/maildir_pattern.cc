#include "config/maildir_pattern.h"

#include <fmt/format.h>

#include <algorithm>

namespace malleposte::config {

Parsed<std::string> parse_maildir(std::string_view text) {
  const auto wrong = [&](std::string_view what) {
    return tl::make_unexpected(
        fmt::format("\"{}\" {}; write maildir:/path/{{domain}}/{{local}}", text, what));
  };
  auto path = text.substr(std::min(maildir_prefix.size(), text.size()));
  while (path.ends_with('/')) path.remove_suffix(1);
  if (!path.starts_with('/')) return wrong("is no absolute path");
  for (auto rest = path; !rest.empty();) {
    rest.remove_prefix(1);
    const auto part = rest.substr(0, rest.find('/'));
    if (part.empty() || part == "." || part == "..")
      return wrong("has an empty part, or one that is . or ..");
    rest.remove_prefix(part.size());
  }
  for (auto rest = path; !rest.empty();) {
    const auto brace = rest.find_first_of("{}");
    if (brace == std::string_view::npos) break;
    rest.remove_prefix(brace);
    const auto name = rest.substr(0, rest.find('}') + 1);  // "" without one
    if (name != "{domain}" && name != "{local}")
      return wrong("has braces that are neither {domain} nor {local}");
    rest.remove_prefix(name.size());
  }
  return std::string(path);
}

}  // namespace malleposte::config
