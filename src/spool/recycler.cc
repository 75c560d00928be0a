#include "spool/recycler.h"

#include <memory>

#include "base/limits.h"
#include "spool/summary.h"

namespace malleposte::spool {
namespace {
constexpr std::size_t free_wanted = limits::reserve_segments + 2;
}

void Recycler::look() {
  if (looking_) return;
  looking_ = true;
  state_.loop.post([this] {
    looking_ = false;
    look_now();
  });
}

void Recycler::look_now() {
  for (auto number : state_.segments.retirable()) retire(number);
  if (state_.segments.free_count() < free_wanted && room_.may_grow()) {
    bool begun = state_.segments.prepare([this] {
      --coming_;
      settle_waiting();
      look();
    });
    if (begun) ++coming_;
  }
}

void Recycler::retire(SegmentTable::Number number) {
  auto& segment = state_.segments[number];
  segment.state = Segment::State::retiring;
  ++retiring_;
  PendingRecord record;
  record.urgency = Urgency::whenever;
  record.buffer.append(record_header_octets, '\0');
  append_item(record.buffer, RetireItem{segment.epoch});
  record.done = [this, number](Result<Written> written) {
    --retiring_;
    if (!written) {
      state_.segments[number].state = Segment::State::sealed;
      return;
    }
    state_.segments.retired(number, written->segment);
    finish(number);
    look();  // outcomes about its messages count no more
  };
  commits_.append(std::move(record));
}

void Recycler::finish(SegmentTable::Number number) {
  ++coming_;
  auto& segment = state_.segments[number];
  auto done = std::make_shared<Result<void>>();
  bool reusable = !segment.poisoned && segment.octets == state_.segments.segment_octets();
  state_.loop.offload(
      Loop::Lane::housekeeping,
      [done, reusable, &disk = state_.disk, file = segment.file, name = segment.name,
       epoch = segment.epoch, summary = segment.summary_tried] {
        if (summary) (void)disk.remove(summary_name(epoch));
        if (!reusable) {
          *done = disk.remove(name);
          if (*done) *done = disk.sync_directory();
          return;
        }
        auto header = encode(SegmentHeader{});
        std::string_view part = header;
        *done = disk.write(file, 0, std::span(&part, 1));
        if (*done) *done = disk.sync(file);
      },
      [this, done, number, reusable] {
        --coming_;
        // With its old header still there the segment stays out of use until the next start;
        // whoever waits for it has to be told.
        if (*done) state_.segments.freed(number, reusable);
        settle_waiting();
        if (*done) look();
      });
}

void Recycler::wanted() {
  look_now();
  state_.loop.post([this] { settle_waiting(); });
}

// Whoever waits for a segment goes on, or is told that none will come.
void Recycler::settle_waiting() {
  if (state_.segments.free_count() > 0) return commits_.segment_came();
  if (coming_ == 0)
    commits_.no_segment({Fault::disk, "the data volume is full: no segment is free"});
}

}  // namespace malleposte::spool
