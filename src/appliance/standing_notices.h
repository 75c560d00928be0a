// What an operator should know of the configuration as long as it is so: a standing notice each,
// and an event for those that are new. Loop thread.
#pragma once

#include <string>
#include <vector>

#include "config/load.h"
#include "monitor/notices.h"
#include "monitor/record.h"

namespace malleposte::appliance {

class StandingNotices {
 public:
  StandingNotices(monitor::Notices& notices, monitor::Record& record)
      : notices_(notices), record_(record) {}

  // Those of this configuration, in place of those of the one before.
  void show(const config::Loaded& loaded, WallTime now);

 private:
  monitor::Notices& notices_;
  monitor::Record& record_;
  std::vector<std::string> standing_;
};

}  // namespace malleposte::appliance
