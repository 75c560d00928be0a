// Who may still write: room in the spool for new mail, for the outcomes of deliveries and for the
// cleaner, in this order of giving up. New mail stops while there is still room for everything that
// has to be said about the mail that is here (docs/formats/spool.md, Reserve). Loop thread.
#pragma once

#include <cstdint>
#include <unordered_map>

#include "spool/group_commit.h"
#include "spool/spool_state.h"

namespace malleposte::spool {

class Room {
 public:
  struct Options {
    std::uint64_t memory_limit;
    std::size_t returned_octets;  // of a message in its DSN, beside its header
  };
  Room(SpoolState& state, GroupCommit& commits, Options options)
      : state_(state), commits_(commits), options_(options) {}

  // Whether new mail of so many octets may come in; the Error says what is short.
  Result<void> for_mail(std::uint64_t octets);
  // Takes room for the outcomes and DSNs of a delivery; false when there is none.
  bool reserve(MessageId id, std::size_t recipients);
  // Gives it back.
  void release(MessageId id);

  // File system and free segments together.
  Disk::Space space();
  // Whether one more segment may be made without eating into the last per cent of the volume.
  bool may_grow();

 private:
  std::uint64_t prepared_octets() const;

  SpoolState& state_;
  GroupCommit& commits_;
  Options options_;
  std::unordered_map<std::uint64_t, std::uint64_t> reserved_;  // by message
  std::uint64_t reserved_octets_ = 0;
  Disk::Space file_system_{};
  SteadyTime looked_at_ = SteadyTime::min();
};

}  // namespace malleposte::spool
