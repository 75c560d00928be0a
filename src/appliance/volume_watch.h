// Looks at the free space of the data volume and tells people in time: the documented notices at
// less than 5 % and less than 1 % (D1, D2), one for whatever makes the store refuse new mail, and
// one for damage that was found, until the next start. One event a crossing, and one when it is
// over; a notice clears only when there is a little more space than its limit, so that it does not
// flicker. Pure but for the loop's timer; loop thread.
#pragma once

#include <functional>

#include "base/loop.h"
#include "monitor/notices.h"
#include "monitor/record.h"
#include "spool/store.h"

namespace malleposte::appliance {

class VolumeWatch {
 public:
  using Ask = std::function<spool::Health()>;

  // Looks now and every 10 seconds until destroyed.
  VolumeWatch(Loop& loop, Ask ask, monitor::Notices& notices, monitor::Record& record);
  ~VolumeWatch();
  VolumeWatch(const VolumeWatch&) = delete;
  VolumeWatch& operator=(const VolumeWatch&) = delete;

 private:
  void look();
  void raise(monitor::Notice notice);
  void clear(std::string_view id, std::string_view text);

  Loop& loop_;
  Ask ask_;
  monitor::Notices& notices_;
  monitor::Record& record_;
  Loop::TimerId timer_ = 0;
};

}  // namespace malleposte::appliance
