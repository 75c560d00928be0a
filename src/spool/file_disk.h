// Disk on a real directory. The directory is made if it does not exist.
#pragma once

#include <memory>

#include "spool/disk.h"

namespace malleposte::spool {

// Fails (Fault::disk) when the directory cannot be made or opened.
Result<std::unique_ptr<Disk>> open_file_disk(const std::string& directory);
// The same, but never makes the directory: for those who only look.
Result<std::unique_ptr<Disk>> open_existing_disk(const std::string& directory);

}  // namespace malleposte::spool
