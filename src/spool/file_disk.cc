#include "spool/file_disk.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <mutex>

namespace malleposte::spool {
namespace {

tl::unexpected<Error> disk_error(std::string_view what, std::string_view where) {
  return fail(Fault::disk, fmt::format("{} {}: {}", what, where, std::strerror(errno)));
}

class FileDisk final : public Disk {
 public:
  FileDisk(std::string directory, int fd) : directory_(std::move(directory)), fd_(fd) {}
  ~FileDisk() override {
    forget_direct();
    ::close(fd_);
  }

  Result<std::vector<Entry>> list() override {
    int copy = ::openat(fd_, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR* stream = copy < 0 ? nullptr : ::fdopendir(copy);
    if (!stream) return disk_error("cannot list", directory_);
    std::vector<Entry> entries;
    while (dirent* found = ::readdir(stream)) {
      struct stat status{};
      if (::fstatat(fd_, found->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
          S_ISREG(status.st_mode))
        entries.push_back({found->d_name, static_cast<std::uint64_t>(status.st_size)});
    }
    ::closedir(stream);
    return entries;
  }

  Result<File> open(const std::string& name) override {
    int file = ::openat(fd_, name.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (file < 0) return disk_error("cannot open", path(name));
    return file;
  }

  Result<File> create(const std::string& name) override {
    int file = ::openat(fd_, name.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0) return disk_error("cannot create", path(name));
    return file;
  }

  void close(File file) override {
    {
      const std::scoped_lock lock(direct_mutex_);
      if (direct_of_ == file) forget_direct();
    }
    ::close(file);
  }

  Result<void> remove(const std::string& name) override {
    if (::unlinkat(fd_, name.c_str(), 0) != 0) return disk_error("cannot remove", path(name));
    return {};
  }

  Result<void> set_aside(const std::string& name, const std::string& as) override {
    ::mkdirat(fd_, "corrupt", 0700);
    if (::renameat(fd_, name.c_str(), fd_, ("corrupt/" + as).c_str()) != 0)
      return disk_error("cannot set aside", path(name));
    return {};
  }

  Result<void> keep_damaged(const std::string& as, std::string_view bytes) override {
    ::mkdirat(fd_, "corrupt", 0700);
    auto name = "corrupt/" + as;
    int file = ::openat(fd_, name.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file < 0) return disk_error("cannot create", path(name));
    auto written = write(file, 0, std::span(&bytes, 1));
    ::close(file);
    return written;
  }

  Result<void> sync_directory() override {
    if (::fsync(fd_) != 0) return disk_error("cannot sync", directory_);
    return {};
  }

  Result<void> write(File file, std::uint64_t offset,
                     std::span<const std::string_view> buffers) override {
    constexpr std::size_t most = 512;  // below IOV_MAX
    std::array<iovec, most> vector;
    std::size_t next = 0, skip = 0;
    while (next < buffers.size()) {
      std::size_t count = 0;
      for (std::size_t i = next; i < buffers.size() && count < most; ++i, ++count) {
        std::string_view part = buffers[i];
        if (i == next) part.remove_prefix(skip);
        vector[count] = {const_cast<char*>(part.data()), part.size()};
      }
      ssize_t written =
          ::pwritev(file, vector.data(), static_cast<int>(count), static_cast<off_t>(offset));
      if (written < 0) {
        if (errno == EINTR) continue;
        return disk_error("cannot write to", directory_);
      }
      offset += static_cast<std::uint64_t>(written);
      auto left = static_cast<std::size_t>(written) + skip;
      while (next < buffers.size() && left >= buffers[next].size()) left -= buffers[next++].size();
      skip = left;
    }
    return {};
  }

  Result<bool> write_durably(File file, std::uint64_t offset,
                             std::span<const std::string_view> buffers) override {
    std::size_t octets = 0;
    for (const auto part : buffers) octets += part.size();
    if (octets <= direct_octets_most && write_direct(file, offset, octets, buffers)) return false;
    return Disk::write_durably(file, offset, buffers);
  }

  Result<void> sync(File file) override {
    if (::fdatasync(file) != 0) return disk_error("cannot sync a file in", directory_);
    return {};
  }

  Result<std::size_t> read(File file, std::uint64_t offset, std::span<char> into) override {
    std::size_t done = 0;
    while (done < into.size()) {
      ssize_t got =
          ::pread(file, into.data() + done, into.size() - done, static_cast<off_t>(offset + done));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return disk_error("cannot read from", directory_);
      if (got == 0) break;
      done += static_cast<std::size_t>(got);
    }
    return done;
  }

  std::optional<std::size_t> read_now(File file, std::uint64_t offset,
                                      std::span<char> into) override {
    iovec vector{into.data(), into.size()};
    ssize_t got = ::preadv2(file, &vector, 1, static_cast<off_t>(offset), RWF_NOWAIT);
    if (got < 0 || static_cast<std::size_t>(got) < into.size()) return std::nullopt;
    return static_cast<std::size_t>(got);
  }

  Space space() override {
    struct statvfs status{};
    if (::fstatvfs(fd_, &status) != 0) return {0, 0, false};
    constexpr long btrfs = 0x9123683e, zfs = 0x2fc12fc1, bcachefs = static_cast<long>(0xca451a4e);
    struct statfs kind{};
    bool copies = ::fstatfs(fd_, &kind) == 0 &&
                  (kind.f_type == btrfs || kind.f_type == zfs || kind.f_type == bcachefs);
    return {static_cast<std::uint64_t>(status.f_bavail) * status.f_frsize,
            static_cast<std::uint64_t>(status.f_blocks) * status.f_frsize, copies};
  }

 private:
  std::string path(const std::string& name) const { return directory_ + "/" + name; }

  // Past the page cache, straight from memory to the device: a small write is durable some tenth of
  // a millisecond sooner so. False when that did not work, whatever the reason: written again in
  // the usual way, it will succeed, or say why not.
  bool write_direct(File file, std::uint64_t offset, std::size_t octets,
                    std::span<const std::string_view> buffers) {
    const std::scoped_lock lock(direct_mutex_);
    if (!direct_works_) return false;
    if (direct_of_ != file) {
      forget_direct();
      // By its open descriptor, as the name may mean another file by now.
      direct_ = ::open(fmt::format("/proc/self/fd/{}", file).c_str(),
                       O_WRONLY | O_DIRECT | O_DSYNC | O_CLOEXEC);
      direct_works_ = direct_ >= 0;
      if (!direct_works_) return false;
      direct_of_ = file;
    }
    char* to = direct_buffer_.octets;
    for (const auto part : buffers) to = std::copy(part.begin(), part.end(), to);
    const ssize_t written =
        ::pwrite(direct_, direct_buffer_.octets, octets, static_cast<off_t>(offset));
    // A device may want larger sectors than ours.
    if (written < 0 && errno == EINVAL) direct_works_ = false;
    return written == static_cast<ssize_t>(octets);
  }

  void forget_direct() {
    if (direct_ >= 0) ::close(direct_);
    direct_ = direct_of_ = -1;
  }

  // More in one write gains from the page cache, as it is read again when it is delivered.
  static constexpr std::size_t direct_octets_most = 16 * 1024;
  struct alignas(4096) DirectBuffer {
    char octets[direct_octets_most];
  };

  std::string directory_;
  int fd_;

  std::mutex direct_mutex_;
  DirectBuffer direct_buffer_;
  bool direct_works_ = true;
  int direct_ = -1;  // a second descriptor of the file
  File direct_of_ = -1;
};

}  // namespace

Result<std::unique_ptr<Disk>> open_file_disk(const std::string& directory) {
  if (::mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST)
    return disk_error("cannot create", directory);
  return open_existing_disk(directory);
}

Result<std::unique_ptr<Disk>> open_existing_disk(const std::string& directory) {
  int fd = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return disk_error("cannot open", directory);
  return std::make_unique<FileDisk>(directory, fd);
}

}  // namespace malleposte::spool
