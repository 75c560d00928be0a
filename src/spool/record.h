// The frame of everything in a segment: a record is a header of 16 octets and a payload, and starts
// at a multiple of 8 (docs/formats/spool.md, Records). Its checksum covers the epoch of the segment
// and its place in it, so that what an earlier use of the same bytes left behind is never mistaken
// for a record. It also says in which window between two syncs of its segment it was written: when
// a later window is there, all of an earlier one was durable, and what is missing of it is damage
// rather than a torn end. Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace malleposte::spool {

enum class RecordType : std::uint8_t {
  chunk = 1,    // a piece of a large message's content
  commit = 2,   // any number of items that happen together (spool/items.h)
  pad = 3,      // fills up to the next sector
  summary = 4,  // in no segment: a block of a summary (spool/summary.h)
};

inline constexpr std::size_t record_header_octets = 16;
inline constexpr std::size_t record_alignment = 8;
inline constexpr std::size_t record_payload_most = 8 << 20;  // a length above it is damage
inline constexpr std::size_t sector_octets = 512;            // what a disk writes at once, or not

// The room a record with such a payload takes.
constexpr std::uint64_t record_octets(std::uint64_t payload) {
  return (record_header_octets + payload + record_alignment - 1) / record_alignment *
         record_alignment;
}

// How many syncs of the segment came before, modulo window_modulus.
using Window = std::uint32_t;
inline constexpr Window window_modulus = 1u << 24;

// Where a record stands.
struct RecordPlace {
  std::uint64_t epoch = 0;  // of the segment
  std::uint64_t offset = 0;
  Window window = 0;
};

// The header of a record. `payload_crc` is crc32c(0, payload): it may be computed before the place
// is known.
std::string record_header(RecordType type, const RecordPlace& place, std::uint32_t length,
                          std::uint32_t payload_crc);
// The same into record_header_octets octets at `into`.
void write_record_header(char* into, RecordType type, const RecordPlace& place,
                         std::uint32_t length, std::uint32_t payload_crc);

struct Record {
  RecordType type;
  Window window;
  std::uint64_t offset;
  std::string_view payload;
};

enum class Parse : std::uint8_t {
  record,      // `record` is set
  incomplete,  // more octets are needed to say: `needed` of them from the offset on
  bad,         // no record of this epoch stands here
};

struct ParsedRecord {
  Parse parse;
  std::uint64_t needed = 0;
  Record record{};
};

// Looks at what stands at `offset` of a segment; `bytes` begins there.
ParsedRecord parse_record(std::string_view bytes, std::uint64_t epoch, std::uint64_t offset);

}  // namespace malleposte::spool
