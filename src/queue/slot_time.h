// How long the jobs of a site hold their slots, as a mean of the latest. What is going on counts as
// it grows, so that a site that has become slow shows it before the first of its jobs has ended.
// Pure.
#pragma once

#include "base/time.h"

namespace malleposte::queue {

class SlotTime {
 public:
  // To be called before the number of slots in use changes: until now it was `busy`.
  void pass(unsigned busy, SteadyTime now) {
    if (now <= at_) return;
    if (busy > 0) held_ += busy * (now - at_);
    at_ = now;
  }
  // Another job is given out.
  void begin() {
    if (++jobs_ < remembered) return;
    jobs_ /= 2;
    held_ /= 2;
  }
  void forget() { held_ = Duration::zero(), jobs_ = 0; }

  Duration mean() const { return jobs_ == 0 ? Duration::zero() : held_ / jobs_; }

 private:
  static constexpr int remembered = 64;

  Duration held_{};
  int jobs_ = 0;
  SteadyTime at_{};
};

}  // namespace malleposte::queue
