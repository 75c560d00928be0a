// The recycler keeps free segments at hand: it retires those in which nothing counts any more and
// gives them back once that is durable, and has new ones made when there are too few
// (docs/formats/spool.md, Life of a segment). Loop thread.
#pragma once

#include "spool/room.h"

namespace malleposte::spool {

class Recycler {
 public:
  Recycler(SpoolState& state, Room& room, GroupCommit& commits)
      : state_(state), room_(room), commits_(commits) {}

  // Something may have become retirable, or a segment was taken: looks, soon.
  void look();
  // RETIRE of this segment is durable from before the start: only its header is left to do.
  void finish(SegmentTable::Number number);
  // No segment is free and somebody waits for one.
  void wanted();
  // Nothing is under way.
  bool idle() const { return coming_ == 0 && retiring_ == 0 && !looking_; }

 private:
  void look_now();
  void retire(SegmentTable::Number number);
  void settle_waiting();

  SpoolState& state_;
  Room& room_;
  GroupCommit& commits_;
  bool looking_ = false;
  unsigned coming_ = 0;    // segments being made or given back: one of them will be free
  unsigned retiring_ = 0;  // RETIRE records on their way; they need room themselves
};

}  // namespace malleposte::spool
