#include "spool/segment_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <charconv>
#include <memory>
#include <utility>

namespace malleposte::spool {
namespace {

using namespace std::chrono_literals;
constexpr Duration prepare_again_after = 5s;
constexpr std::string_view prefix = "segment-";
constexpr std::uint64_t outcome_item_octets = 80;

}  // namespace

SegmentTable::~SegmentTable() {
  for (auto& segment : segments_)
    if (segment.file >= 0) disk_.close(segment.file);
}

SegmentTable::Number SegmentTable::add(Segment segment) {
  auto number = static_cast<Number>(segments_.size());
  if (segment.name.starts_with(prefix)) {
    unsigned used = 0;
    std::from_chars(segment.name.data() + prefix.size(), segment.name.data() + segment.name.size(),
                    used);
    next_name_ = std::max(next_name_, used + 1);
  }
  if (segment.state == Segment::State::free)
    free_.push_back(number);
  else
    by_epoch_[segment.epoch] = number;
  segments_.push_back(std::move(segment));
  return number;
}

std::optional<SegmentTable::Number> SegmentTable::by_epoch(std::uint64_t epoch) const {
  auto found = by_epoch_.find(epoch);
  if (found == by_epoch_.end()) return std::nullopt;
  return found->second;
}

std::optional<SegmentTable::Number> SegmentTable::take(std::uint64_t epoch) {
  if (free_.empty()) return std::nullopt;
  auto number = free_.front();
  free_.erase(free_.begin());
  auto& segment = segments_[number];
  segment.state = Segment::State::active;
  segment.epoch = epoch;
  segment.end = segment_header_octets;
  by_epoch_[epoch] = number;
  return number;
}

// Every octet is written before the first use: overwriting needs no new blocks, so that neither a
// full disk nor the file system's journal stands between a message and its 250.
Result<Segment> SegmentTable::make(const std::string& name) {
  auto file = disk_.create(name);
  if (!file) return tl::make_unexpected(file.error());
  static const std::string zeros(1 << 20, '\0');
  Result<void> done{};
  for (std::uint64_t at = 0; done && at < segment_octets_; at += zeros.size()) {
    std::string_view part(zeros.data(),
                          std::min<std::uint64_t>(zeros.size(), segment_octets_ - at));
    done = disk_.write(*file, at, std::span(&part, 1));
    if (done) done = disk_.sync(*file);
  }
  if (done) done = disk_.sync_directory();
  // The header says that the making is complete; a blank one means that it was interrupted.
  if (done) {
    auto header = encode(SegmentHeader{});
    std::string_view part = header;
    done = disk_.write(*file, 0, std::span(&part, 1));
    if (done) done = disk_.sync(*file);
  }
  if (!done) {
    disk_.close(*file);
    (void)disk_.remove(name);
    return tl::make_unexpected(done.error());
  }
  Segment segment;
  segment.name = name;
  segment.file = *file;
  segment.octets = segment_octets_;
  return segment;
}

Result<void> SegmentTable::prepare_now() {
  auto made = make(fmt::format("{}{:06}", prefix, next_name_++));
  if (!made) return tl::make_unexpected(made.error());
  add(std::move(*made));
  return {};
}

bool SegmentTable::prepare(std::function<void()> done) {
  if (preparing_ || !can_prepare()) return false;
  preparing_ = true;
  auto result = std::make_shared<Result<Segment>>();
  auto name = fmt::format("{}{:06}", prefix, next_name_++);
  loop_.offload(
      Loop::Lane::housekeeping, [this, result, name] { *result = make(name); },
      [this, result, done = std::move(done)] {
        preparing_ = false;
        if (*result)
          add(std::move(**result));
        else
          retry_prepare_ = loop_.steady() + prepare_again_after;
        done();
      });
  return true;
}

void SegmentTable::message_lives(Number number, std::uint64_t octets) {
  segments_[number].live_octets += octets;
  ++segments_[number].live_messages;
}

void SegmentTable::message_left(Number number, std::uint64_t octets) {
  auto& segment = segments_[number];
  assert(segment.live_messages > 0 && segment.live_octets >= octets);
  segment.live_octets -= octets;
  --segment.live_messages;
}

void SegmentTable::outcome_added(Number number, std::uint64_t home_epoch) {
  auto& segment = segments_[number];
  if (home_epoch != segment.epoch && by_epoch_.contains(home_epoch))
    ++segment.outcomes_for[home_epoch];
}

void SegmentTable::superseded(Number number, std::uint64_t origin_epoch) {
  auto& segment = segments_[number];
  if (origin_epoch != segment.epoch && by_epoch_.contains(origin_epoch))
    ++segment.supersedes[origin_epoch];
}

std::vector<SegmentTable::Number> SegmentTable::retirable() const {
  std::vector<Number> found;
  bool end_untold = false;  // of poisoned segments; that with the next durable header tells it
  for (const auto& [epoch, number] : by_epoch_) {
    const auto& segment = segments_[number];
    const bool needed = segment.end > segment_header_octets && std::exchange(end_untold, false);
    if (segment.poisoned && !retired_in_.contains(number)) end_untold = true;
    if (needed) continue;
    if (segment.state == Segment::State::sealed && segment.live_messages == 0 &&
        segment.pins == 0 && segment.retirements == 0 && segment.outcomes_for.empty() &&
        segment.supersedes.empty())
      found.push_back(number);
  }
  return found;
}

void SegmentTable::retired(Number number, Number where) {
  auto epoch = segments_[number].epoch;
  for (auto& [other_epoch, other] : by_epoch_) {
    segments_[other].outcomes_for.erase(epoch);
    segments_[other].supersedes.erase(epoch);
  }
  ++segments_[where].retirements;
  retired_in_[number] = where;
}

void SegmentTable::freed(Number number, bool reusable) {
  auto& segment = segments_[number];
  if (auto where = retired_in_.find(number); where != retired_in_.end()) {
    --segments_[where->second].retirements;
    retired_in_.erase(where);
  }
  by_epoch_.erase(segment.epoch);
  segment.epoch = 0;
  segment.end = 0;
  segment.chunk_owners.clear();
  segment.summary_tried = segment.damaged = segment.spoiled = false;
  if (reusable) {
    segment.state = Segment::State::free;
    free_.push_back(number);
  } else {
    segment.state = Segment::State::dropped;
    disk_.close(segment.file);
    segment.file = -1;
  }
}

std::optional<SegmentTable::Number> SegmentTable::to_clean(unsigned percent) const {
  std::optional<Number> best;
  std::uint64_t least = 0;
  for (const auto& [epoch, number] : by_epoch_) {
    const auto& segment = segments_[number];
    if (segment.state != Segment::State::sealed || segment.pins > 0 || segment.spoiled ||
        !segment.supersedes.empty())
      continue;
    auto live = segment.live_octets;
    // Outcomes that are still needed move too, with what each takes at least.
    for (const auto& [home, items] : segment.outcomes_for)
      live += std::uint64_t{items} * outcome_item_octets;
    if (live == 0 && segment.outcomes_for.empty()) continue;  // waits only for its retirement
    if (live * 100 >= segment.octets * percent) continue;
    if (!best || live < least) {
      best = number;
      least = live;
    }
  }
  return best;
}

}  // namespace malleposte::spool
