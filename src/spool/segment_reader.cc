#include "spool/segment_reader.h"

#include <algorithm>

#include "spool/segment_header.h"

namespace malleposte::spool {
namespace {
constexpr std::uint64_t window_octets = 256 * 1024;
}

SegmentReader::SegmentReader(Disk& disk, Disk::File file, std::uint64_t epoch,
                             std::uint64_t file_octets, std::optional<std::uint64_t> sealed_end)
    : disk_(disk),
      file_(file),
      epoch_(epoch),
      limit_(std::min(sealed_end.value_or(file_octets), file_octets)),
      sealed_(sealed_end.has_value()),
      window_at_(segment_header_octets),
      at_(segment_header_octets),
      end_(segment_header_octets) {}

// Has the window hold `octets` from at_ on, as far as the segment goes.
bool SegmentReader::fill(std::uint64_t octets) {
  auto have = window_at_ + window_.size() - at_;
  if (have >= octets || at_ + have >= limit_) return true;
  auto want = std::min(std::max(octets, window_octets), limit_ - at_);
  window_.resize(want);
  window_at_ = at_;
  auto got = disk_.read(file_, at_, window_);
  if (!got) {
    error_ = got.error();
    return false;
  }
  window_.resize(*got);
  if (*got < want) limit_ = at_ + *got;
  return true;
}

std::optional<Record> SegmentReader::next() {
  std::uint64_t octets = record_header_octets;
  while (!error_ && at_ < limit_) {
    if (!fill(octets)) break;
    auto bytes = std::string_view(window_).substr(at_ - window_at_);
    auto parsed = parse_record(bytes, epoch_, at_);
    if (parsed.parse == Parse::incomplete && at_ + parsed.needed <= limit_) {
      octets = parsed.needed;
      continue;
    }
    if (parsed.parse == Parse::record) {
      at_ += parsed.needed;
      end_ = at_;
      octets = record_header_octets;
      if (parsed.record.type == RecordType::pad) continue;
      return parsed.record;
    }
    if (!sealed_) break;
    skip_damage();
    octets = record_header_octets;
  }
  return std::nullopt;
}

// Looks for the next place where a record of this epoch stands: the checksum covers epoch and
// place, so that nothing else is taken for one.
void SegmentReader::skip_damage() {
  Damage damage{at_, limit_};
  for (at_ += record_alignment; at_ < limit_; at_ += record_alignment) {
    if (!fill(record_header_octets)) break;
    auto bytes = std::string_view(window_).substr(at_ - window_at_);
    auto parsed = parse_record(bytes, epoch_, at_);
    if (parsed.parse == Parse::incomplete && at_ + parsed.needed <= limit_) {
      if (!fill(parsed.needed)) break;
      bytes = std::string_view(window_).substr(at_ - window_at_);
      parsed = parse_record(bytes, epoch_, at_);
    }
    if (parsed.parse == Parse::record) {
      damage.to = at_;
      break;
    }
  }
  damages_.push_back(damage);
}

}  // namespace malleposte::spool
