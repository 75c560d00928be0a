// The summary of a sealed segment: all items of its COMMITs but the content of messages, in a file
// of its own, so that a start need not read the mail itself. A hint and nothing more: nothing is
// synced, every block says how far it speaks for the segment, and where there is none, or a damaged
// one, the segment itself is read (docs/formats/spool.md, Summaries). Blocking; any one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "spool/disk.h"
#include "spool/items.h"
#include "spool/record.h"
#include "spool/segment_header.h"

namespace malleposte::spool {

inline constexpr const char* summary_prefix = "summary-";
std::string summary_name(std::uint64_t epoch);

// Where an item stands in its segment.
struct ItemPlace {
  std::uint64_t offset = 0;         // of the record
  std::uint32_t record_octets = 0;  // header and payload
  std::uint32_t item_at = 0;        // in the payload
};

// A segment to be summed up, sealed at `end`.
struct SealedFile {
  Disk::File file = -1;
  std::uint64_t epoch = 0, octets = 0, end = 0;
};

// Writes the summary. Errors: it cannot be written, or something in the segment is damaged, which
// the next start is to find; there is no file then.
Result<void> write_summary(Disk& disk, const SealedFile& segment);

class SummaryReader {
 public:
  // Of the segment with this epoch; where the segment is known to be sealed elsewhere than the
  // summary says, it is of no use.
  SummaryReader(Disk& disk, std::uint64_t epoch, std::optional<std::uint64_t> sealed_end);
  ~SummaryReader();
  SummaryReader(const SummaryReader&) = delete;
  SummaryReader& operator=(const SummaryReader&) = delete;

  // Calls `each` for every item, in the order of the log, as far as the summary is good.
  void read(const std::function<void(const ItemPlace&, const Item&)>& each);

  // Up to where in the segment that was everything.
  std::uint64_t covered() const { return covered_; }
  // Where the segment is sealed, if anything was good.
  std::optional<std::uint64_t> sealed_end() const { return sealed_end_; }

 private:
  std::optional<Record> next_block();

  Disk& disk_;
  std::uint64_t epoch_;
  std::optional<std::uint64_t> sealed_end_;
  std::uint64_t covered_ = segment_header_octets;
  Disk::File file_ = -1;
  std::uint64_t at_ = 0;
  std::string block_;
};

}  // namespace malleposte::spool
