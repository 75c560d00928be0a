#include "appliance/lock_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace malleposte::appliance {
namespace {

std::string holder_of(int file) {
  std::array<char, 32> text{};
  const ssize_t size = ::pread(file, text.data(), text.size() - 1, 0);
  std::string pid(text.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
  if (pid.empty() || pid.find_first_not_of("0123456789\n") != std::string::npos) return {};
  pid.erase(pid.find('\n'));
  return fmt::format(" (process {})", pid);
}

}  // namespace

Result<LockFile> LockFile::take(const std::filesystem::path& path) {
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
  if (file < 0)
    return fail(Fault::disk,
                fmt::format("{} cannot be opened: {}.", path.string(), std::strerror(errno)));
  LockFile lock(file);
  if (::flock(file, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK)
      return fail(Fault::disk,
                  fmt::format("{} cannot be locked: {}.", path.string(), std::strerror(errno)));
    return fail(
        Fault::resource,
        fmt::format("The volume {} is in use by another malleposte{}: stop that one, or set "
                    "volume_data to another directory.",
                    path.parent_path().string(), holder_of(file)));
  }
  // Only for the message above: a failure to write it does not matter.
  const std::string pid = fmt::format("{}\n", ::getpid());
  if (::ftruncate(file, 0) == 0 && ::pwrite(file, pid.data(), pid.size(), 0) < 0) errno = 0;
  return lock;
}

LockFile::LockFile(LockFile&& other) noexcept : file_(std::exchange(other.file_, -1)) {}

LockFile::~LockFile() {
  if (file_ >= 0) ::close(file_);
}

}  // namespace malleposte::appliance
