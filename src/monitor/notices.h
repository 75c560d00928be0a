// The standing notices: what an operator should know now, until it is no longer so ("Data volume
// has less than 5% of free disk space"). Whoever finds the condition raises it and clears it under
// the same id; the API shows the list. Loop thread only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/limits.h"
#include "base/time.h"
#include "monitor/record.h"

namespace malleposte::monitor {

struct Notice {
  std::string id;  // "disk-low": names the condition, one notice an id
  Severity severity = Severity::info;
  std::string text;    // what is so; documented texts byte for byte
  std::string reason;  // why, "" when the text says it
  std::string action;  // what to do, "" nothing
  WallTime since{};    // first raised; kept while the notice stands
};

class Notices {
 public:
  explicit Notices(std::size_t capacity = limits::notices) : capacity_(capacity) {}

  // Makes the notice stand, or renews the texts of the one that stands under this id. True when it
  // is new: the moment to write an event. A full list lets a more severe notice take the place of
  // the newest of the least severe ones, and otherwise counts the newcomer as left out.
  bool raise(Notice notice);
  // True when it stood.
  bool clear(std::string_view id);
  bool stands(std::string_view id) const;
  // The most severe first, then the oldest.
  std::vector<Notice> all() const;
  std::uint64_t left_out() const { return left_out_; }

 private:
  std::size_t capacity_;
  std::vector<Notice> notices_;  // in the order they were raised
  std::uint64_t left_out_ = 0;
};

}  // namespace malleposte::monitor
