// When there is too much to do for strangers, and when for everybody. Strangers are turned away
// first, trusted clients last. Pure, time injected: receive/front_door says how busy it is whenever
// somebody connects and once a second, and carries out what comes of it.
//
// - No read buffer was free for limits::buffers_full: strangers.
// - A message waits for the disk since limits::commit_slow: strangers; since limits::commit_stuck:
//   everybody, since nobody's mail would be kept.
// - The system had no descriptor for a connection: strangers.
//
// It ends limits::overload_remembered after the last of these was seen, so that it does not
// flicker. Too many sessions are the business of SessionLimits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/limit.h"
#include "base/time.h"

namespace malleposte::policy {

struct Load {
  bool buffers_free = true;  // a session that has something to read need not wait
  Duration oldest_commit{};  // how long the first of the messages waits that wait for the disk
  bool descriptors_ran_out = false;  // since the last time
};

class Overload {
 public:
  enum class Level : std::uint8_t { none, strangers, everybody };

  void see(const Load& load, SteadyTime now);

  // Who is turned away, and because of what (the answer is that of row(cause())).
  Level level() const { return level_; }
  Limit cause() const { return cause_; }
  std::optional<Limit> refuses(bool trusted) const;

 private:
  void raise(Level level, Limit cause, SteadyTime until);

  Level level_ = Level::none;
  Limit cause_ = Limit::read_buffers;
  SteadyTime until_{};  // when it ends unless it is seen again
  std::optional<SteadyTime> no_buffer_since_;
};

}  // namespace malleposte::policy
