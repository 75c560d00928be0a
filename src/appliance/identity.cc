#include "appliance/identity.h"

#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace malleposte::appliance {
namespace {

Result<void> failed(std::string_view what) {
  return fail(Fault::configuration, fmt::format("{}: {}.", what, std::strerror(errno)));
}

}  // namespace

Result<RunAs> RunAs::find(const std::string& user) {
  RunAs run_as;
  if (user.empty()) return run_as;
  const passwd* entry = ::getpwnam(user.c_str());
  if (entry == nullptr)
    return fail(Fault::configuration,
                fmt::format("run_as: \"{}\" is no user of this system.", user));
  run_as.name_ = user;
  run_as.user_ = entry->pw_uid;
  run_as.group_ = entry->pw_gid;
  if (entry->pw_uid == ::geteuid()) return run_as;
  if (::geteuid() != 0)
    return fail(Fault::configuration,
                fmt::format("run_as: only root can become {}; start as root or as {}, or leave "
                            "run_as empty.",
                            user, user));
  run_as.changes_ = true;
  return run_as;
}

Result<void> RunAs::give(const std::filesystem::path& directory) const {
  std::error_code error;
  if (!changes_ || !std::filesystem::is_empty(directory, error)) return {};
  if (::chown(directory.c_str(), user_, group_) != 0)
    return failed(fmt::format("{} cannot be given to {}", directory.string(), name_));
  return {};
}

Result<void> RunAs::act_as_user() const {
  if (!changes_) return {};
  if (::initgroups(name_.c_str(), group_) != 0 || ::setegid(group_) != 0 || ::seteuid(user_) != 0)
    return failed(fmt::format("cannot act as {}", name_));
  return {};
}

Result<void> RunAs::back_to_root() const {
  if (!changes_) return {};
  if (::seteuid(0) != 0 || ::setegid(0) != 0) return failed("cannot act as root again");
  return {};
}

Result<void> RunAs::become_user() const {
  if (!changes_) return {};
  if (::initgroups(name_.c_str(), group_) != 0 || ::setgid(group_) != 0 || ::setuid(user_) != 0)
    return failed(fmt::format("cannot become {}", name_));
  // A process that could become root again has not become the user.
  if (user_ != 0 && ::setuid(0) == 0)
    return fail(Fault::configuration, fmt::format("{} can become root again.", name_));
  return {};
}

}  // namespace malleposte::appliance
