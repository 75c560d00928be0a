#include "spool/record.h"

#include <array>
#include <cstring>

#include "base/crc32c.h"
#include "spool/bytes.h"

namespace malleposte::spool {
namespace {

constexpr std::uint32_t magic = 0x6372504d;  // "MPrc"

std::uint32_t frame_crc(RecordType type, std::uint64_t epoch, std::uint64_t offset,
                        std::uint32_t length, std::uint32_t payload_crc) {
  std::array<char, 8 + 8 + 4 + 4 + 1> frame;
  std::memcpy(frame.data(), &epoch, 8);
  std::memcpy(frame.data() + 8, &offset, 8);
  std::memcpy(frame.data() + 16, &length, 4);
  std::memcpy(frame.data() + 20, &payload_crc, 4);
  frame[24] = static_cast<char>(type);
  return crc32c(0, {frame.data(), frame.size()});
}

template <class T>
void store(char* into, T value) {
  for (std::size_t i = 0; i < sizeof(T); ++i) into[i] = static_cast<char>(value >> (8 * i));
}

}  // namespace

void write_record_header(char* into, RecordType type, std::uint64_t epoch, std::uint64_t offset,
                         std::uint32_t length, std::uint32_t payload_crc) {
  store(into, magic);
  store(into + 4, frame_crc(type, epoch, offset, length, payload_crc));
  store(into + 8, length);
  store(into + 12, static_cast<std::uint32_t>(type));
}

std::string record_header(RecordType type, std::uint64_t epoch, std::uint64_t offset,
                          std::uint32_t length, std::uint32_t payload_crc) {
  std::string header(record_header_octets, '\0');
  write_record_header(header.data(), type, epoch, offset, length, payload_crc);
  return header;
}

ParsedRecord parse_record(std::string_view bytes, std::uint64_t epoch, std::uint64_t offset) {
  if (bytes.size() < record_header_octets) return {Parse::incomplete, record_header_octets};
  auto type = get<std::uint32_t>(bytes.data() + 12);
  auto length = get<std::uint32_t>(bytes.data() + 8);
  if (get<std::uint32_t>(bytes.data()) != magic || type < 1 || type > 3 ||
      length > record_payload_most)
    return {Parse::bad};
  if (bytes.size() < record_header_octets + length)
    return {Parse::incomplete, record_header_octets + length};
  auto payload = bytes.substr(record_header_octets, length);
  auto kind = static_cast<RecordType>(type);
  if (get<std::uint32_t>(bytes.data() + 4) !=
      frame_crc(kind, epoch, offset, length, crc32c(0, payload)))
    return {Parse::bad};
  return {Parse::record, record_octets(length), {kind, offset, payload}};
}

}  // namespace malleposte::spool
