// For tests: a directory that is gone with the test, and all in it.
#pragma once

#include <cassert>
#include <cstdlib>
#include <filesystem>
#include <string>

namespace malleposte {

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    auto name = (std::filesystem::temp_directory_path() / "malleposte-XXXXXX").string();
    const auto* made = ::mkdtemp(name.data());
    assert(made != nullptr);
    path_ = made;
  }
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace malleposte
