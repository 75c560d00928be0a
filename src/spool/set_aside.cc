// A message that cannot be read back as it was written: the part of LogStore that deals with it. It
// is held, durably, so that it is neither delivered changed nor tried for ever; what is left of it
// is kept beside the log, and somebody is told. Everything else flows.
#include <fmt/format.h>

#include "spool/log_store.h"

namespace malleposte::spool {
namespace {

struct Piece {
  Disk::File file;
  std::uint64_t offset;
  std::size_t octets;
  std::string name;
};

// Its record, and the pieces of a large one; nothing else is written there while `pins` lives.
std::vector<Piece> pieces_of(SpoolState& state, const IndexedMessage& message,
                             const std::string& name,
                             std::vector<std::unique_ptr<SegmentPin>>& pins,
                             const std::function<void()>& unpinned) {
  std::vector<Piece> pieces;
  const auto add = [&](SegmentTable::Number number, std::uint64_t offset, std::size_t octets) {
    pins.push_back(std::make_unique<SegmentPin>(state, number, unpinned));
    pieces.push_back(
        {state.segments[number].file, offset, octets, fmt::format("{}-{}", name, pieces.size())});
  };
  add(message.home.segment, message.home.offset, message.home.record_octets);
  if (!message.chunked) return pieces;
  for (const auto& chunk : state.chunks[message.id.value])
    if (auto number = state.segments.by_epoch(chunk.epoch))
      add(*number, chunk.offset + record_header_octets, chunk.length);
  return pieces;
}

void keep_pieces(Disk& disk, const std::vector<Piece>& pieces) {
  for (const auto& piece : pieces) {
    std::string octets(piece.octets, '\0');
    auto got = disk.read(piece.file, piece.offset, octets);
    if (!got) continue;
    octets.resize(*got);
    (void)disk.keep_damaged(piece.name, octets);
  }
}

}  // namespace

void LogStore::found_damaged(MessageId id, const Error& error) {
  auto slot = state_.index.find(id);
  if (!slot || state_.index[*slot].held || state_.index[*slot].deleting) return;
  auto marks = state_.marks(state_.index[*slot]);
  marks.held = true;
  state_.mark(*slot, marks);
  ++state_.damaged_records;
  options_.report(
      fmt::format("{}; it is held, and what is left of it is kept as corrupt/message-{}",
                  error.text, to_string(id)));
  spawn(set_aside(id));
}

Task<void> LogStore::set_aside(MessageId id) {
  ++setting_aside_;
  const auto look_again = [this] { look(false); };
  if (auto slot = state_.index.find(id)) {
    std::vector<std::unique_ptr<SegmentPin>> pins;
    const auto pieces = pieces_of(state_, state_.index[*slot],
                                  fmt::format("message-{}", to_string(id)), pins, look_again);
    OneShot<bool> kept;
    state_.loop.offload(
        Loop::Lane::housekeeping, [&pieces, &disk = state_.disk] { keep_pieces(disk, pieces); },
        [&kept] { kept.set(true); });
    co_await kept;
  }
  // Nobody else's word about it is on its way then: that could still have to be taken back.
  auto turn = co_await turns_.take();
  co_await not_moving(id);
  if (auto slot = state_.index.find(id); slot && state_.index[*slot].held) {
    const auto& message = state_.index[*slot];
    std::string items(record_header_octets, '\0');
    append_item(items, FlagsItem{id, state_.home_epoch(message), state_.marks(message)});
    std::vector<MessageId> about{id};
    // If it cannot be made durable, it is found damaged again after the next start.
    (void)co_await write(std::move(items), about, [&](const Written& where) {
      if (auto now = state_.index.find(id))
        state_.segments.outcome_added(where.segment, state_.home_epoch(state_.index[*now]));
    });
  }
  --setting_aside_;
}

}  // namespace malleposte::spool
