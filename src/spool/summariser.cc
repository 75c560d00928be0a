#include "spool/summariser.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "base/limits.h"
#include "spool/record_access.h"
#include "spool/summary.h"

namespace malleposte::spool {
namespace {

using namespace std::chrono_literals;
constexpr Duration pause = 1s;  // between two: the lane has other work

}  // namespace

void Summariser::stop() {
  stopped_ = true;
  state_.loop.cancel(timer_);
  timer_ = 0;
}

// The one that was sealed first.
std::optional<SegmentTable::Number> Summariser::next() const {
  std::optional<SegmentTable::Number> first;
  for (SegmentTable::Number number = 0; number < state_.segments.size(); ++number) {
    const auto& segment = state_.segments[number];
    if (segment.state != Segment::State::sealed || segment.summary_tried || segment.damaged ||
        segment.end <= segment_header_octets)
      continue;
    if (!first || segment.sealed_at < state_.segments[*first].sealed_at) first = number;
  }
  return first;
}

void Summariser::look() {
  if (stopped_ || writing_ || timer_ != 0) return;
  const auto number = next();
  if (!number) return;
  const auto when =
      std::max(not_before_, state_.segments[*number].sealed_at + limits::summary_after);
  timer_ = state_.loop.call_at(when, [this] {
    timer_ = 0;
    write();
  });
}

void Summariser::write() {
  const auto number = next();
  if (!number) return;
  auto& segment = state_.segments[*number];
  // The one that was waited for may be in use again.
  if (segment.sealed_at + limits::summary_after > state_.loop.steady()) return look();
  if (!room_.may_grow()) {
    not_before_ = state_.loop.steady() + limits::summary_after;
    return look();
  }
  writing_ = true;
  segment.summary_tried = true;
  auto pin = std::make_shared<SegmentPin>(state_, *number, unpinned_);
  auto done = std::make_shared<Result<void>>();
  state_.loop.offload(
      Loop::Lane::housekeeping,
      [done, &disk = state_.disk,
       sealed = SealedFile{segment.file, segment.epoch, segment.octets, segment.end}] {
        *done = write_summary(disk, sealed);
      },
      [this, done, pin, name = segment.name] {
        writing_ = false;
        if (!*done && done->error().fault == Fault::damage) ++state_.damaged_records;
        if (!*done) report_(fmt::format("{}: no summary: {}", name, done->error().text));
        not_before_ = state_.loop.steady() + pause;
        look();
      });
}

}  // namespace malleposte::spool
