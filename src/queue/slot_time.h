// How long the jobs of a site hold their slots: those that ended, the latest counting most, and
// those that are under way, so that a site that has become slow shows it before the first of its
// jobs has ended. Pure.
#pragma once

#include <algorithm>
#include <cassert>
#include <vector>

#include "base/time.h"

namespace malleposte::queue {

class SlotTime {
 public:
  void begin(SteadyTime now) {
    began_.push_back(now);
    sum_ += now.time_since_epoch();
  }
  // Which of them is not known: the oldest.
  void end(SteadyTime now) {
    assert(!began_.empty());
    const auto took = now - began_.front();
    sum_ -= began_.front().time_since_epoch();
    began_.erase(began_.begin());  // a few: a window at most
    mean_ += (took - mean_) / remembered;
  }
  void forget() { mean_ = Duration::zero(); }

  Duration at(SteadyTime now) const {
    if (began_.empty()) return mean_;
    const auto count = static_cast<Duration::rep>(began_.size());
    return std::max(mean_, now.time_since_epoch() - sum_ / count);
  }

 private:
  static constexpr int remembered = 4;

  Duration mean_{};
  std::vector<SteadyTime> began_;
  Duration sum_{};
};

}  // namespace malleposte::queue
