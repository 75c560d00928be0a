// Delivery as a model on virtual time: carriers that connect, deliver, fail and come back, as
// deliver::Dispatcher and deliver::Carrier do, with next hops that are a few habits each.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <unordered_map>
#include <utility>
#include <vector>

#include "checker.h"
#include "queue/retry_schedule.h"

namespace malleposte::queue_sim {

class Model {
 public:
  // `watchers` are told of everything, in their order.
  Model(const Plan& plan, std::uint64_t seed, Fault fault = Fault::none);

  queue::Scheduler& scheduler() { return scheduler_; }
  void watch(std::vector<Checker*> watchers) { watchers_ = std::move(watchers); }
  // Until nothing is left to happen, or so long.
  void run(SteadyTime until = never);

  std::uint64_t delivered() const { return delivered_; }

 private:
  struct Carrier {
    queue::SiteId site;
    Passenger job;
    bool connected = false;
    unsigned carried = 0;  // over its connection
  };
  struct Hop {
    unsigned open = 0;  // connections
    std::uint64_t connections = 0, messages = 0;
  };

  queue::SiteLimits limits_of(queue::SiteId site) const;
  bool misses_turn(queue::SiteId site);
  void at(SteadyTime when, std::function<void()> act);
  void next_arrival();
  void arrive(Passenger job);
  void pump();
  void begin(Carrier& carrier, std::uint64_t number, bool with_slot);
  void connect(std::shared_ptr<Carrier> carrier);
  void deliver(std::shared_ptr<Carrier> carrier);
  void go_on(std::shared_ptr<Carrier> carrier);
  void close(Carrier& carrier);
  void release(queue::SiteId site);
  void fail(std::shared_ptr<Carrier> carrier);
  void defer(Passenger job);
  template <typename Tell>
  void tell(Tell&& tell) {
    for (auto* watcher : watchers_) tell(*watcher);
  }

  const Plan& plan_;
  const Fault fault_;
  std::uint64_t random_;
  queue::Scheduler scheduler_;
  queue::RetrySchedule schedule_;
  std::vector<Checker*> watchers_;
  std::vector<Hop> hops_;
  std::unordered_map<std::uint64_t, Passenger> waiting_;
  std::multimap<SteadyTime, std::function<void()>> events_;
  SteadyTime now_ = beginning, wakes_ = never;
  std::uint64_t arrived_ = 0;
  std::uint64_t delivered_ = 0;
  std::uint64_t turns_ = 0;  // of the site that misses some
};

}  // namespace malleposte::queue_sim
