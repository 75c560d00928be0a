// Reading what the log holds about one message: its item, its content. At once where the octets are
// in memory, else on the reader lane. Checksums are checked after every read. Loop thread.
#pragma once

#include <memory>
#include <string>

#include "base/task.h"
#include "spool/spool_state.h"

namespace malleposte::spool {

// Keeps a segment from being retired as long as it lives.
class SegmentPin {
 public:
  SegmentPin(SpoolState& state, SegmentTable::Number number, std::function<void()> unpinned);
  ~SegmentPin();
  SegmentPin(const SegmentPin&) = delete;
  SegmentPin& operator=(const SegmentPin&) = delete;

 private:
  SpoolState& state_;
  SegmentTable::Number number_;
  std::function<void()> unpinned_;
};

// `octets` of a segment from `offset` on.
Task<Result<std::string>> read_octets(SpoolState& state, SegmentTable::Number number,
                                      std::uint64_t offset, std::size_t octets);

// The payload of the COMMIT that stands there. The segment must be pinned by the caller. Errors:
// Fault::disk, also when no COMMIT stands there.
Task<Result<std::string>> read_record(SpoolState& state, SegmentTable::Number number,
                                      std::uint64_t offset);

// A message's record and the item in it that describes it.
struct MessageRecord {
  std::string octets;  // the whole record
  MessageItem item;    // its inline content points into `octets`
};
// Errors: Fault::damage, with what and where; Fault::disk; the segment must be pinned by the
// caller.
Task<Result<std::unique_ptr<MessageRecord>>> read_message(SpoolState& state, MessageId id);

// The payload of a CHUNK. Errors as above.
Task<Result<std::string>> read_chunk(SpoolState& state, const ChunkRef& chunk);

// Brings an item up to date with what is known of the message now: all but its history.
void refresh(MessageItem& item, const SpoolState& state, const IndexedMessage& message);

}  // namespace malleposte::spool
