#include "spool/recovery.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "spool/segment_reader.h"
#include "spool/summary.h"

namespace malleposte::spool {
namespace {

constexpr std::size_t damage_kept_octets = 1 << 20;

class Replay {
 public:
  Replay(SpoolState& state, const std::function<void(std::string)>& report)
      : state_(state), report_(report) {}

  Result<void> segment(SegmentTable::Number number, std::optional<std::uint64_t> sealed_end,
                       bool counting) {
    auto& segment = state_.segments[number];
    SummaryReader summary(state_.disk, segment.epoch, sealed_end);
    summary.read([&](const ItemPlace& place, const Item& item) {
      std::visit([&](const auto& one) { apply(number, place, one, counting); }, item);
    });
    sealed_end = summary.sealed_end();
    SegmentReader reader(state_.disk, segment.file, segment.epoch, segment.octets, sealed_end,
                         summary.covered());
    while (auto record = reader.next()) {
      if (record->type == RecordType::commit) commit(number, *record, counting);
    }
    reschedule();
    if (reader.error()) return tl::make_unexpected(*reader.error());
    for (const auto& damage : reader.damages()) set_aside(segment, damage);
    segment.damaged = !reader.damages().empty();
    segment.sealed_at = state_.loop.steady();
    segment.end = sealed_end.value_or(reader.end());
    segment.summary_tried = summary.covered() == segment.end;
    return {};
  }

  // Retired segments whose header still stands: whatever was found there does not count.
  std::vector<std::uint64_t> purge() {
    std::vector<std::uint64_t> standing;
    for (auto [epoch, where] : retired_) {
      auto number = state_.segments.by_epoch(epoch);
      if (!number) continue;
      standing.push_back(epoch);
      MessageId after{};
      for (auto slots = state_.index.next(after, 1000); !slots.empty();
           slots = state_.index.next(after, 1000)) {
        after = state_.index[slots.back()].id;
        for (auto slot : slots)
          if (state_.index[slot].home.segment == *number) state_.remove(slot);
      }
      state_.segments.retired(*number, where);
      state_.segments[*number].state = Segment::State::retiring;
    }
    return standing;
  }

 private:
  void commit(SegmentTable::Number number, const Record& record, bool counting) {
    ItemReader items(record.payload);
    ItemPlace place{record.offset,
                    static_cast<std::uint32_t>(record_header_octets + record.payload.size())};
    while (items.next()) {
      place.item_at = static_cast<std::uint32_t>(items.at());
      std::visit([&](const auto& item) { apply(number, place, item, counting); }, items.item());
    }
    if (!items.damaged()) return;
    ++state_.damaged_records;
    report_(fmt::format("{}: a record at {} cannot be understood", state_.segments[number].name,
                        record.offset));
  }

  // Puts the message whose outcomes came last where it now belongs. Not after each of them: there
  // may be thousands, and each move looks at all recipients.
  void reschedule() {
    if (outcomes_of_ == MessageId{}) return;
    if (auto slot = state_.index.find(outcomes_of_)) state_.index.reschedule(*slot);
    outcomes_of_ = {};
  }

  // The message that the item is about, if its item stands where that says.
  template <class AboutMessage>
  std::optional<Index::Slot> at_home(const AboutMessage& item) const {
    auto slot = state_.index.find(item.id);
    if (slot && state_.home_epoch(state_.index[*slot]) != item.home) slot.reset();
    return slot;
  }

  void apply(SegmentTable::Number number, const ItemPlace& place, const MessageItem& item,
             bool counting) {
    reschedule();
    state_.last_id = std::max(state_.last_id, item.id.value);
    if (counting && item.generation == 0)
      (item.generated ? state_.accounts.generated : state_.accounts.accepted) +=
          item.recipients.size();
    if (item.generation > 0) state_.segments.superseded(number, item.origin);
    // What was written later is right, whatever the generations: one that came back from an export
    // begins anew with the first.
    if (auto known = state_.index.find(item.id)) state_.remove(*known);
    Home home{number, static_cast<std::uint32_t>(place.offset), place.record_octets, place.item_at};
    auto slot = state_.add(item, home);
    if (finished(state_.index[slot])) state_.remove(slot);
  }

  void apply(SegmentTable::Number number, const ItemPlace& place, const OutcomeItem& item,
             bool counting) {
    if (outcomes_of_ != item.id) reschedule();
    state_.last_id = std::max(state_.last_id, item.id.value);
    state_.segments.outcome_added(number, item.home);
    if (counting && !item.carried) state_.count(item.fate);
    // Not found: done, and its segment is used again already; or what an earlier generation went
    // through, which stands in the item of the later one; or what a message was that has come back
    // from an export since.
    auto slot = at_home(item);
    if (!slot) return;
    auto& message = state_.index[*slot];
    if (item.recipient >= message.recipients().size()) return;
    const auto& recipient = message.recipients()[item.recipient];
    state_.index.attempt_recorded(message, {number, static_cast<std::uint32_t>(place.offset)},
                                  state_.to_places(item.earlier));
    if (recipient.fate != mail::Fate::queued) return;
    const auto& answer = item.attempt.answer;
    const bool past = item.fate == mail::Fate::queued && item.attempts < recipient.attempts;
    if (past) return;  // written again by the cleaner, for the history
    state_.index.update(*slot, item.recipient, item.fate, item.attempts, item.next_attempt,
                        describe(answer), answer.outcome_class);
    outcomes_of_ = item.id;
    if (item.fate == mail::Fate::queued) return;
    --state_.accounts.queued;
    if (finished(message)) state_.remove(*slot);
  }

  void apply(SegmentTable::Number number, const ItemPlace&, const FlagsItem& item, bool) {
    state_.segments.outcome_added(number, item.home);
    reschedule();
    auto slot = at_home(item);
    if (!slot) return;
    state_.mark(*slot, item.marks);
  }

  void apply(SegmentTable::Number, const ItemPlace&, const OrdersItem& item, bool) {
    state_.orders = StandingOrders(item.orders, item.last);
  }

  void apply(SegmentTable::Number number, const ItemPlace&, const GoneItem& item, bool) {
    state_.last_id = std::max(state_.last_id, item.id.value);
    state_.segments.outcome_added(number, item.home);
    reschedule();
    if (auto slot = at_home(item)) state_.remove(*slot);
  }

  // Never taken back, so that the order of records does not matter.
  void apply(SegmentTable::Number number, const ItemPlace&, const WarnedItem& item, bool) {
    state_.last_id = std::max(state_.last_id, item.id.value);
    state_.segments.outcome_added(number, item.home);
    if (auto slot = at_home(item)) state_.index[*slot].warned = true;
  }

  void apply(SegmentTable::Number number, const ItemPlace&, const RetireItem& item, bool) {
    retired_[item.epoch] = number;
  }

  void set_aside(const Segment& segment, const SegmentReader::Damage& damage) {
    ++state_.damaged_records;
    std::string bytes(std::min<std::uint64_t>(damage.to - damage.from, damage_kept_octets), '\0');
    auto name = fmt::format("epoch-{}-at-{}", segment.epoch, damage.from);
    if (auto got = state_.disk.read(segment.file, damage.from, bytes)) {
      bytes.resize(*got);
      (void)state_.disk.keep_damaged(name, bytes);
    }
    report_(
        fmt::format("{}: {} octets at {} are damaged; what is left of them is kept as "
                    "corrupt/{}",
                    segment.name, damage.to - damage.from, damage.from, name));
  }

  SpoolState& state_;
  const std::function<void(std::string)>& report_;
  MessageId outcomes_of_{};                                // not rescheduled yet
  std::map<std::uint64_t, SegmentTable::Number> retired_;  // epoch -> where it says so
};

Result<Disk::File> open_epochs(Disk& disk, bool exists) {
  if (exists) return disk.open(epochs_name);
  auto file = disk.create(epochs_name);
  if (!file) return file;
  std::string zeros(high_water_octets, '\0');
  std::string_view part = zeros;
  auto done = disk.write(*file, 0, std::span(&part, 1));
  if (done) done = disk.sync(*file);
  if (done) done = disk.sync_directory();
  if (!done) return tl::make_unexpected(done.error());
  return file;
}

struct Found {
  std::map<std::uint64_t, SegmentHeader> headers;  // by epoch
  std::vector<std::string> summaries;
  bool epochs_exist = false;
};

Result<Found> find_segments(SpoolState& state, const std::function<void(std::string)>& report) {
  auto entries = state.disk.list();
  if (!entries) return tl::make_unexpected(entries.error());
  std::sort(entries->begin(), entries->end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  Found found;
  for (const auto& entry : *entries) {
    if (entry.name == epochs_name) found.epochs_exist = true;
    if (entry.name.starts_with(summary_prefix)) found.summaries.push_back(entry.name);
    if (!entry.name.starts_with("segment-")) continue;
    auto file = state.disk.open(entry.name);
    if (!file) return tl::make_unexpected(file.error());
    std::string octets(segment_header_octets, '\0');
    auto got = state.disk.read(*file, 0, octets);
    if (!got) return tl::make_unexpected(got.error());
    octets.resize(*got);
    auto header = decode_segment_header(octets);
    if (header.state == HeaderState::foreign) {
      state.disk.close(*file);
      return fail(Fault::disk, foreign_format(entry.name));
    }
    Segment segment;
    segment.name = entry.name;
    segment.file = *file;
    segment.octets = entry.size;
    if (header.state == HeaderState::used) {
      segment.state = Segment::State::sealed;
      segment.epoch = header.header.epoch;
      found.headers[segment.epoch] = header.header;
      state.segments.add(std::move(segment));
    } else if (header.state == HeaderState::free && !is_blank(octets) &&
               entry.size == state.segments.segment_octets()) {
      state.segments.add(std::move(segment));
    } else {
      // Blank: its making was interrupted. Free but of another size: the size was changed.
      state.disk.close(*file);
      if (header.state == HeaderState::free) {
        (void)state.disk.remove(entry.name);
        continue;
      }
      ++state.damaged_records;
      report(
          fmt::format("{}: the header is damaged; the file is set aside in corrupt/", entry.name));
      auto aside = state.disk.set_aside(entry.name, entry.name);
      if (!aside) return tl::make_unexpected(aside.error());
    }
  }
  return found;
}

// Summaries of segments that are gone, and those that did not say everything: they are written
// anew.
void remove_useless(SpoolState& state, std::vector<std::string> summaries) {
  for (SegmentTable::Number number = 0; number < state.segments.size(); ++number)
    if (state.segments[number].summary_tried)
      std::erase(summaries, summary_name(state.segments[number].epoch));
  for (const auto& name : summaries) (void)state.disk.remove(name);
}

// What stood in damaged records is missing in the totals or in the queue. A recipient that came and
// is nowhere now has ended with its record: it is discarded. One whose end was lost is in the queue
// again, as a copy of itself; one whose beginning was, in the last segment, was never counted: both
// are generated. Which it was in each case cannot be known, so it is the difference that counts.
// Without damage the accounts balance, and are left as they are: that would be a fault to be found.
void balance(SpoolState& state, const std::function<void(std::string)>& report) {
  if (state.damaged_records == 0) return;
  auto& accounts = state.accounts;
  const auto came = accounts.accepted + accounts.generated;
  const auto known = ended(accounts) + accounts.queued;
  if (came > known) {
    accounts.discarded += came - known;
    report(fmt::format("{} recipients were in what is damaged: they are counted as discarded",
                       came - known));
  } else if (known > came) {
    accounts.generated += known - came;
    report(
        fmt::format("the beginning or the end of {} recipients was in what is damaged: they are "
                    "counted as generated",
                    known - came));
  }
}

}  // namespace

Result<Recovered> recover(SpoolState& state, const std::function<void(std::string)>& report) {
  auto found = find_segments(state, report);
  if (!found) return tl::make_unexpected(found.error());
  auto epochs_file = open_epochs(state.disk, found->epochs_exist);
  if (!epochs_file) return tl::make_unexpected(epochs_file.error());
  std::string octets(high_water_octets, '\0');
  if (auto got = state.disk.read(*epochs_file, 0, octets); !got)
    return tl::make_unexpected(got.error());

  Recovered recovered;
  recovered.epochs_file = *epochs_file;
  recovered.reserved_until = decode_high_water(octets);
  recovered.next_epoch = std::max<std::uint64_t>(recovered.reserved_until, 1);

  std::map<std::uint64_t, std::uint64_t> sealed_ends;
  for (const auto& [epoch, header] : found->headers) {
    sealed_ends[header.previous_epoch] = header.previous_end;
    if (auto failed = state.segments.by_epoch(header.previous_epoch); failed)
      state.segments[*failed].poisoned |= header.previous_failed;
  }
  // Epochs that a later segment has passed over: their first batch failed and was written again
  // there. Nobody was answered for what they hold.
  for (const auto& [epoch, header] : found->headers)
    for (auto over = found->headers.upper_bound(header.previous_epoch); over->first < epoch;
         ++over) {
      sealed_ends[over->first] = segment_header_octets;
      state.segments[*state.segments.by_epoch(over->first)].poisoned = true;
    }

  Replay replay(state, report);
  for (const auto& [epoch, header] : found->headers) {
    auto number = *state.segments.by_epoch(epoch);
    bool last = epoch == found->headers.rbegin()->first;
    state.last_id = std::max(state.last_id, header.last_id);
    std::optional<std::uint64_t> sealed_end;
    if (auto sealed = sealed_ends.find(epoch); sealed != sealed_ends.end())
      sealed_end = sealed->second;
    if (last) {
      // What can be read now may be in the page cache only; it must not be lost once believed.
      auto synced = state.disk.sync(state.segments[number].file);
      if (!synced) return tl::make_unexpected(synced.error());
      auto queued = state.accounts.queued;
      state.accounts = header.totals;
      state.accounts.queued = queued;
    }
    auto replayed = replay.segment(number, sealed_end, last);
    if (!replayed) return tl::make_unexpected(replayed.error());
    recovered.next_epoch = std::max(recovered.next_epoch, epoch + 1);
    if (last) {
      recovered.previous_epoch = epoch;
      recovered.previous_end = state.segments[number].end;
    }
  }
  remove_useless(state, found->summaries);
  recovered.retired = replay.purge();
  balance(state, report);
  return recovered;
}

}  // namespace malleposte::spool
