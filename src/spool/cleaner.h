// The cleaner empties segments in which little still counts: it writes their remaining messages
// again as a new generation, and what is still needed of their outcomes, so that they can be
// retired (docs/formats/spool.md, Cleaning). The history of attempts comes along; when space is
// short it is left behind. One segment at a time, in small steps between which
// everything else goes on. Loop thread; reading happens on the reader lane.
#pragma once

#include <coroutine>
#include <cstdint>
#include <functional>
#include <unordered_set>
#include <vector>

#include "spool/group_commit.h"
#include "spool/record_access.h"
#include "spool/segment_reader.h"
#include "spool/spool_state.h"

namespace malleposte::spool {

class Cleaner {
 public:
  // `report` is told of damage.
  Cleaner(SpoolState& state, GroupCommit& commits, std::function<void(std::string)> report,
          std::function<void()> look_for_retirable)
      : state_(state),
        commits_(commits),
        report_(std::move(report)),
        look_(std::move(look_for_retirable)) {}

  // Cleans a segment if one is worth it; `short_of_space`: also fuller ones.
  void look(bool short_of_space);
  bool idle() const { return !cleaning_; }
  // Ends the work under way at its next step, and begins none.
  void stop() { stopped_ = true; }
  std::uint64_t cleaned() const { return cleaned_; }

  // While a message is being written again nothing else may be written about it: wait for this.
  bool moving(MessageId id) const { return moving_.contains(id.value); }
  auto moved() {
    struct Awaiter {
      Cleaner& cleaner;
      bool await_ready() const noexcept { return false; }
      void await_suspend(std::coroutine_handle<> handle) { cleaner.waiters_.push_back(handle); }
      void await_resume() const noexcept {}
    };
    return Awaiter{*this};
  }
  // How many records about a message are on their way to the disk: it is not moved meanwhile.
  void record_begun(MessageId id) { ++in_flight_[id.value]; }
  void record_ended(MessageId id);

 private:
  struct Batch;

  Task<void> clean(SegmentTable::Number number);
  Task<bool> pass(SegmentTable::Number number);
  Task<bool> move_message(MessageId id, SegmentTable::Number number, Batch& batch);

  std::optional<Index::Slot> living_at(MessageId id, std::uint64_t home) const;
  void carry(SegmentTable::Number number, const Record& record, const Item& item, Batch& batch);
  void carry_outcome(SegmentTable::Number number, std::uint64_t offset, OutcomeItem outcome,
                     const IndexedMessage& message, Batch& batch);
  Task<bool> write(Batch& batch);
  void spoiled(SegmentTable::Number number, std::string_view why);
  void resume_waiters();

  SpoolState& state_;
  GroupCommit& commits_;
  std::function<void(std::string)> report_;
  std::function<void()> look_;
  bool cleaning_ = false;
  bool stopped_ = false;
  bool short_of_space_ = false;  // when the segment was chosen
  std::uint64_t cleaned_ = 0;
  std::unordered_set<std::uint64_t> moving_;
  std::unordered_map<std::uint64_t, unsigned> in_flight_;
  std::vector<std::coroutine_handle<>> waiters_;
};

}  // namespace malleposte::spool
