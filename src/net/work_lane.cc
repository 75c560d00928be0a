#include "net/work_lane.h"

#include <pthread.h>

#include <csignal>
#include <utility>

namespace malleposte::net {

WorkLane::WorkLane(const char* name, Post post) : post_(std::move(post)) {
  // Signals are the loop's business; here they would only interrupt system calls.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread([this] { serve(); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  pthread_setname_np(thread_.native_handle(), name);
}

WorkLane::~WorkLane() {
  {
    const std::scoped_lock lock(mutex_);
    ending_ = true;
  }
  arrived_.notify_one();
  thread_.join();
}

void WorkLane::push(Callback work, Callback done) {
  {
    const std::scoped_lock lock(mutex_);
    queue_.push_back({std::move(work), std::move(done)});
  }
  arrived_.notify_one();
}

void WorkLane::serve() {
  std::vector<Item> batch;
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      arrived_.wait(lock, [this] { return ending_ || !queue_.empty(); });
      if (queue_.empty()) return;
      batch.swap(queue_);  // the two vectors keep their room: no allocation in the long run
    }
    for (auto& item : batch) {
      item.work();
      // What the work holds goes here, so that the last owner is `done`, on the loop thread.
      item.work = nullptr;
      post_(std::move(item.done));
    }
    batch.clear();
  }
}

}  // namespace malleposte::net
