#include "spool/segment_reader.h"

#include <algorithm>

namespace malleposte::spool {
namespace {
constexpr std::uint64_t window_octets = 256 * 1024;
// How far behind a bad record a later window is looked for; a batch has at most 4 MB.
constexpr std::uint64_t searched_octets = 8 << 20;
}  // namespace

SegmentReader::SegmentReader(Disk& disk, Disk::File file, std::uint64_t epoch,
                             std::uint64_t file_octets, std::optional<std::uint64_t> sealed_end,
                             std::uint64_t from)
    : disk_(disk),
      file_(file),
      epoch_(epoch),
      limit_(std::min(sealed_end.value_or(file_octets), file_octets)),
      sealed_(sealed_end.has_value()),
      window_at_(from),
      at_(from),
      end_(from) {}

// Has the window hold `octets` from at_ on, as far as the segment goes.
bool SegmentReader::fill(std::uint64_t octets) {
  // A record's padding may lie behind the window that held the record.
  const auto window_end = window_at_ + window_.size();
  const auto have = window_end > at_ ? window_end - at_ : 0;
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
      last_window_ = parsed.record.window;
      last_was_pad_ = parsed.record.type == RecordType::pad;
      octets = record_header_octets;
      if (parsed.record.type == RecordType::pad) continue;
      return parsed.record;
    }
    std::uint64_t next = limit_;
    if (!sealed_ && torn_end(next)) break;
    if (sealed_)
      if (auto good = look_ahead(at_ + record_alignment, limit_)) next = good->offset;
    damages_.push_back({at_, next});
    at_ = next;
    octets = record_header_octets;
  }
  return std::nullopt;
}

// The next place from `from` up to `to` where a record of this epoch stands: the checksum covers
// epoch and place, so that nothing else is taken for one.
std::optional<Record> SegmentReader::look_ahead(std::uint64_t from, std::uint64_t to) {
  const auto back_to = at_;
  std::optional<Record> found;
  for (at_ = from; at_ < to && !found; at_ += record_alignment) {
    if (!fill(record_header_octets)) break;
    auto bytes = std::string_view(window_).substr(at_ - window_at_);
    auto parsed = parse_record(bytes, epoch_, at_);
    if (parsed.parse == Parse::incomplete && at_ + parsed.needed <= limit_) {
      if (!fill(parsed.needed)) break;
      bytes = std::string_view(window_).substr(at_ - window_at_);
      parsed = parse_record(bytes, epoch_, at_);
    }
    if (parsed.parse == Parse::record) found = parsed.record;
  }
  at_ = back_to;
  // The window may have moved on; fill() reads again what is needed.
  if (at_ < window_at_) {
    window_.clear();
    window_at_ = at_;
  }
  return found;
}

// Whether what stands at at_ is the end that a crash left: nobody was told that it is kept. If not,
// `next` is where good records go on.
bool SegmentReader::torn_end(std::uint64_t& next) {
  // The first window that can only have begun when what is missing was durable: a pad ends every
  // synced batch, so that behind one the next window may have been torn.
  Window later = 1;
  if (last_window_) later = *last_window_ + (last_was_pad_ ? 2 : 1);
  std::optional<std::uint64_t> first_good;
  const auto to = std::min(limit_, at_ + searched_octets);
  for (auto from = at_ + record_alignment; from < to;) {
    auto found = look_ahead(from, to);
    if (!found) return true;
    if (!first_good) first_good = found->offset;
    if (found->window >= later) {
      next = *first_good;
      return false;
    }
    from = found->offset + record_octets(found->payload.size());
  }
  return true;
}

}  // namespace malleposte::spool
