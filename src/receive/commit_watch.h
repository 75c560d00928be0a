// How long the messages wait that wait for the disk: the sign of a spool that does not keep up
// (policy/overload.h). Sessions tell when they begin to wait and when they have their answer. Loop
// thread only.
#pragma once

#include <list>

#include "base/time.h"

namespace malleposte::receive {

class CommitWatch {
 public:
  using Waiting = std::list<SteadyTime>::iterator;

  Waiting begin(SteadyTime now) { return since_.insert(since_.end(), now); }
  void end(Waiting waiting) { since_.erase(waiting); }

  // Of the one that waits longest; zero when none does.
  Duration oldest(SteadyTime now) const {
    return since_.empty() ? Duration{} : now - since_.front();
  }

 private:
  std::list<SteadyTime> since_;  // in the order of time, since time goes forward
};

}  // namespace malleposte::receive
