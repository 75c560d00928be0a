#include "config/toml_file.h"

#define TOML_HEADER_ONLY 0
#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <optional>

namespace malleposte::config {
namespace {

std::optional<std::string> scalar(const toml::node& node) {
  if (auto text = node.value_exact<std::string>()) return *text;
  if (auto number = node.value_exact<std::int64_t>()) return std::to_string(*number);
  if (auto truth = node.value_exact<bool>()) return std::string(*truth ? "yes" : "no");
  return std::nullopt;
}

std::optional<std::string> joined(const toml::array& array) {
  std::string text;
  for (const toml::node& element : array) {
    auto one = scalar(element);
    if (!one) return std::nullopt;
    if (!text.empty()) text += ", ";
    text += *one;
  }
  return text;
}

void take(const std::string& name, const toml::node& node, unsigned line, TomlFile& file) {
  if (node.is_table() || node.is_array_of_tables()) {
    file.problems.push_back(
        {line, fmt::format("[{}]: there are no tables here; a line is: name = value", name)});
    return;
  }
  const toml::array* array = node.as_array();
  auto text = array ? joined(*array) : scalar(node);
  if (!text)
    file.problems.push_back(
        {line, fmt::format("{}: allowed are a string in quotes, a whole number, true or false, or "
                           "a list of those",
                           name)});
  else
    file.entries.push_back({name, std::move(*text), line, array != nullptr});
}

}  // namespace

TomlFile read_toml(const std::filesystem::path& path) {
  TomlFile file;
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) {
    file.problems.push_back({0, "is a directory, not a configuration file"});
    return file;
  }
  errno = 0;
  std::ifstream stream(path, std::ios::binary);
  if (!stream) {
    file.problems.push_back({0, fmt::format("cannot be read: {}", std::strerror(errno))});
    return file;
  }
  const std::string content{std::istreambuf_iterator<char>(stream), {}};
  try {
    const toml::table table = toml::parse(content, path.string());
    for (const auto& [key, node] : table)
      take(std::string(key.str()), node, static_cast<unsigned>(key.source().begin.line), file);
  } catch (const toml::parse_error& wrong) {
    file.problems.push_back({static_cast<unsigned>(wrong.source().begin.line),
                             fmt::format("is not TOML: {}", wrong.description())});
  }
  const auto by_line = [](const auto& a, const auto& b) { return a.line < b.line; };
  std::sort(file.entries.begin(), file.entries.end(), by_line);
  std::sort(file.problems.begin(), file.problems.end(), by_line);
  return file;
}

}  // namespace malleposte::config
