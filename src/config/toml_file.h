// malleposte.toml as names and texts with their lines: the only place that sees the TOML library.
// Called by the loader, blocks. Never throws; what is wrong comes back as problems with a line.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace malleposte::config {

struct TomlEntry {
  std::string name;
  std::string text;  // strings as they are, numbers in decimal, true and false as yes and no,
                     // arrays joined by commas
  unsigned line;
  bool is_list;
};

struct TomlProblem {
  unsigned line;  // 0: the file as a whole
  std::string what;
};

struct TomlFile {
  std::vector<TomlEntry> entries;  // by line
  std::vector<TomlProblem> problems;
};

TomlFile read_toml(const std::filesystem::path& path);

}  // namespace malleposte::config
