#include "net/asio_loop.h"

#include <sys/random.h>

#include <algorithm>
#include <array>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cassert>
#include <deque>
#include <mutex>
#include <optional>

#include "net/asio_internal.h"
#include "net/timer_heap.h"
#include "net/work_lane.h"

namespace malleposte::net {
namespace {

constexpr std::array lane_names{"journal", "reader", "housekeeping"};

std::uint64_t system_seed() {
  std::uint64_t seed = 0;
  const auto got = getrandom(&seed, sizeof seed, 0);
  assert(got == sizeof seed);
  return seed;
}

}  // namespace

struct AsioLoop::Impl {
  Impl() : guard(context->get_executor()), wake(std::in_place, *context) {}

  struct SignalWatch {
    SignalWatch(asio::io_context& io, int signal, Callback run)
        : set(io, signal), callback(std::move(run)) {}
    asio::signal_set set;
    Callback callback;
  };

  void run_posted();
  void arm(SteadyTime when);
  void run_timers();
  void watch(SignalWatch& signal);
  SteadyTime now() const {
    return SteadyTime{
        std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now().time_since_epoch())};
  }

  TimerHeap timers;
  // One thread runs it, but others post to it: Asio keeps its locks.
  std::optional<asio::io_context> context{1};
  asio::executor_work_guard<asio::io_context::executor_type> guard;

  std::mutex post_mutex;
  std::vector<Callback> posted;
  std::vector<Callback> running;

  std::optional<asio::steady_timer> wake;
  std::optional<SteadyTime> armed;  // when `wake` comes

  std::deque<SignalWatch> signals;
  std::array<std::unique_ptr<WorkLane>, lane_names.size()> lanes;
  std::uint64_t random_state = system_seed();
};

AsioLoop::AsioLoop() : impl_(std::make_unique<Impl>()) {}

AsioLoop::~AsioLoop() {
  join_lanes();
  // Callbacks and Asio's handlers may hold sockets, and those know their timers and the context:
  // callbacks go first, then the context with its handlers, the (empty) heap last.
  impl_->timers.clear();
  for (;;) {
    std::vector<Callback> dropped;
    {
      const std::scoped_lock lock(impl_->post_mutex);
      dropped.swap(impl_->posted);
    }
    if (dropped.empty()) break;
  }
  impl_->signals.clear();
  impl_->wake.reset();
  impl_->guard.reset();
  impl_->context.reset();
}

void AsioLoop::run() noexcept {
  impl_->context->run();
  impl_->context->restart();
}

void AsioLoop::run_ready() noexcept {
  impl_->context->poll();
  impl_->context->restart();
}

void AsioLoop::stop() {
  impl_->context->stop();
}

boost::asio::io_context& AsioLoop::context() {
  return *impl_->context;
}

SteadyTime AsioLoop::steady() const {
  return impl_->now();
}

WallTime AsioLoop::wall() const {
  return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
}

// SplitMix64 (Steele, Lea, Flood 2014): passes the usual tests, one word of state.
std::uint64_t AsioLoop::random() {
  std::uint64_t z = impl_->random_state += 0x9e3779b97f4a7c15U;
  z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
  z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
  return z ^ (z >> 31U);
}

void AsioLoop::post(Callback callback) {
  bool first = false;
  {
    const std::scoped_lock lock(impl_->post_mutex);
    first = impl_->posted.empty();
    impl_->posted.push_back(std::move(callback));
  }
  // One wake-up for all that come until the loop gets to them.
  if (first) asio::post(*impl_->context, [impl = impl_.get()] { impl->run_posted(); });
}

void AsioLoop::Impl::run_posted() {
  {
    const std::scoped_lock lock(post_mutex);
    running.swap(posted);
  }
  for (auto& callback : running) {
    callback();
    callback = nullptr;
  }
  running.clear();
}

Loop::TimerId AsioLoop::call_at(SteadyTime when, Callback callback) {
  const auto id = impl_->timers.add(when, std::move(callback));
  if (!impl_->armed || when < *impl_->armed) impl_->arm(when);
  return id;
}

void AsioLoop::cancel(TimerId id) {
  impl_->timers.cancel(id);
}

void AsioLoop::Impl::arm(SteadyTime when) {
  // Asio counts nanoseconds: `never` would overflow. Waking once an hour for nothing is cheap.
  const SteadyTime soonest = std::min(when, now() + std::chrono::hours(1));
  armed = soonest;
  wake->expires_at(std::chrono::steady_clock::time_point{
      std::max<std::chrono::nanoseconds>(soonest.time_since_epoch(), Duration::zero())});
  wake->async_wait([this](const AsioError& error) {
    if (!error) run_timers();
  });
}

void AsioLoop::Impl::run_timers() {
  armed.reset();
  timers.run_due(now());
  if (const auto next = timers.next(); next && (!armed || *next < *armed)) arm(*next);
}

void AsioLoop::on_signal(int signal, Callback callback) {
  impl_->watch(impl_->signals.emplace_back(*impl_->context, signal, std::move(callback)));
}

void AsioLoop::Impl::watch(SignalWatch& signal) {
  signal.set.async_wait([this, &signal](const AsioError& error, int) {
    if (error) return;
    watch(signal);
    signal.callback();
  });
}

void AsioLoop::offload(Lane lane, Callback work, Callback done) {
  auto& thread = impl_->lanes.at(static_cast<std::size_t>(lane));
  if (!thread)
    thread = std::make_unique<WorkLane>(lane_names.at(static_cast<std::size_t>(lane)),
                                        [this](Callback callback) { post(std::move(callback)); });
  thread->push(std::move(work), std::move(done));
}

void AsioLoop::join_lanes() {
  for (auto& lane : impl_->lanes) lane.reset();
}

}  // namespace malleposte::net
