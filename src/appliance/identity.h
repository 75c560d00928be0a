// Whom the process acts as. With `run_as` a start as root makes and opens everything on the volume
// as that user, binds its ports as root, and then becomes the user for good. Called while starting,
// on the main thread; the C library applies it to all threads.
#pragma once

#include <filesystem>
#include <string>

#include "base/result.h"

namespace malleposte::appliance {

class RunAs {
 public:
  // Nothing happens while `user` is empty or is who we are already. Errors (Fault::configuration):
  // no such user; we are not root.
  static Result<RunAs> find(const std::string& user);

  // Gives a directory that is empty (just made) to the user.
  Result<void> give(const std::filesystem::path& directory) const;
  // Acts as the user until back_to_root(). Errors: Fault::configuration.
  Result<void> act_as_user() const;
  Result<void> back_to_root() const;
  // No way back.
  Result<void> become_user() const;

 private:
  bool changes_ = false;
  std::string name_;
  unsigned user_ = 0;
  unsigned group_ = 0;
};

}  // namespace malleposte::appliance
