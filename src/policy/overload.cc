#include "policy/overload.h"

#include "base/limits.h"

namespace malleposte::policy {

void Overload::see(const Load& load, SteadyTime now) {
  if (now >= until_) level_ = Level::none;
  const SteadyTime until = now + limits::overload_remembered;
  if (load.buffers_free) {
    no_buffer_since_.reset();
  } else {
    if (!no_buffer_since_) no_buffer_since_ = now;
    if (now - *no_buffer_since_ >= limits::buffers_full)
      raise(Level::strangers, Limit::read_buffers, until);
  }
  if (load.descriptors_ran_out)
    raise(Level::strangers, Limit::descriptors, now + limits::descriptors_short);
  if (load.oldest_commit >= limits::commit_stuck) {
    raise(Level::everybody, Limit::commit_delay, until);
  } else if (load.oldest_commit >= limits::commit_slow) {
    raise(Level::strangers, Limit::commit_delay, until);
  }
}

// What is seen now takes the place of what was seen before, unless that was worse.
void Overload::raise(Level level, Limit cause, SteadyTime until) {
  if (level < level_) return;
  if (level == level_ && until < until_) return;
  level_ = level;
  cause_ = cause;
  until_ = until;
}

std::optional<Limit> Overload::refuses(bool trusted) const {
  if (level_ == Level::everybody || (level_ == Level::strangers && !trusted)) return cause_;
  return {};
}

}  // namespace malleposte::policy
