#include "spool/room.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/limits.h"

namespace malleposte::spool {
namespace {

using namespace std::chrono_literals;
constexpr Duration look_again_after = 1s;
constexpr std::uint64_t outcome_octets = 2 * limits::reply_text_kept;  // with frame and padding
constexpr std::uint64_t dsn_octets = limits::dsn_header_octets + limits::dsn_frame_octets;
constexpr std::uint64_t record_slack = 4096;

}  // namespace

Disk::Space Room::space() {
  if (auto now = state_.loop.steady(); now - look_again_after > looked_at_) {
    file_system_ = state_.disk.space();
    looked_at_ = now;
  }
  return {
      file_system_.free_octets + state_.segments.free_count() * state_.segments.segment_octets(),
      file_system_.total_octets, file_system_.copies_on_write};
}

bool Room::may_grow() {
  space();
  return state_.segments.can_prepare() &&
         file_system_.free_octets >=
             file_system_.total_octets / 100 + state_.segments.segment_octets();
}

std::uint64_t Room::prepared_octets() const {
  return commits_.active_rest() +
         state_.segments.free_count() *
             (state_.segments.segment_octets() - segment_header_octets - commits_.opening_octets());
}

Result<void> Room::for_mail(std::uint64_t octets) {
  if (state_.octets() > options_.memory_limit)
    return fail(Fault::resource, fmt::format("the queue holds {} messages, as many as "
                                             "queue_memory_limit allows",
                                             state_.index.size()));
  auto now = space();
  if (now.free_octets < now.total_octets / 100)
    return fail(Fault::disk, "the data volume has less than 1% of free disk space");
  auto needed = octets + record_slack + commits_.pending_octets() + reserved_octets_ +
                limits::reserve_segments * state_.segments.segment_octets();
  auto have = prepared_octets();
  if (needed > have && may_grow()) {
    auto spare = file_system_.free_octets - file_system_.total_octets / 100;
    have += spare / state_.segments.segment_octets() * state_.segments.segment_octets();
  }
  if (needed > have) return fail(Fault::disk, "the data volume has no room left for new mail");
  return {};
}

bool Room::reserve(MessageId id, std::size_t recipients) {
  if (reserved_.contains(id.value)) return true;  // another part of the message asks
  // A settlement is one record, and so never more than a segment.
  auto octets =
      std::min(record_slack + options_.returned_octets + recipients * (outcome_octets + dsn_octets),
               state_.segments.segment_octets() / 2);
  auto for_cleaner = state_.segments.segment_octets();
  if (reserved_octets_ + octets + commits_.pending_octets() + for_cleaner > prepared_octets() &&
      !may_grow())
    return false;
  reserved_.emplace(id.value, octets);
  reserved_octets_ += octets;
  return true;
}

void Room::release(MessageId id) {
  auto known = reserved_.find(id.value);
  if (known == reserved_.end()) return;
  reserved_octets_ -= known->second;
  reserved_.erase(known);
}

}  // namespace malleposte::spool
