#include "mail/message_fields.h"

#include <algorithm>

#include "base/ascii.h"

namespace malleposte::mail {
namespace {

// The next line without its end; takes it off the text.
std::string_view take_line(std::string_view& text) {
  const auto end = std::min(text.find('\n'), text.size());
  auto line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

bool continues(std::string_view line) {
  return line.front() == ' ' || line.front() == '\t';
}

struct Start {
  std::string name;
  std::string_view value;
};

// The beginning of a field; an empty name when the line is none.
Start start_of(std::string_view line) {
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return {};
  auto name = line.substr(0, colon);
  while (name.ends_with(' ') || name.ends_with('\t')) name.remove_suffix(1);
  auto value = line.substr(colon + 1);
  value.remove_prefix(std::min(value.find_first_not_of(' '), value.size()));
  return {lowered(name), value};
}

}  // namespace

Fields take_fields(std::string_view& text) {
  Fields fields;
  while (!text.empty()) {
    const auto line = take_line(text);
    if (line.empty()) break;
    if (continues(line)) {
      if (!fields.empty()) fields.back().second += line;
      continue;
    }
    if (auto start = start_of(line); !start.name.empty())
      fields.emplace_back(std::move(start.name), start.value);
  }
  return fields;
}

std::string_view field_value(const Fields& fields, std::string_view name) {
  for (const auto& [known, text] : fields)
    if (known == name) return text;
  return {};
}

std::string header_value(std::string_view content, std::string_view name, std::size_t octets_max) {
  std::string found;
  bool inside = false;
  while (!content.empty()) {
    const auto line = take_line(content);
    if (line.empty()) break;
    if (continues(line)) {
      if (inside) found += line.substr(0, octets_max - std::min(octets_max, found.size()));
      continue;
    }
    if (inside) break;
    // Names are compared without their copy: a line may be long.
    if (line.size() <= name.size() || lowered(line.substr(0, name.size())) != name) continue;
    if (auto start = start_of(line.substr(0, name.size() + octets_max + 16)); start.name == name) {
      inside = true;
      found = start.value.substr(0, octets_max);
    }
  }
  return found;
}

}  // namespace malleposte::mail
