// The first octets of a segment file: who it is. The name of the file says nothing; the header
// does, and it is kept twice, in two sectors, so that one damaged sector loses no segment
// (docs/formats/spool.md, Segments). Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "spool/store.h"

namespace malleposte::spool {

// Records begin here.
inline constexpr std::uint64_t segment_header_octets = 4096;

struct SegmentHeader {
  std::uint64_t epoch = 0;           // never used twice; 0: the file is free
  std::uint64_t previous_epoch = 0;  // 0: the first of this spool
  std::uint64_t previous_end = 0;    // where the previous segment was sealed
  Accounts totals;                   // of everything before this segment; `queued` is not kept
  std::uint64_t last_id = 0;         // the greatest message id given out before this segment
  // A write or sync failed in the previous segment: what failed may be readable behind its end.
  bool previous_failed = false;
  bool operator==(const SegmentHeader&) const = default;
};

std::string encode(const SegmentHeader& header);  // segment_header_octets of them

enum class HeaderState : std::uint8_t {
  used,
  free,
  damaged,
  foreign,  // whole, but of another version of the format: nothing in it can be read here
};
struct DecodedHeader {
  HeaderState state;
  SegmentHeader header{};
};
// All zeros, and a free header, are `free`. Of two good copies the greater epoch wins: the smaller
// is what an interrupted write left.
DecodedHeader decode_segment_header(std::string_view octets);
// What to say of a foreign one.
std::string foreign_format(std::string_view name);
// Nothing was ever written there: the making of the file was interrupted.
bool is_blank(std::string_view octets);

}  // namespace malleposte::spool
