#include "spool/segment_header.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/crc32c.h"
#include "spool/bytes.h"
#include "spool/record.h"

namespace malleposte::spool {
namespace {

constexpr std::string_view magic = "MPSEGMNT";
constexpr std::uint32_t version = 3;       // written
constexpr std::uint32_t version_least = 2;  // read: all it has is in 3 (docs/formats/spool.md)
constexpr std::size_t second_copy = 2048;

std::optional<SegmentHeader> decode_copy(std::string_view octets, bool& foreign) {
  if (octets.size() < sector_octets) return std::nullopt;
  auto crc = get<std::uint32_t>(octets.data() + sector_octets - 4);
  if (crc32c(0, octets.substr(0, sector_octets - 4)) != crc) return std::nullopt;
  ByteReader reader(octets);
  if (reader.take_bytes(magic.size()) != magic) return std::nullopt;
  const auto found = reader.take<std::uint32_t>();
  if (found < version_least || found > version) {
    foreign = true;
    return std::nullopt;
  }
  SegmentHeader header;
  header.epoch = reader.take<std::uint64_t>();
  header.previous_epoch = reader.take<std::uint64_t>();
  header.previous_end = reader.take<std::uint64_t>();
  for (auto* field : {&header.totals.accepted, &header.totals.generated, &header.totals.delivered,
                      &header.totals.bounced, &header.totals.expired, &header.totals.deleted,
                      &header.totals.discarded, &header.totals.replaced})
    *field = reader.take<std::uint64_t>();
  header.last_id = reader.take<std::uint64_t>();
  header.previous_failed = reader.take<std::uint8_t>() != 0;
  return header;
}

}  // namespace

std::string encode(const SegmentHeader& header) {
  std::string copy(magic);
  put(copy, version);
  put(copy, header.epoch);
  put(copy, header.previous_epoch);
  put(copy, header.previous_end);
  for (auto field : {header.totals.accepted, header.totals.generated, header.totals.delivered,
                     header.totals.bounced, header.totals.expired, header.totals.deleted,
                     header.totals.discarded, header.totals.replaced})
    put(copy, field);
  put(copy, header.last_id);
  put(copy, std::uint8_t{header.previous_failed});
  copy.resize(sector_octets - 4);
  put(copy, crc32c(0, copy));
  std::string octets(segment_header_octets, '\0');
  octets.replace(0, copy.size(), copy);
  octets.replace(second_copy, copy.size(), copy);
  return octets;
}

DecodedHeader decode_segment_header(std::string_view octets) {
  std::optional<SegmentHeader> best;
  bool foreign = false;
  if (octets.size() >= segment_header_octets) {
    for (std::size_t at : {std::size_t{0}, second_copy}) {
      auto copy = decode_copy(octets.substr(at), foreign);
      if (copy && (!best || copy->epoch > best->epoch)) best = copy;
    }
  }
  if (foreign) return {HeaderState::foreign};
  if (best) return {best->epoch == 0 ? HeaderState::free : HeaderState::used, *best};
  return {is_blank(octets) ? HeaderState::free : HeaderState::damaged};
}

std::string foreign_format(std::string_view name) {
  return fmt::format(
      "{} is of another version of the spool's format; this program reads versions {} to {}", name,
      version_least, version);
}

bool is_blank(std::string_view octets) {
  return std::all_of(octets.begin(), octets.end(), [](char c) { return c == 0; });
}

}  // namespace malleposte::spool
