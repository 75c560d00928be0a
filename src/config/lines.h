// The lines of a file that an operator writes (`routes`, `destination_limits`), counted from 1, and
// what is wrong in one. Pure.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

namespace malleposte::config {

struct LineProblem {
  unsigned line;
  std::string what;
};

class Lines {
 public:
  explicit Lines(std::string_view content) : content_(content) {}

  // False at the end.
  bool next() {
    if (content_.empty()) return false;
    ++number_;
    const auto end = std::min(content_.find('\n'), content_.size());
    text_ = content_.substr(0, end);
    content_.remove_prefix(std::min(end + 1, content_.size()));
    return true;
  }
  unsigned number() const { return number_; }
  std::string_view text() const { return text_; }  // without its end

 private:
  std::string_view content_, text_;
  unsigned number_ = 0;
};

}  // namespace malleposte::config
