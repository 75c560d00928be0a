// The real Loop: one Asio io_context, run by one thread, with our own timers and one thread for
// each offload lane. Whoever owns the process makes one, calls run() on the loop thread and stop()
// from anywhere. Asio itself is seen only through net/asio_internal.h, inside net/.
//
// Destruction (on the loop thread, after run() returned): the lanes finish what was handed to them
// and are joined; callbacks and timers that have not run are dropped. Destroy everything that uses
// the loop first, or call join_lanes() before, so that no work outlives what it works on.
//
// A callback that throws ends the process.
#pragma once

#include <memory>

#include "base/loop.h"

namespace boost::asio {
class io_context;
}

namespace malleposte::net {

class AsioLoop final : public Loop {
 public:
  AsioLoop();
  ~AsioLoop() override;
  AsioLoop(const AsioLoop&) = delete;
  AsioLoop& operator=(const AsioLoop&) = delete;

  // Runs until stop(). May be called again afterwards.
  void run() noexcept;
  // Runs what is ready now, without waiting. After run(), so that coroutines whose streams have
  // just been closed come to their end.
  void run_ready() noexcept;
  // Any thread. A stop() before run() makes that run() return at once.
  void stop();

  // Calls back on the loop thread for each arrival of the signal, for as long as the loop lives.
  // One callback a signal.
  void on_signal(int signal, Callback callback);

  // Waits until the lanes have finished everything handed to them, and ends their threads; their
  // `done` callbacks are posted as ever. A later offload() starts the lane again.
  void join_lanes();

  SteadyTime steady() const override;
  WallTime wall() const override;
  std::uint64_t random() override;
  void post(Callback callback) override;
  TimerId call_at(SteadyTime when, Callback callback) override;
  void cancel(TimerId id) override;
  void offload(Lane lane, Callback work, Callback done) override;

  // For net/ only.
  boost::asio::io_context& context();

 private:
  struct Impl;
  const std::unique_ptr<Impl> impl_;
};

}  // namespace malleposte::net
