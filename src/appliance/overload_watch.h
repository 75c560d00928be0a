// Looks once a second whether the front door has to turn clients away because there is too much to
// do, and says so as long as it is so: one standing notice, one event when it begins or becomes
// worse and one when it is over. Pure but for the loop's timer; loop thread.
#pragma once

#include <functional>

#include "base/loop.h"
#include "monitor/notices.h"
#include "monitor/record.h"
#include "receive/front_door.h"

namespace malleposte::appliance {

class OverloadWatch {
 public:
  using Ask = std::function<receive::FrontDoor::Crowd()>;

  // Looks now and every second until destroyed.
  OverloadWatch(Loop& loop, Ask ask, monitor::Notices& notices, monitor::Record& record);
  ~OverloadWatch();
  OverloadWatch(const OverloadWatch&) = delete;
  OverloadWatch& operator=(const OverloadWatch&) = delete;

 private:
  void look();

  Loop& loop_;
  Ask ask_;
  monitor::Notices& notices_;
  monitor::Record& record_;
  Loop::TimerId timer_ = 0;
  policy::Overload::Level level_ = policy::Overload::Level::none;
};

}  // namespace malleposte::appliance
