#include "spool/record.h"

#include <array>
#include <cstring>

#include "base/crc32c.h"
#include "spool/bytes.h"

namespace malleposte::spool {
namespace {

constexpr std::uint32_t magic = 0x6372504d;  // "MPrc"

std::uint32_t frame_crc(std::uint32_t kind, std::uint64_t epoch, std::uint64_t offset,
                        std::uint32_t length, std::uint32_t payload_crc) {
  std::array<char, 8 + 8 + 4 + 4 + 4> frame;
  std::memcpy(frame.data(), &epoch, 8);
  std::memcpy(frame.data() + 8, &offset, 8);
  std::memcpy(frame.data() + 16, &length, 4);
  std::memcpy(frame.data() + 20, &payload_crc, 4);
  std::memcpy(frame.data() + 24, &kind, 4);
  return crc32c(0, {frame.data(), frame.size()});
}

// Type and window share a field.
std::uint32_t kind_of(RecordType type, Window window) {
  return static_cast<std::uint32_t>(type) | (window % window_modulus) << 8;
}

template <class T>
void store(char* into, T value) {
  for (std::size_t i = 0; i < sizeof(T); ++i) into[i] = static_cast<char>(value >> (8 * i));
}

}  // namespace

void write_record_header(char* into, RecordType type, const RecordPlace& place,
                         std::uint32_t length, std::uint32_t payload_crc) {
  auto kind = kind_of(type, place.window);
  store(into, magic);
  store(into + 4, frame_crc(kind, place.epoch, place.offset, length, payload_crc));
  store(into + 8, length);
  store(into + 12, kind);
}

std::string record_header(RecordType type, const RecordPlace& place, std::uint32_t length,
                          std::uint32_t payload_crc) {
  std::string header(record_header_octets, '\0');
  write_record_header(header.data(), type, place, length, payload_crc);
  return header;
}

ParsedRecord parse_record(std::string_view bytes, std::uint64_t epoch, std::uint64_t offset) {
  if (bytes.size() < record_header_octets) return {Parse::incomplete, record_header_octets};
  auto kind = get<std::uint32_t>(bytes.data() + 12);
  auto type = kind & 0xff;
  auto length = get<std::uint32_t>(bytes.data() + 8);
  if (get<std::uint32_t>(bytes.data()) != magic || type < 1 || type > 4 ||
      length > record_payload_most)
    return {Parse::bad};
  if (bytes.size() < record_header_octets + length)
    return {Parse::incomplete, record_header_octets + length};
  auto payload = bytes.substr(record_header_octets, length);
  if (get<std::uint32_t>(bytes.data() + 4) !=
      frame_crc(kind, epoch, offset, length, crc32c(0, payload)))
    return {Parse::bad};
  return {Parse::record,
          record_octets(length),
          {static_cast<RecordType>(type), kind >> 8, offset, payload}};
}

}  // namespace malleposte::spool
