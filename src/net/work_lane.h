// One helper thread and its queue: blocking work in, one after another in order. The journal's
// lane hands over thousands of times a second, so a hand-over is one short lock and, only when the
// thread sleeps, one wake-up. push() from any thread; the destructor finishes everything that was
// handed over before it returns.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace malleposte::net {

class WorkLane {
 public:
  using Callback = std::function<void()>;
  using Post = std::function<void(Callback)>;

  // `post` takes each work's `done` to where it shall run. The thread is called `name` (at most
  // 15 characters) and takes no signals.
  WorkLane(const char* name, Post post);
  ~WorkLane();
  WorkLane(const WorkLane&) = delete;
  WorkLane& operator=(const WorkLane&) = delete;

  void push(Callback work, Callback done);

 private:
  struct Item {
    Callback work;
    Callback done;
  };
  void serve();

  const Post post_;
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::vector<Item> queue_;
  bool ending_ = false;
  std::thread thread_;  // last: it starts when all else is there
};

}  // namespace malleposte::net
