#include "mail/wrapped_text.h"

#include <fmt/format.h>

#include <optional>

#include "mail/code_points.h"

namespace malleposte::mail {
namespace {

constexpr std::size_t line_columns = 72;

// Marks that stay with what stands before them, and those that stay with what follows.
constexpr std::u32string_view closing =
    U"、。，．：；？！）］｝」』】〕〉》・ー々ぁぃぅぇぉっゃゅょァィゥェォッャュョ";
constexpr std::u32string_view opening = U"（［｛「『【〔〈《";

// Whether a line may end between two characters that stand side by side.
bool may_part(char32_t before, char32_t after) {
  if (columns(before) == 1 && columns(after) == 1) return false;
  return opening.find(before) == opening.npos && closing.find(after) == closing.npos;
}

struct Line {
  std::size_t octets;  // of this line
  std::size_t next;    // where the next one begins
};

// The first line of a text that is not empty.
Line first_line(std::string_view text, std::size_t most) {
  std::optional<Line> parting;  // the last place where it may end
  std::size_t width = 0;
  char32_t before = U' ';  // no line ends in front of its first character
  for (std::size_t at = 0; at < text.size();) {
    const auto next = first_code_point(text.substr(at));
    const auto wide = next.valid ? columns(next.value) : 1;
    if (next.value == U' ' && at > 0)
      parting = Line{at, at + 1};
    else if (at > 0 && before != U' ' && may_part(before, next.value))
      parting = Line{at, at};
    if (width + wide > most) return parting.value_or(Line{at, at});
    width += wide;
    before = next.value;
    at += next.octets;
  }
  return {text.size(), text.size()};
}

}  // namespace

std::string wrap(std::string_view text, std::string_view indent) {
  std::string wrapped;
  while (!text.empty()) {
    const auto line = first_line(text, line_columns - indent.size());
    wrapped += indent;
    wrapped += text.substr(0, line.octets);
    wrapped += "\r\n";
    text.remove_prefix(line.next);
  }
  return wrapped;
}

std::string folded_field(std::string_view name, std::string_view value) {
  auto lines = wrap(fmt::format("{}: {}", name, value));
  std::string folded;
  for (std::size_t at = 0; at < lines.size();) {
    auto end = lines.find("\r\n", at) + 2;
    if (at > 0) folded += ' ';
    folded += lines.substr(at, end - at);
    at = end;
  }
  return folded;
}

}  // namespace malleposte::mail
