// Whatever octets a segment may hold: reading them neither crashes nor takes memory that they do
// not justify.
#include <optional>

#include "spool/attempts.h"
#include "spool/items.h"
#include "spool/record.h"
#include "spool/segment_header.h"
#include "spool/segment_reader.h"
#include "spool/simulated_disk.h"

using namespace malleposte::spool;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view octets(reinterpret_cast<const char*>(data), size);
  // As items: what a record holds whose checksum happens to be right.
  ItemReader items(octets);
  std::optional<MessageId> tried;
  while (items.next()) {
    if (const auto* outcome = std::get_if<OutcomeItem>(&items.item())) tried = outcome->id;
    if (const auto* message = std::get_if<MessageItem>(&items.item())) tried = message->id;
  }
  // As history, wherever its records lead: each place they name holds the same again.
  if (tried) {
    AttemptTrail trail(*tried, {3, 1000}, {{UINT64_MAX, 0}});
    while (trail.next()) trail.read(octets);
    ItemReader again(octets);
    while (again.next())
      if (const auto* message = std::get_if<MessageItem>(&again.item())) trail.read(*message);
    (void)trail.take();
  }
  (void)decode_segment_header(octets);
  (void)parse_record(octets, 1, segment_header_octets);
  // As a segment: sealed, so that damage is searched for records behind it.
  std::string content(segment_header_octets, '\0');
  content.append(octets);
  SimulatedDisk disk({{"segment-000001", content}});
  auto file = disk.open("segment-000001");
  for (bool sealed : {false, true}) {
    SegmentReader reader(disk, *file, 1, content.size(),
                         sealed ? std::optional<std::uint64_t>(content.size()) : std::nullopt);
    while (auto record = reader.next()) {
      ItemReader inner(record->payload);
      while (inner.next()) {
      }
    }
  }
  return 0;
}
