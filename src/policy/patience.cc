#include "policy/patience.h"

#include <algorithm>

namespace malleposte::policy {

SteadyTime Patience::deadline(Doing doing, SteadyTime now) {
  if (doing != doing_) begin(doing, now);
  since_ = now;
  met_ = Limit::idle_time;
  SteadyTime until = now + options_.idle;
  if (doing == Doing::command && command_ + options_.command < until) {
    met_ = Limit::command_time;
    until = std::max(now, command_ + options_.command);
  }
  if (doing == Doing::content && options_.data_rate != 0 &&
      now + (options_.data_window - waited_) < until) {
    met_ = Limit::data_rate;
    until = now + (options_.data_window - waited_);
  }
  return until;
}

void Patience::begin(Doing doing, SteadyTime now) {
  doing_ = doing;
  command_ = now;
  waited_ = {};
  octets_ = 0;
}

bool Patience::received(std::uint64_t octets, SteadyTime now) {
  if (doing_ != Doing::content || options_.data_rate == 0) return true;
  waited_ += now - since_;
  octets_ += octets;
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(options_.data_window);
  const std::uint64_t enough = options_.data_rate * static_cast<std::uint64_t>(seconds.count());
  // Whoever has brought enough for a window begins the next one.
  if (octets_ >= enough) {
    waited_ = {};
    octets_ = 0;
    return true;
  }
  met_ = Limit::data_rate;
  return waited_ < options_.data_window;
}

}  // namespace malleposte::policy
