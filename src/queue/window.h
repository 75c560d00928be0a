// How many connections a site may have at once. It opens with what the site answers, and closes
// when the site cannot be reached. Pure.
#pragma once

#include <algorithm>

#include "base/limits.h"

namespace malleposte::queue {

class Window {
 public:
  static constexpr unsigned initial = 5;

  unsigned size() const { return size_; }
  // Never more than so many.
  void set_most(unsigned most) {
    most_ = std::max(most, 1U);
    size_ = std::min(size_, most_);
  }

  // The site answered about a message. Up to the initial size one more connection is allowed for
  // each answer, from there on for each full window of answers.
  void answered() {
    if (size_ >= most_) return;
    if (size_ < initial || ++answers_ >= size_) {
      ++size_;
      answers_ = 0;
    }
  }

  // A connection could not be made while `working` others are in use: with none the site is taken
  // for dead and probed by one at a time, else it has shown how many it wants.
  void unreachable(unsigned working) {
    size_ = std::clamp(working, 1U, size_);
    answers_ = 0;
  }

 private:
  unsigned size_ = initial;
  unsigned most_ = limits::connections_per_next_hop;
  unsigned answers_ = 0;
};

}  // namespace malleposte::queue
