// For tests: a message converted as deliver:: does it, in pieces of any size.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include "mail/down_conversion.h"

namespace malleposte::mail {

inline constexpr Transport to_seven_bit{.eight_bit = false, .long_lines = true};
inline constexpr Transport to_lines{.eight_bit = true, .long_lines = false};
inline constexpr Transport to_seven_bit_lines{.eight_bit = false, .long_lines = false};

struct Converted {
  bool fits = false;
  bool eight_bit_header = false;
  Obstacle obstacle = Obstacle::none;
  std::string content;  // "" where there is an obstacle
};

inline Converted convert(std::string_view content, Transport transport = to_seven_bit,
                         std::size_t step = 65536) {
  const auto each = [&](auto&& take) {
    for (std::size_t at = 0; at < content.size(); at += step) take(content.substr(at, step));
  };
  ContentSurvey survey;
  each([&](std::string_view octets) { survey.add(octets); });
  survey.end();
  Converted converted{
      survey.fits(transport), survey.eight_bit_header(), survey.obstacle(transport), {}};
  if (converted.obstacle != Obstacle::none) return converted;
  if (converted.fits) {
    converted.content = content;
    return converted;
  }
  DownConversion conversion(survey.plan(transport));
  each([&](std::string_view octets) { conversion.add(octets, converted.content); });
  conversion.end(converted.content);
  return converted;
}

// Whether a peer that offers nothing takes it.
inline bool plain(std::string_view content) {
  std::size_t column = 0;
  for (std::size_t i = 0; i < content.size(); ++i) {
    const char c = content[i];
    if (static_cast<unsigned char>(c) > 127 || c == '\0' || c == '\n') return false;
    if (c != '\r') {
      if (++column > 998) return false;
      continue;
    }
    if (++i == content.size() || content[i] != '\n') return false;
    column = 0;
  }
  return true;
}

}  // namespace malleposte::mail
