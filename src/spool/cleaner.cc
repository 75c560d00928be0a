#include "spool/cleaner.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "base/crc32c.h"
#include "base/limits.h"
#include "spool/attempts.h"

namespace malleposte::spool {
namespace {

constexpr std::uint64_t step_octets = 256 * 1024;  // read, and written again, at once
constexpr unsigned clean_when_short_percent = 90;
constexpr Duration again_after = std::chrono::seconds(1);

// Records as read by the reader lane.
struct Step {
  struct Owned {
    RecordType type;
    std::uint64_t offset;
    std::string payload;
  };
  std::vector<Owned> records;
  bool more = false;
  std::optional<Error> error;
  OneShot<bool> done;
};

}  // namespace

// What one step writes again.
struct Cleaner::Batch {
  std::string carried;               // items for one record
  std::vector<std::uint64_t> homes;  // of the carried items
  // The message is gone; by id and home: one that was moved meanwhile has items for both homes
  // here, and each home that still stands needs its own. The same for those with a flag.
  std::set<std::pair<std::uint64_t, std::uint64_t>> gone, flagged;
  // Of whom attempts are carried, by id and home, and the latest records that the carried ones
  // name.
  std::map<std::pair<std::uint64_t, std::uint64_t>, std::vector<Place>> attempts;
  struct Move {
    MessageItem item;
    PendingRecord record;
    std::vector<std::unique_ptr<SegmentPin>> pins;  // where its new chunks lie
  };
  std::vector<Move> moves;
  std::uint64_t octets = 0;
};

void Cleaner::record_ended(MessageId id) {
  auto known = in_flight_.find(id.value);
  if (known != in_flight_.end() && --known->second == 0) in_flight_.erase(known);
}

void Cleaner::look(bool short_of_space) {
  if (cleaning_ || stopped_) return;
  auto number = state_.segments.to_clean(short_of_space ? clean_when_short_percent
                                                        : limits::clean_below_percent);
  if (!number) return;
  cleaning_ = true;
  short_of_space_ = short_of_space;
  spawn(clean(*number));
}

Task<void> Cleaner::clean(SegmentTable::Number number) {
  ++state_.segments[number].pins;
  bool complete = co_await pass(number);
  auto& segment = state_.segments[number];
  if (complete) {
    segment.outcomes_for.clear();
    ++cleaned_;
  }
  --segment.pins;
  resume_waiters();
  // What could not be moved now cannot be moved at once either: a record about it is on its way, or
  // it cannot be read.
  if (!complete && !stopped_) co_await sleep_until(state_.loop, state_.loop.steady() + again_after);
  cleaning_ = false;
  look_();
}

// Goes through the segment once; false when something had to be left.
Task<bool> Cleaner::pass(SegmentTable::Number number) {
  const auto& segment = state_.segments[number];
  auto reader = std::make_shared<SegmentReader>(state_.disk, segment.file, segment.epoch,
                                                segment.octets, segment.end);
  bool complete = true;
  for (bool more = true; more;) {
    if (stopped_) co_return false;
    auto step = std::make_shared<Step>();
    state_.loop.offload(
        Loop::Lane::reader,
        [step, reader] {
          std::uint64_t octets = 0;
          while (octets < step_octets) {
            auto record = reader->next();
            if (!record) {
              step->error = reader->error();
              return;
            }
            if (record->type != RecordType::commit) continue;
            octets += record->payload.size();
            step->records.push_back({record->type, record->offset, std::string(record->payload)});
          }
          step->more = true;
        },
        [step] { step->done.set(true); });
    co_await step->done;
    if (step->error) co_return false;
    more = step->more;
    Batch batch;
    for (const auto& record : step->records) {
      ItemReader items(record.payload);
      while (items.next()) {
        if (const auto* message = std::get_if<MessageItem>(&items.item())) {
          auto slot = state_.index.find(message->id);
          if (!slot) continue;
          const auto& home = state_.index[*slot].home;
          if (home.segment == number && home.offset == record.offset)
            if (!co_await move_message(message->id, number, batch)) complete = false;
        } else {
          carry(number, {record.type, 0, record.offset, {}}, items.item(), batch);
        }
      }
    }
    if (!co_await write(batch)) complete = false;
  }
  // What cannot be read now was read at the start, or in its summary, and still counts.
  if (!reader->damages().empty() && !state_.segments[number].damaged) {
    spoiled(number, "a part of it is damaged");
    complete = false;
  }
  // Messages that only have content here.
  auto owners = state_.segments[number].chunk_owners;
  for (auto id : owners) {
    Batch batch;
    if (!co_await move_message({id}, number, batch)) complete = false;
    if (!co_await write(batch)) complete = false;
  }
  co_return complete;
}

// Damage that is no news at a start keeps nothing from being moved. This does: what cannot be read
// would be forgotten with the segment. So it stays as it is until nothing in it counts.
void Cleaner::spoiled(SegmentTable::Number number, std::string_view why) {
  auto& segment = state_.segments[number];
  if (!std::exchange(segment.spoiled, true))
    report_(fmt::format("{} is left as it is: {}", segment.name, why));
}

// Puts the message's next generation into the batch, its large content straight into the log.
Task<bool> Cleaner::move_message(MessageId id, SegmentTable::Number number, Batch& batch) {
  if (in_flight_.contains(id.value)) co_return false;
  auto slot = state_.index.find(id);
  if (!slot) co_return true;
  moving_.insert(id.value);  // from here on nobody writes about it
  auto source = co_await read_message(state_, id);
  if (!source) {
    moving_.erase(id.value);
    if (source.error().fault == Fault::damage) spoiled(number, source.error().text);
    co_return false;
  }
  auto& item = (*source)->item;
  Batch::Move move;
  move.record.urgency = Urgency::soon;
  std::vector<ChunkRef> chunks;
  for (const auto& chunk : item.chunks) {
    auto content = co_await read_chunk(state_, chunk);
    if (!content) {
      moving_.erase(id.value);
      if (content.error().fault == Fault::damage) spoiled(number, content.error().text);
      co_return false;
    }
    PendingRecord copy;
    copy.type = RecordType::chunk;
    copy.urgency = Urgency::unsynced;
    copy.buffer.append(record_header_octets, '\0');
    copy.buffer.append(*content);
    auto placed = std::make_shared<PlacedChunk>();
    copy.chunks.push_back(placed);
    move.record.chunks.push_back(placed);
    auto written = std::make_shared<OneShot<Result<Written>>>();
    copy.done = [written](Result<Written> where) { written->set(std::move(where)); };
    commits_.append(std::move(copy));
    auto where = co_await *written;
    if (!where) {
      moving_.erase(id.value);
      co_return false;
    }
    move.pins.push_back(std::make_unique<SegmentPin>(state_, where->segment, look_));
    chunks.push_back(
        {where->epoch, static_cast<std::uint32_t>(where->offset), chunk.length, chunk.crc});
  }
  auto attempts = co_await read_attempts(state_, id, look_);
  slot = state_.index.find(id);
  if (!slot) {
    moving_.erase(id.value);
    co_return true;
  }
  refresh(item, state_, state_.index[*slot]);
  for (std::size_t i = 0; attempts && i < item.recipients.size(); ++i) {
    auto& history = item.recipients[i].history = std::move((*attempts)[i].known);
    if (short_of_space_ && history.size() > 1) history.erase(history.begin(), history.end() - 1);
  }
  ++item.generation;
  item.origin = state_.home_epoch(state_.index[*slot]);
  item.chunks = std::move(chunks);
  move.record.buffer.append(record_header_octets, '\0');
  append_item(move.record.buffer, item);
  move.item = item;
  move.item.inline_content = {};
  batch.octets += move.record.buffer.size();
  batch.moves.push_back(std::move(move));
  co_return true;
}

// The message, if it lives at this home. What else stands there has ended, or a later generation of
// it is known, or it has come back from an export with its id since: what is said of it with that
// home is not about this message, and there it stays gone.
std::optional<Index::Slot> Cleaner::living_at(MessageId id, std::uint64_t home) const {
  auto slot = state_.index.find(id);
  if (slot && state_.home_epoch(state_.index[*slot]) != home) slot.reset();
  return slot;
}

// An outcome, or the operator's word, about a message of another segment that still stands: is said
// again.
void Cleaner::carry(SegmentTable::Number number, const Record& record, const Item& item,
                    Batch& batch) {
  MessageId id{};
  std::uint64_t home = 0;
  const auto* outcome = std::get_if<OutcomeItem>(&item);
  if (outcome != nullptr) {
    id = outcome->id;
    home = outcome->home;
  } else if (const auto* flags = std::get_if<FlagsItem>(&item)) {
    id = flags->id;
    home = flags->home;
  } else if (const auto* gone = std::get_if<GoneItem>(&item)) {
    id = gone->id;
    home = gone->home;
  } else if (const auto* warned = std::get_if<WarnedItem>(&item)) {
    id = warned->id;
    home = warned->home;
  } else {
    return;  // RETIRE keeps its segment until it is not needed; the orders stand in later ones too
  }
  if (!state_.segments[number].outcomes_for.contains(home)) return;
  auto slot = living_at(id, home);
  if (!slot) {
    if (!batch.gone.emplace(id.value, home).second) return;
    batch.homes.push_back(home);
    return append_item(batch.carried, GoneItem{id, home});
  }
  if (outcome != nullptr)
    carry_outcome(number, record.offset, *outcome, state_.index[*slot], batch);
  else
    batch.flagged.emplace(id.value, home);
}

// The last outcome of a recipient is needed; those before it are history, kept as long as there is
// room and there are not too many. What a carried one names takes over what it named and what else
// is the latest about the message, so that all of its history can be reached from it.
void Cleaner::carry_outcome(SegmentTable::Number number, std::uint64_t offset, OutcomeItem outcome,
                            const IndexedMessage& message, Batch& batch) {
  auto recipients = message.recipients();
  if (outcome.recipient >= recipients.size()) return;
  const auto& recipient = recipients[outcome.recipient];
  const bool past = outcome.fate == mail::Fate::queued &&
                    (recipient.fate != mail::Fate::queued || outcome.attempts < recipient.attempts);
  if (past &&
      (short_of_space_ || outcome.attempts + limits::attempts_remembered <= recipient.attempts))
    return;
  outcome.carried = true;
  std::erase_if(outcome.earlier, [&](const RecordRef& ref) {
    auto segment = state_.segments.by_epoch(ref.epoch);
    return !segment || *segment == number;  // gone, or carried too
  });
  auto [named, is_first] = batch.attempts.try_emplace({message.id.value, outcome.home});
  if (is_first) {
    named->second = state_.index.latest(message);
    // What else stands in this segment has a turn of its own, and names this one then.
    std::erase_if(named->second, [&](const Place& place) { return place.segment == number; });
    for (const auto& ref : state_.to_refs(named->second)) outcome.earlier.push_back(ref);
  }
  named->second.push_back({number, static_cast<std::uint32_t>(offset)});
  // The newest count.
  std::sort(outcome.earlier.rbegin(), outcome.earlier.rend());
  if (outcome.earlier.size() > limits::record_links) outcome.earlier.resize(limits::record_links);
  batch.homes.push_back(outcome.home);
  append_item(batch.carried, outcome);
}

// Makes the batch durable and lets the index follow.
Task<bool> Cleaner::write(Batch& batch) {
  bool complete = true;
  // As the flags are now: no change of them can come between this and the record. Always, not only
  // while one is set: an older record that sets it may still stand elsewhere. But not while a word
  // about it is on its way: that could still have to be taken back.
  for (auto [id, home] : batch.flagged) {
    if (in_flight_.contains(id)) {
      complete = false;
      continue;
    }
    batch.homes.push_back(home);
    auto slot = living_at({id}, home);
    if (!slot) {
      append_item(batch.carried, GoneItem{{id}, home});
      continue;
    }
    const auto& message = state_.index[*slot];
    append_item(batch.carried, FlagsItem{{id}, home, state_.marks(message)});
    if (message.warned) append_item(batch.carried, WarnedItem{{id}, home});
  }
  struct Progress {
    std::size_t left;
    bool good = true;
    OneShot<bool> done;
  };
  auto progress = std::make_shared<Progress>();
  progress->left = batch.moves.size() + (batch.carried.empty() ? 0 : 1);
  if (progress->left == 0) {
    resume_waiters();
    co_return complete;
  }
  auto one_done = [progress] {
    if (--progress->left == 0) progress->done.set(true);
  };
  if (!batch.carried.empty()) {
    PendingRecord record;
    record.urgency = Urgency::soon;
    record.buffer.append(record_header_octets, '\0');
    record.buffer.append(batch.carried);
    record.done = [this, progress, one_done, homes = batch.homes,
                   attempts = std::move(batch.attempts)](Result<Written> written) {
      progress->good &= written.has_value();
      if (written) {
        for (auto home : homes) state_.segments.outcome_added(written->segment, home);
        Place where{written->segment, static_cast<std::uint32_t>(written->offset)};
        for (const auto& [whose, named] : attempts)
          if (auto slot = living_at({whose.first}, whose.second))
            state_.index.attempt_recorded(state_.index[*slot], where, named);
      }
      one_done();
    };
    commits_.append(std::move(record));
  }
  for (auto& move : batch.moves) {
    auto octets = static_cast<std::uint32_t>(move.record.buffer.size());
    auto record = std::move(move.record);
    auto moved = std::make_shared<Batch::Move>(std::move(move));
    record.done = [this, progress, one_done, moved, octets](Result<Written> written) {
      moving_.erase(moved->item.id.value);
      if (written && state_.index.find(moved->item.id))
        state_.move(moved->item,
                    {written->segment, static_cast<std::uint32_t>(written->offset), octets, 0});
      moved->pins.clear();
      progress->good &= written.has_value();
      one_done();
    };
    commits_.append(std::move(record));
  }
  co_await progress->done;
  resume_waiters();
  co_return complete && progress->good;
}

void Cleaner::resume_waiters() {
  auto waiters = std::move(waiters_);
  waiters_.clear();
  for (auto waiter : waiters) waiter.resume();
}

}  // namespace malleposte::spool
