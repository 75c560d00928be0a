// What the parts of the log store share: the index, the segments and the accounts, and the few
// steps that change them together. Loop thread.
#pragma once

#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/loop.h"
#include "spool/directions.h"
#include "spool/disk.h"
#include "spool/group_commit.h"
#include "spool/index.h"
#include "spool/recent_records.h"
#include "spool/removals.h"
#include "spool/segment_table.h"
#include "spool/standing_orders.h"
#include "spool/store.h"

namespace malleposte::spool {

struct SpoolState {
  SpoolState(Loop& loop_, Disk& disk_, std::uint64_t segment_octets)
      : loop(loop_), disk(disk_), segments(loop_, disk_, segment_octets) {}

  Loop& loop;
  Disk& disk;
  Index index;
  SegmentTable segments;
  RecentRecords recent;
  Removals removals;
  Directions directions;
  StandingOrders orders;
  Accounts accounts;  // `queued` counts recipients in the index
  std::uint64_t message_octets = 0;
  std::uint64_t damaged_records = 0;
  std::uint64_t last_id = 0;
  // Where the content of large messages lies.
  std::unordered_map<std::uint64_t, std::vector<ChunkRef>> chunks;

  // Takes a durable message in: index, segments, sizes. Accounts are the caller's.
  Index::Slot add(const MessageItem& item, const Home& home);
  // The same for a later generation of a message that is known.
  void move(const MessageItem& item, const Home& home);
  // The message is done: forgets it.
  void remove(Index::Slot slot);
  // What an operator has said about a message, and saying it: in memory only.
  Marks marks(const IndexedMessage& message) const;
  void mark(Index::Slot slot, const Marks& marks);
  // Counts a recipient that has reached a final fate.
  void count(mail::Fate fate);
  MessageId next_id();
  // Memory that the queue takes, about: what queue_memory_limit bounds.
  std::size_t octets() const;

  // Places as a record names them, and back; those whose segment is gone are left out.
  std::vector<RecordRef> to_refs(const std::vector<Place>& places) const;
  std::vector<Place> to_places(const std::vector<RecordRef>& refs) const;

  std::uint64_t home_epoch(const IndexedMessage& message) const {
    return segments[message.home.segment].epoch;
  }

 private:
  void occupy(const IndexedMessage& message);
  void vacate(const IndexedMessage& message);
};

// Whether every recipient has reached a final fate.
bool finished(const IndexedMessage& message);

}  // namespace malleposte::spool
