// The summariser writes a summary of every segment that has been sealed for a while and still
// counts, so that the next start reads that instead (spool/summary.h). Mail that is delivered at
// once costs nothing: its segments are used again before. One at a time, with pauses; loop thread,
// the work itself on the housekeeping lane.
#pragma once

#include <functional>

#include "spool/room.h"

namespace malleposte::spool {

class Summariser {
 public:
  // `report` is told of damage; `unpinned` is called when a segment was kept from being retired.
  Summariser(SpoolState& state, Room& room, std::function<void(std::string)> report,
             std::function<void()> unpinned)
      : state_(state), room_(room), report_(std::move(report)), unpinned_(std::move(unpinned)) {}
  ~Summariser() { stop(); }

  // A segment may have been sealed.
  void look();
  void stop();
  bool idle() const { return !writing_; }

 private:
  std::optional<SegmentTable::Number> next() const;
  void write();

  SpoolState& state_;
  Room& room_;
  std::function<void(std::string)> report_;
  std::function<void()> unpinned_;
  Loop::TimerId timer_ = 0;
  SteadyTime not_before_ = SteadyTime::min();
  bool writing_ = false;
  bool stopped_ = false;
};

}  // namespace malleposte::spool
