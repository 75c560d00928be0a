// GET /api/v1/status: how the server is, in one JSON object. Loop thread only.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/loop.h"
#include "monitor/notices.h"
#include "monitor/queue_times.h"
#include "net/http.h"
#include "spool/store.h"

namespace malleposte::admin {

struct ListenerStatus {
  std::string name;     // "smtp", "ui", "control"
  std::string address;  // "192.0.2.1:25", a path
};

// What the appliance tells about itself.
struct Identity {
  std::string version;
  std::string hostname;
  std::int64_t pid = 0;
  bool deliveries_suspended = false;
  Duration queue_lifetime{};
};

class StatusResource {
 public:
  using Listeners = std::function<std::vector<ListenerStatus>()>;
  // Uptime counts from here.
  StatusResource(const Identity& identity, Loop& loop, spool::Store& store,
                 const monitor::Notices& notices, const monitor::QueueTimes& queue_times,
                 Listeners listeners);

  Task<net::HttpResponse> get() const;
  Duration uptime() const { return loop_.steady() - started_; }

 private:
  const Identity& identity_;
  Loop& loop_;
  spool::Store& store_;
  const monitor::Notices& notices_;
  const monitor::QueueTimes& queue_times_;
  Listeners listeners_;
  SteadyTime started_;
  WallTime started_at_;
};

}  // namespace malleposte::admin
