// The segments of the spool and what in each of them still counts: the messages that live there,
// outcomes about messages of segments that are not retired yet, and retirements whose segment still
// carries its old header. A segment in which nothing counts may be retired and, once that is
// durable and its header says so, used again (docs/formats/spool.md, Life of a segment).
// Loop thread; touches no disk but through prepare().
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/loop.h"
#include "spool/disk.h"
#include "spool/segment_header.h"

namespace malleposte::spool {

struct Segment {
  enum class State : std::uint8_t {
    free,      // zeroed or given back, its header says so durably
    active,    // being written
    sealed,    // complete
    retiring,  // nothing in it counts; RETIRE record or new header on the way
    dropped,   // its file is gone; the number is not used again
  };

  std::string name;
  Disk::File file = -1;
  std::uint64_t octets = 0;  // of the file
  State state = State::free;
  std::uint64_t epoch = 0;
  std::uint64_t end = 0;  // where the next record goes, or where it was sealed
  // A write or sync failed here: never used again. Records may stand behind its end, which only the
  // header of the next segment tells.
  bool poisoned = false;
  SteadyTime sealed_at{};      // when this process found it complete
  bool summary_tried = false;  // there may be a summary of it (spool/summary.h)
  bool damaged = false;        // so it was found at the start: what is left of it is all we know
  bool spoiled = false;        // damage was found later: it cannot be emptied

  std::uint64_t live_octets = 0;  // of records that hold messages
  std::uint32_t live_messages = 0;
  std::uint32_t pins = 0;         // readers, unfinished messages, the cleaner
  std::uint32_t retirements = 0;  // RETIRE items here that are still needed
  std::unordered_map<std::uint64_t, std::uint32_t> outcomes_for;  // home epoch -> items
  // Messages here whose earlier generation stands in another segment: without the later one, and
  // what became of it, the earlier would come back. That other segment has to go first.
  std::unordered_map<std::uint64_t, std::uint32_t> supersedes;  // epoch -> messages
  std::vector<std::uint64_t> chunk_owners;                      // ids of messages with chunks here
};

class SegmentTable {
 public:
  using Number = std::uint32_t;

  SegmentTable(Loop& loop, Disk& disk, std::uint64_t segment_octets)
      : loop_(loop), disk_(disk), segment_octets_(segment_octets) {}
  ~SegmentTable();

  Number add(Segment segment);
  Segment& operator[](Number number) { return segments_[number]; }
  const Segment& operator[](Number number) const { return segments_[number]; }
  std::size_t size() const { return segments_.size(); }
  std::uint64_t segment_octets() const { return segment_octets_; }
  // Empty when no segment has this epoch any more.
  std::optional<Number> by_epoch(std::uint64_t epoch) const;

  // A free segment, now active with this epoch; empty when there is none.
  std::optional<Number> take(std::uint64_t epoch);
  std::size_t free_count() const { return free_.size(); }
  std::size_t used_count() const { return by_epoch_.size(); }
  // Makes one more free segment, on the housekeeping lane, then calls `done`. One at a time; false
  // when one is under way or the last attempt failed less than 5 s ago.
  bool prepare(std::function<void()> done);
  bool preparing() const { return preparing_; }
  bool can_prepare() const { return loop_.steady() >= retry_prepare_; }
  // The same at once, on this thread: for the start.
  Result<void> prepare_now();

  void message_lives(Number number, std::uint64_t octets);
  void message_left(Number number, std::uint64_t octets);
  void outcome_added(Number number, std::uint64_t home_epoch);
  // A later generation was written to `number`; the one before stands in `origin_epoch`.
  void superseded(Number number, std::uint64_t origin_epoch);

  // Sealed segments in which nothing counts, and without which what is left is read as before.
  std::vector<Number> retirable() const;
  // RETIRE of `number` is durable in `where`.
  void retired(Number number, Number where);
  // The header of `number` has been overwritten durably (or its file removed): use it again.
  void freed(Number number, bool reusable);

  // The sealed segment worth cleaning most, if any is under `percent` of live octets.
  std::optional<Number> to_clean(unsigned percent) const;

 private:
  Result<Segment> make(const std::string& name);

  Loop& loop_;
  Disk& disk_;
  std::uint64_t segment_octets_;
  std::vector<Segment> segments_;
  std::vector<Number> free_;
  std::map<std::uint64_t, Number> by_epoch_;
  std::unordered_map<Number, Number> retired_in_;  // segment -> where its RETIRE stands
  unsigned next_name_ = 0;
  bool preparing_ = false;
  SteadyTime retry_prepare_ = SteadyTime::min();
};

}  // namespace malleposte::spool
