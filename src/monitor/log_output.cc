#include "monitor/log_output.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace malleposte::monitor {
namespace {

std::string errno_text(int error) {
  return std::generic_category().message(error);
}

// Writes all it can; returns errno, 0 when everything was written.
int write_all(int file, std::string_view bytes, std::size_t& taken) {
  while (taken < bytes.size()) {
    auto n = ::write(file, bytes.data() + taken, bytes.size() - taken);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno;
    taken += static_cast<std::size_t>(n);
  }
  return 0;
}

}  // namespace

LogFile::LogFile(std::filesystem::path path, std::uint64_t octets_max)
    : path_(std::move(path)), octets_max_(octets_max) {}

LogFile::~LogFile() {
  close();
}

void LogFile::close() {
  if (file_ >= 0) ::close(file_);
  file_ = -1;
}

bool LogFile::still_there() const {
  struct stat ours{};
  struct stat named{};
  return ::fstat(file_, &ours) == 0 && ::stat(path_.c_str(), &named) == 0 &&
         ours.st_ino == named.st_ino && ours.st_dev == named.st_dev;
}

std::string LogFile::open() {
  if (path_.has_parent_path()) {
    std::error_code error;
    if (std::filesystem::create_directories(path_.parent_path(), error))
      std::filesystem::permissions(path_.parent_path(), std::filesystem::perms(0750), error);
    if (error) return path_.parent_path().string() + ": " + error.message();
  }
  file_ = ::open(path_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0640);
  if (file_ < 0) return path_.string() + ": " + errno_text(errno);
  struct stat status{};
  if (::fstat(file_, &status) == 0) size_ = static_cast<std::uint64_t>(status.st_size);
  return {};
}

void LogFile::rotate() {
  auto old = path_;
  old += ".1";
  // When the rename fails we go on with the full file: a long log is better than none.
  if (::rename(path_.c_str(), old.c_str()) == 0) close();
}

Written LogFile::write(std::string_view lines) {
  if (file_ >= 0 && !inside_line_ && !still_there()) close();
  if (file_ < 0) {
    if (auto error = open(); !error.empty()) return {0, error};
  }
  if (!inside_line_ && size_ != 0 && size_ + lines.size() > octets_max_) {
    rotate();
    if (file_ < 0) {
      if (auto error = open(); !error.empty()) return {0, error};
    }
  }
  Written result;
  int error = write_all(file_, lines, result.octets);
  size_ += result.octets;
  if (result.octets != 0) inside_line_ = lines[result.octets - 1] != '\n';
  if (error != 0) result.error = path_.string() + ": " + errno_text(error);
  return result;
}

Written DescriptorOutput::write(std::string_view lines) {
  Written result;
  int error = write_all(file_, lines, result.octets);
  if (error == EAGAIN)
    result.error = "stderr: " + errno_text(error);
  else
    result.octets = lines.size();
  return result;
}

}  // namespace malleposte::monitor
