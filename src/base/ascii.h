// Letters of ASCII without their case, whatever the locale: names of fields, domains and properties
// are compared so. Octets above 127 stay as they are. Pure.
#pragma once

#include <string>
#include <string_view>

namespace malleposte {

constexpr char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

inline std::string lowered(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = lower(c);
  return result;
}

}  // namespace malleposte
