#include "deliver/mailbox_path.h"

#include <algorithm>

#include "base/ascii.h"

namespace malleposte::deliver {
namespace {

constexpr std::size_t longest_name = 255;  // NAME_MAX

// As a name in a directory, or a part of one.
bool harmless(std::string_view text) {
  return !text.empty() && text.front() != '.' && std::none_of(text.begin(), text.end(), [](char c) {
    const auto octet = static_cast<unsigned char>(c);
    return c == '/' || octet < ' ' || octet == 0x7f;
  });
}

// The names of its parts are no longer than they may be.
bool short_enough(std::string_view path) {
  for (;;) {
    const auto slash = path.find('/');
    if (std::min(slash, path.size()) > longest_name) return false;
    if (slash == std::string_view::npos) return true;
    path.remove_prefix(slash + 1);
  }
}

}  // namespace

std::string to_string(const MailboxPath& path) {
  return path.below.empty() ? path.root : path.root + '/' + path.below;
}

std::optional<MailboxPath> mailbox_path(std::string_view pattern, const mail::Address& recipient) {
  const auto first = pattern.find('{');
  if (first == std::string_view::npos) return MailboxPath{std::string(pattern), ""};
  const auto slash = pattern.rfind('/', first);
  MailboxPath path{std::string(pattern.substr(0, slash)), ""};
  if (path.root.empty()) path.root = "/";
  const auto domain = mail::canonical_domain(recipient.domain);
  const auto local = lowered(recipient.local);
  for (auto rest = pattern.substr(slash + 1); !rest.empty();) {
    const auto brace = std::min(rest.find('{'), rest.size());
    path.below += rest.substr(0, brace);
    rest.remove_prefix(brace);
    if (rest.empty()) break;
    const auto name = rest.substr(0, rest.find('}') + 1);
    const auto& part = name == "{domain}" ? domain : local;
    if (!harmless(part)) return std::nullopt;
    path.below += part;
    rest.remove_prefix(name.size());
  }
  if (!short_enough(path.below)) return std::nullopt;
  return path;
}

}  // namespace malleposte::deliver
