// Where log lines end: a file of bounded size with one rotation, or an open descriptor (stderr).
// Used by the journal on its helper thread; may block. Nothing is synced: the log tells what
// happened, the spool is what must survive.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace malleposte::monitor {

struct Written {
  std::size_t octets = 0;  // taken; the caller keeps the rest and tries again
  std::string error;       // "" when everything was taken
};

class LogOutput {
 public:
  virtual ~LogOutput() = default;
  virtual Written write(std::string_view lines) = 0;
};

// Appends to `path`. When the lines would take the file past `octets_max`, it is first renamed to
// `path`.1, which replaces the one before; so two files of that size are kept at most. Directories
// are created (0750), files too (0640). A file that somebody else has moved away or removed
// (logrotate) is made anew.
class LogFile final : public LogOutput {
 public:
  LogFile(std::filesystem::path path, std::uint64_t octets_max);
  ~LogFile() override;
  LogFile(const LogFile&) = delete;
  LogFile& operator=(const LogFile&) = delete;

  Written write(std::string_view lines) override;

 private:
  bool still_there() const;
  std::string open();
  void close();
  void rotate();

  std::filesystem::path path_;
  std::uint64_t octets_max_;
  std::uint64_t size_ = 0;
  int file_ = -1;
  bool inside_line_ = false;  // the last write ended early
};

// Writes to a descriptor it does not own. Lines that a closed one does not take are gone: there is
// nobody left to read them.
class DescriptorOutput final : public LogOutput {
 public:
  explicit DescriptorOutput(int file) : file_(file) {}
  Written write(std::string_view lines) override;

 private:
  int file_;
};

}  // namespace malleposte::monitor
