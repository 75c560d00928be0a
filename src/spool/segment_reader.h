// Goes through the records of a segment file from front to back, a window at a time. Blocking; any
// one thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "spool/disk.h"
#include "spool/record.h"
#include "spool/segment_header.h"

namespace malleposte::spool {

class SegmentReader {
 public:
  struct Damage {
    std::uint64_t from, to;
  };

  // `sealed_end` is where the segment is known to end: up to there every octet belongs to a record,
  // and what does not is damage. Without it the first octets that are no record are the end, the
  // tail that a crash left, unless a record behind them shows by its window that they were durable.
  // Reading begins at `from`, which is the end of a record or of the header.
  SegmentReader(Disk& disk, Disk::File file, std::uint64_t epoch, std::uint64_t file_octets,
                std::optional<std::uint64_t> sealed_end,
                std::uint64_t from = segment_header_octets);

  // The next record but pads; its payload is valid until the next call. Empty at the end, or when
  // the file cannot be read: see error().
  std::optional<Record> next();

  // Behind the last good record.
  std::uint64_t end() const { return end_; }
  const std::vector<Damage>& damages() const { return damages_; }
  const std::optional<Error>& error() const { return error_; }

 private:
  bool fill(std::uint64_t octets);
  std::optional<Record> look_ahead(std::uint64_t from, std::uint64_t to);
  bool torn_end(std::uint64_t& next);

  Disk& disk_;
  Disk::File file_;
  std::uint64_t epoch_, limit_;
  bool sealed_;
  std::optional<Window> last_window_;  // of the last good record
  bool last_was_pad_ = false;
  std::string window_;
  std::uint64_t window_at_, at_, end_;
  std::vector<Damage> damages_;
  std::optional<Error> error_;
};

}  // namespace malleposte::spool
