#include "spool/summary.h"

#include <fmt/format.h>

#include <utility>

#include "base/crc32c.h"
#include "spool/bytes.h"
#include "spool/segment_reader.h"

namespace malleposte::spool {
namespace {

// A block is begun anew behind so many octets; a record is never divided between two.
constexpr std::size_t block_octets = 256 * 1024;
constexpr std::size_t block_head_octets = 16;

// The item as it stands in the record, but for a message's content.
void append_without_content(std::string& out, std::string_view octets, const Item& item) {
  if (!std::holds_alternative<MessageItem>(item)) {
    out += octets;
    return;
  }
  const auto content = std::get<MessageItem>(item).inline_content.size();
  const auto at = out.size();
  out += octets.substr(0, message_content_at);
  out += octets.substr(message_content_at + content);
  overwrite(out, at + 4, static_cast<std::uint32_t>(out.size() - at - item_prefix_octets));
  overwrite(out, at + item_prefix_octets, std::uint32_t{0});
}

class Writer {
 public:
  Writer(Disk& disk, Disk::File file, const SealedFile& segment)
      : disk_(disk), file_(file), segment_(segment) {
    begin_block();
  }

  // False: the record cannot be understood.
  bool add(const Record& record) {
    ItemReader items(record.payload);
    while (items.next()) {
      put_varint(block_, record.offset);
      put_varint(block_, record_header_octets + record.payload.size());
      put_varint(block_, items.at());
      append_without_content(block_, items.octets(), items.item());
    }
    return !items.damaged();
  }

  bool full() const { return block_.size() >= block_octets; }

  // Up to `covered` in the segment the blocks say everything.
  Result<void> end_block(std::uint64_t covered) {
    overwrite(block_, record_header_octets, covered);
    overwrite(block_, record_header_octets + sizeof covered, segment_.end);
    const auto payload = std::string_view(block_).substr(record_header_octets);
    write_record_header(block_.data(), RecordType::summary, {segment_.epoch, at_},
                        static_cast<std::uint32_t>(payload.size()), crc32c(0, payload));
    block_.resize(record_octets(payload.size()));
    const std::string_view part = block_;
    auto written = disk_.write(file_, at_, std::span(&part, 1));
    at_ += block_.size();
    begin_block();
    return written;
  }

 private:
  void begin_block() { block_.assign(record_header_octets + block_head_octets, '\0'); }

  Disk& disk_;
  Disk::File file_;
  const SealedFile& segment_;
  std::uint64_t at_ = 0;
  std::string block_;
};

Result<void> write_blocks(Disk& disk, Disk::File file, const SealedFile& segment) {
  SegmentReader reader(disk, segment.file, segment.epoch, segment.octets, segment.end);
  Writer writer(disk, file, segment);
  while (auto record = reader.next()) {
    if (record->type != RecordType::commit) continue;
    if (!writer.add(*record)) return fail(Fault::damage, "a record cannot be understood");
    if (!writer.full()) continue;
    if (auto written = writer.end_block(reader.end()); !written) return written;
  }
  if (reader.error()) return tl::make_unexpected(*reader.error());
  if (!reader.damages().empty()) return fail(Fault::damage, "a part of the segment is damaged");
  return writer.end_block(segment.end);
}

}  // namespace

std::string summary_name(std::uint64_t epoch) {
  return fmt::format("{}{:06}", summary_prefix, epoch);
}

Result<void> write_summary(Disk& disk, const SealedFile& segment) {
  const auto name = summary_name(segment.epoch);
  auto file = disk.create(name);
  if (!file) return tl::make_unexpected(file.error());
  auto done = write_blocks(disk, *file, segment);
  disk.close(*file);
  if (!done) (void)disk.remove(name);
  return done;
}

SummaryReader::SummaryReader(Disk& disk, std::uint64_t epoch,
                             std::optional<std::uint64_t> sealed_end)
    : disk_(disk), epoch_(epoch), sealed_end_(sealed_end) {
  if (auto opened = disk.open(summary_name(epoch))) file_ = *opened;
}

SummaryReader::~SummaryReader() {
  if (file_ >= 0) disk_.close(file_);
}

std::optional<Record> SummaryReader::next_block() {
  if (file_ < 0) return std::nullopt;
  block_.resize(record_header_octets);
  for (;;) {
    auto got = disk_.read(file_, at_, block_);
    if (!got || *got < block_.size()) return std::nullopt;
    auto parsed = parse_record(block_, epoch_, at_);
    if (parsed.parse == Parse::record) {
      at_ += parsed.needed;
      return parsed.record;
    }
    if (parsed.parse == Parse::bad) return std::nullopt;
    block_.resize(parsed.needed);
  }
}

void SummaryReader::read(const std::function<void(const ItemPlace&, const Item&)>& each) {
  while (auto block = next_block()) {
    if (block->type != RecordType::summary) return;
    ByteReader octets(block->payload);
    const auto upto = octets.take<std::uint64_t>();
    const auto end = octets.take<std::uint64_t>();
    if (!octets.good() || end != sealed_end_.value_or(end) || upto <= covered_ || upto > end)
      return;
    sealed_end_ = end;
    while (!octets.empty()) {
      ItemPlace place;
      place.offset = octets.take_varint();
      place.record_octets = static_cast<std::uint32_t>(octets.take_varint());
      place.item_at = static_cast<std::uint32_t>(octets.take_varint());
      ItemReader item(octets.rest());
      if (!octets.good() || !item.next()) return;
      octets.take_bytes(item.octets().size());
      each(place, item.item());
    }
    covered_ = upto;
  }
}

}  // namespace malleposte::spool
