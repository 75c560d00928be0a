#include "spool/record_access.h"

#include <fmt/format.h>

#include "base/crc32c.h"

namespace malleposte::spool {
namespace {

constexpr std::size_t record_read_first = 1024;  // holds most records of outcomes

}  // namespace

SegmentPin::SegmentPin(SpoolState& state, SegmentTable::Number number,
                       std::function<void()> unpinned)
    : state_(state), number_(number), unpinned_(std::move(unpinned)) {
  ++state_.segments[number_].pins;
}

SegmentPin::~SegmentPin() {
  auto& segment = state_.segments[number_];
  if (--segment.pins == 0 && segment.state == Segment::State::sealed && segment.live_messages == 0)
    unpinned_();
}

Task<Result<std::string>> read_octets(SpoolState& state, SegmentTable::Number number,
                                      std::uint64_t offset, std::size_t octets) {
  auto file = state.segments[number].file;
  if (auto recent = state.recent.find(state.segments[number].epoch, offset, octets))
    co_return std::move(*recent);
  std::string read(octets, '\0');
  if (state.disk.read_now(file, offset, read)) co_return read;
  // The message may be done with meanwhile; its segment stays until the lane has read.
  ++state.segments[number].pins;
  struct Cold {
    std::string octets;
    Result<std::size_t> got{0};
    OneShot<bool> done;
  };
  auto cold = std::make_shared<Cold>();
  cold->octets = std::move(read);
  state.loop.offload(
      Loop::Lane::reader,
      [cold, file, offset, &disk = state.disk] {
        cold->got = disk.read(file, offset, cold->octets);
      },
      [cold] { cold->done.set(true); });
  co_await cold->done;
  --state.segments[number].pins;
  if (!cold->got) co_return tl::make_unexpected(cold->got.error());
  cold->octets.resize(*cold->got);
  co_return std::move(cold->octets);
}

Task<Result<std::string>> read_record(SpoolState& state, SegmentTable::Number number,
                                      std::uint64_t offset) {
  if (offset >= state.segments[number].octets) co_return fail(Fault::disk, "no such place");
  auto octets = co_await read_octets(state, number, offset, record_read_first);
  const auto epoch = state.segments[number].epoch;
  auto parsed = octets ? parse_record(*octets, epoch, offset) : ParsedRecord{Parse::bad};
  if (parsed.parse == Parse::incomplete &&
      offset + parsed.needed <= state.segments[number].octets) {
    octets = co_await read_octets(state, number, offset, parsed.needed);
    if (octets) parsed = parse_record(*octets, epoch, offset);
  }
  if (!octets) co_return octets;
  if (parsed.parse != Parse::record || parsed.record.type != RecordType::commit)
    co_return fail(Fault::disk, fmt::format("there is no record at {} of {}", offset,
                                            state.segments[number].name));
  co_return std::string(parsed.record.payload);
}

Task<Result<std::unique_ptr<MessageRecord>>> read_message(SpoolState& state, MessageId id) {
  auto slot = state.index.find(id);
  if (!slot) co_return fail(Fault::resource, "no such message");
  auto home = state.index[*slot].home;
  auto epoch = state.segments[home.segment].epoch;
  auto octets = co_await read_octets(state, home.segment, home.offset, home.record_octets);
  if (!octets) co_return tl::make_unexpected(octets.error());
  auto record = std::make_unique<MessageRecord>();
  record->octets = std::move(*octets);
  auto parsed = parse_record(record->octets, epoch, home.offset);
  if (parsed.parse == Parse::record) {
    ItemReader items(parsed.record.payload.substr(home.item_at));
    if (items.next()) {
      if (const auto* item = std::get_if<MessageItem>(&items.item()); item && item->id == id) {
        record->item = *item;
        co_return record;
      }
    }
  }
  co_return fail(Fault::damage, fmt::format("message {} is damaged: {} at {}", to_string(id),
                                            state.segments[home.segment].name, home.offset));
}

Task<Result<std::string>> read_chunk(SpoolState& state, const ChunkRef& chunk) {
  auto number = state.segments.by_epoch(chunk.epoch);
  if (!number) co_return fail(Fault::damage, "a part of the message is gone");
  auto octets =
      co_await read_octets(state, *number, chunk.offset + record_header_octets, chunk.length);
  if (!octets) co_return octets;
  if (octets->size() != chunk.length || crc32c(0, *octets) != chunk.crc)
    co_return fail(Fault::damage, fmt::format("a part of the message is damaged: {} at {}",
                                              state.segments[*number].name, chunk.offset));
  co_return octets;
}

void refresh(MessageItem& item, const SpoolState& state, const IndexedMessage& message) {
  item.marks = state.marks(message);
  item.warned = message.warned;
  auto known = message.recipients();
  for (std::size_t i = 0; i < item.recipients.size() && i < known.size(); ++i) {
    item.recipients[i].fate = known[i].fate;
    item.recipients[i].attempts = known[i].attempts;
    item.recipients[i].next_attempt = known[i].due == 0 ? WallTime{} : to_time(known[i].due);
  }
}

}  // namespace malleposte::spool
