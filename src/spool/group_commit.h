// Group commit: takes records from the loop thread and puts them on stable storage, as many at once
// as have come while the last write was under way, with one write and one sync
// (docs/formats/spool.md, Writing). Sequence is the order of append(). A failed write or sync is
// final for its segment: the batch is written again in a fresh one before anybody is answered.
//
// Loop thread; the blocking part runs on the journal lane.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/loop.h"
#include "spool/disk.h"
#include "spool/record.h"
#include "spool/segment_table.h"

namespace malleposte::spool {

// Where a record was written.
struct Written {
  std::uint32_t segment = 0;
  std::uint64_t epoch = 0;
  std::uint64_t offset = 0;
};

// The place of a CHUNK whose message is not committed yet. `lost` when its segment failed before a
// sync: the message cannot be committed any more.
struct PlacedChunk {
  Written where;
  bool written = false;
  bool lost = false;
};

enum class Urgency : std::uint8_t {
  unsynced,  // a CHUNK: written soon, made durable by the commit that follows
  now,       // somebody waits for a 250
  soon,      // an outcome: limits::outcome_delay
  whenever,  // nobody waits; rides with the next one, at the latest after a second
};

struct PendingRecord {
  RecordType type = RecordType::commit;
  std::string buffer;     // room for the header, then the payload up to the end
  std::size_t begin = 0;  // where the header goes in it
  Urgency urgency = Urgency::now;
  std::vector<std::shared_ptr<PlacedChunk>> chunks;  // that a COMMIT names, or the CHUNK itself
  // Called once, on the loop thread. An Error means that it is not on stable storage; after the
  // disk has failed several times in a row a trace of it may be found again after a crash.
  std::function<void(Result<Written>)> done;

  std::size_t payload_octets() const { return buffer.size() - begin - record_header_octets; }
  std::string_view payload() const {
    return std::string_view(buffer).substr(begin + record_header_octets);
  }
};

class GroupCommit {
 public:
  struct Options {
    std::uint64_t next_epoch = 1;      // not used before
    std::uint64_t reserved_until = 1;  // epochs below are allowed by the high-water file
    Disk::File epochs_file = -1;
    std::uint64_t previous_epoch = 0, previous_end = 0;  // what was recovered
    std::function<Accounts()> totals;                    // for the header of a new segment
    std::function<std::uint64_t()> last_id;              // the same
    // Items that every segment begins with, as they are when it is opened; "": none.
    std::function<std::string_view()> opening;
    std::function<void()> segment_wanted;  // none is free
    std::function<void()> segment_opened;  // a fresh one is being written
    // A record of messages or outcomes is on the disk but not in its cache: header and payload.
    std::function<void(const Written&, std::string_view)> uncached;
    std::function<void(std::string)> trouble;  // a write or sync failed: what, where
  };

  GroupCommit(Loop& loop, Disk& disk, SegmentTable& segments, Options options);
  ~GroupCommit();

  // Makes the first segment active, durably, on this thread. Before anything is appended.
  Result<void> start();

  void append(PendingRecord record);
  // A free segment has come, or will not come.
  void segment_came();
  // Fails what waits for a segment.
  void no_segment(const Error& error);

  std::uint64_t pending_octets() const { return pending_octets_; }
  // Octets left in the active segment.
  std::uint64_t active_rest() const;
  // What a segment begins with takes so many of its octets.
  std::uint64_t opening_octets() const;
  std::uint64_t epoch() const { return active_ ? segments_[*active_].epoch : previous_epoch_; }
  bool idle() const { return !writing_ && pending_.empty(); }
  std::uint64_t syncs() const { return syncs_; }
  std::uint64_t batches() const { return batches_; }
  std::uint64_t failures() const { return failures_; }

 private:
  struct Job;  // one write, as the journal lane sees it

  void consider();
  void begin_batch();
  bool open_segment(Job& job);
  void take_pending(Job& job);
  void place(Job& job);
  void drop_lost(Job& job);
  void run(std::shared_ptr<Job> job);
  void finished(const std::shared_ptr<Job>& job);
  void failed(const std::shared_ptr<Job>& job);
  void give_up(Job& job, const Error& error);
  void seal_active(std::uint64_t end, bool poisoned);
  void lose_unsynced();
  SteadyTime start_time() const;

  Loop& loop_;
  Disk& disk_;
  SegmentTable& segments_;
  Options options_;

  struct Waiting {
    PendingRecord record;
    SteadyTime deadline;
  };
  std::deque<Waiting> pending_;
  SteadyTime earliest_ = never;  // deadline among pending_
  std::uint64_t pending_octets_ = 0;
  bool writing_ = false;
  bool waiting_for_segment_ = false;
  Loop::TimerId timer_ = 0;
  SteadyTime timer_at_ = never;

  std::optional<SegmentTable::Number> active_;
  std::uint64_t durable_end_ = 0;  // of the active segment
  Window window_ = 0;              // its syncs so far
  std::uint64_t previous_epoch_, previous_end_;
  bool previous_failed_ = false;
  std::uint64_t next_epoch_, reserved_until_;
  std::vector<std::shared_ptr<PlacedChunk>> unsynced_;  // chunks behind durable_end_

  // How many commits are likely to come within a moment: those of the last batch and those that
  // came while it was written. The next batch waits for as many, at most limits::group_wait.
  std::size_t urgent_ = 0, expected_ = 0;
  SteadyTime urgent_since_ = never, last_batch_ = SteadyTime::min();

  std::uint64_t syncs_ = 0, batches_ = 0, failures_ = 0;
};

// The high-water mark of epochs, as it stands in its own small file: two sectors in turn.
std::string encode_high_water(std::uint64_t reserved_until);
std::uint64_t decode_high_water(std::string_view octets);  // 0 when there is none
inline constexpr std::uint64_t epochs_reserved_at_once = 256;
inline constexpr std::uint64_t high_water_octets = 2 * sector_octets;

}  // namespace malleposte::spool
