#include "net/unix_peer.h"

#include <fmt/format.h>
#include <pwd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <map>

namespace malleposte::net {
namespace {

// "uid 1000 (anna)", or "uid 1000" of a user without a name.
const std::string& user_text(uid_t uid) {
  static std::map<uid_t, std::string> known;
  const auto [entry, is_new] = known.try_emplace(uid);
  if (is_new) {
    std::array<char, 4096> buffer{};
    passwd user{};
    passwd* found = nullptr;
    ::getpwuid_r(uid, &user, buffer.data(), buffer.size(), &found);
    entry->second = found != nullptr ? fmt::format("uid {} ({})", uid, found->pw_name)
                                     : fmt::format("uid {}", uid);
  }
  return entry->second;
}

}  // namespace

std::string unix_peer(int fd) {
  ucred who{};
  socklen_t length = sizeof who;
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &length) != 0) return "local";
  return user_text(who.uid);
}

void remember_users() {
  user_text(0);
  user_text(::geteuid());
}

}  // namespace malleposte::net
