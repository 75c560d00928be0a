#include "deliver/maildir.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>

#include "deliver/mailboxes.h"

namespace malleposte::deliver {
namespace {

using net::FileDescriptor;

smtp::Ruling temporary(std::string status, std::string text) {
  return {smtp::Verdict::temporary, 0, std::move(status), std::move(text)};
}

const smtp::Ruling& fine() {
  static const smtp::Ruling ruling{smtp::Verdict::accepted, 0, "2.0.0", ""};
  return ruling;
}

// A directory at or below `at`; nothing on the way there is a link.
FileDescriptor open_below(int at, const std::string& path, int flags) {
  open_how how{};
  how.flags = static_cast<decltype(how.flags)>(flags | O_DIRECTORY | O_CLOEXEC);
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  long fd = -1;
  // EAGAIN: somebody renames directories on the way.
  for (int trial = 0; trial < 100 && fd < 0; ++trial) {
    fd = ::syscall(SYS_openat2, at, path.c_str(), &how, sizeof(how));
    if (fd < 0 && errno != EINTR && errno != EAGAIN) break;
  }
  return FileDescriptor(static_cast<int>(fd));
}

// Whether there is nothing in a directory; empty: nobody can tell.
std::optional<bool> is_empty(int directory) {
  const int fd = ::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return std::nullopt;
  const std::unique_ptr<DIR, int (*)(DIR*)> entries(::fdopendir(fd), ::closedir);
  if (!entries) {
    ::close(fd);
    return std::nullopt;
  }
  while (const auto* entry = ::readdir(entries.get())) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != ".." && name != "lost+found") return false;
  }
  return true;
}

// The last directory on the way that is there.
FileDescriptor open_as_far_as_it_goes(FileDescriptor at, std::string_view way) {
  while (!way.empty()) {
    const auto part = way.substr(0, way.find('/'));
    way.remove_prefix(std::min(part.size() + 1, way.size()));
    auto next = open_below(at.get(), std::string(part), O_PATH);
    if (!next) break;
    at = std::move(next);
  }
  return at;
}

}  // namespace

// By errno.
smtp::Ruling Maildir::failed(std::string_view what) const {
  const int error = errno;
  // Senders may read it: no path of ours stands in it.
  const auto text =
      fmt::format("the mailbox cannot be written: {}: {}", what, std::strerror(error));
  if (error == EDQUOT) return temporary("4.2.2", text);
  if (error == ENOSPC) return temporary("4.3.1", text);
  return temporary("4.3.0", text);
}

smtp::Ruling Maildir::open() {
  FileDescriptor root(::open(path_.root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!root) return failed("the directory of mailboxes");
  directory_ = open_below(root.get(), path_.below.empty() ? "." : path_.below, O_PATH);
  if (!directory_) {
    if (errno != ENOENT && errno != ENOTDIR && errno != ENAMETOOLONG)
      return failed("its directory");
    const auto empty = is_empty(open_as_far_as_it_goes(std::move(root), path_.below).get());
    if (!empty) return failed("the directory of mailboxes");
    if (*empty)
      return temporary("4.3.0",
                       "the directory of mailboxes is empty: its volume may not be mounted");
    return no_mailbox();
  }
  tmp_ = open_below(directory_.get(), "tmp", O_PATH);
  new_ = tmp_ ? open_below(directory_.get(), "new", O_RDONLY) : FileDescriptor();
  // It is there, and not made yet, or somebody is at it: that is no reason to return mail.
  if (!new_) return failed(tmp_ ? "new/" : "tmp/");
  return fine();
}

smtp::Ruling Maildir::begin(const std::string& name) {
  name_ = name;
  constexpr int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
  file_ = FileDescriptor(::openat(tmp_.get(), name_.c_str(), flags, 0600));
  if (!file_ && errno == EEXIST && ::unlinkat(tmp_.get(), name_.c_str(), 0) == 0)
    file_ = FileDescriptor(::openat(tmp_.get(), name_.c_str(), flags, 0600));
  if (!file_) return failed("tmp/");
  struct stat owner{};
  if (::geteuid() == 0 && (::fstat(directory_.get(), &owner) != 0 ||
                           ::fchown(file_.get(), owner.st_uid, owner.st_gid) != 0))
    return failed("its owner");
  return fine();
}

smtp::Ruling Maildir::write(std::string_view octets) {
  while (!octets.empty()) {
    const auto written = ::write(file_.get(), octets.data(), octets.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return failed("write");
    octets.remove_prefix(static_cast<std::size_t>(written));
  }
  return fine();
}

smtp::Ruling Maildir::commit(const std::function<bool()>& may) {
  if (::fsync(file_.get()) != 0) return failed("sync");
  if (!may()) return no_answer();
  // What we have written, whatever has its name by now; and it may be read and moved at once.
  const auto written = fmt::format("/proc/self/fd/{}", file_.get());
  if (::linkat(AT_FDCWD, written.c_str(), new_.get(), name_.c_str(), AT_SYMLINK_FOLLOW) != 0 &&
      errno != EEXIST)
    return failed("new/");
  if (::fsync(new_.get()) != 0) return failed("sync of new/");
  give_up();
  return filed_in(path_);
}

void Maildir::give_up() {
  if (!file_) return;
  ::unlinkat(tmp_.get(), name_.c_str(), 0);
  file_.reset();
}

}  // namespace malleposte::deliver
