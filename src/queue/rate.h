// A rate as a bucket of tokens: one a message, filled evenly, holding what one second brings (at
// least one). So in any time T at most rate x T messages go, and one bucket more. Pure.
#pragma once

#include <algorithm>
#include <chrono>

#include "base/time.h"

namespace malleposte::queue {

class Rate {
 public:
  // Messages a second; 0: no limit. What was saved up stays, as far as it fits.
  void set(double per_second, SteadyTime now) {
    fill(now);
    if (per_second_ == 0) tokens_ = std::max(per_second, 1.0);
    per_second_ = per_second;
    tokens_ = std::min(tokens_, bucket());
  }

  bool limited() const { return per_second_ > 0; }

  // When the next message may go: not later than `now` when it may go now.
  SteadyTime ready(SteadyTime now) {
    if (!limited()) return SteadyTime::min();
    fill(now);
    if (tokens_ >= 1 - rounding) return now;
    return now +
           std::chrono::ceil<Duration>(std::chrono::duration<double>((1 - tokens_) / per_second_));
  }

  // A message goes.
  void take() {
    if (limited()) tokens_ = std::max(tokens_ - 1, 0.0);
  }

 private:
  static constexpr double rounding = 1e-9;

  double bucket() const { return std::max(per_second_, 1.0); }
  void fill(SteadyTime now) {
    if (now <= filled_) return;
    const std::chrono::duration<double> passed = now - filled_;
    tokens_ = std::min(tokens_ + passed.count() * per_second_, bucket());
    filled_ = now;
  }

  double per_second_ = 0;
  double tokens_ = 0;
  SteadyTime filled_{};
};

}  // namespace malleposte::queue
