// One server a volume: an flock on <volume_data>/lock, held for the life of the process. The lock
// goes with the process, so that a killed server never stops a start; the file stays.
#pragma once

#include <filesystem>

#include "base/result.h"

namespace malleposte::appliance {

class LockFile {
 public:
  // Errors: Fault::resource when another server holds it (the text names its process),
  // Fault::disk when the file cannot be made.
  static Result<LockFile> take(const std::filesystem::path& path);
  LockFile(LockFile&& other) noexcept;
  LockFile& operator=(LockFile&&) = delete;
  ~LockFile();

 private:
  explicit LockFile(int file) : file_(file) {}
  int file_;
};

}  // namespace malleposte::appliance
