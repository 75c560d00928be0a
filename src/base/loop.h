// The seam for time, chance and threads: what the engine needs from its surroundings besides
// network, disk and names. net::AsioLoop is the real one; the simulator has a twin on virtual time.
// Everything but post() is called on the loop thread only.
#pragma once

#include <cstdint>
#include <functional>

#include "base/task.h"
#include "base/time.h"

namespace malleposte {

class Loop {
 public:
  using Callback = std::function<void()>;
  using TimerId = std::uint64_t;  // 0 is never given out

  virtual ~Loop() = default;

  virtual SteadyTime steady() const = 0;
  virtual WallTime wall() const = 0;

  // 64 random bits; from the seed in a simulation. Not for secrets.
  virtual std::uint64_t random() = 0;

  // Runs the callback on the loop thread, soon. Callable from any thread.
  virtual void post(Callback callback) = 0;

  // Runs the callback once at `when` (at once if that has passed). cancel() of an id that has run
  // or was cancelled does nothing.
  virtual TimerId call_at(SteadyTime when, Callback callback) = 0;
  virtual void cancel(TimerId id) = 0;

  // Runs blocking work on a helper thread, then `done` on the loop thread. Works handed to the same
  // lane run one after another in order; different lanes run at the same time.
  enum class Lane : std::uint8_t { journal, reader, housekeeping };
  virtual void offload(Lane lane, Callback work, Callback done) = 0;
};

// co_await sleep_until(loop, when): continues on the loop thread at or after `when`.
inline auto sleep_until(Loop& loop, SteadyTime when) {
  struct Awaiter {
    Loop& loop;
    SteadyTime when;
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> handle) {
      loop.call_at(when, [handle] { handle.resume(); });
    }
    void await_resume() const noexcept {}
  };
  return Awaiter{loop, when};
}

}  // namespace malleposte
