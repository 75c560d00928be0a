// Recovery: rebuilds index, segments and accounts from the log alone (docs/formats/spool.md,
// Recovery). Blocking; before the loop runs.
#pragma once

#include <functional>
#include <string>

#include "spool/group_commit.h"
#include "spool/spool_state.h"

namespace malleposte::spool {

struct Recovered {
  // What the group commit goes on from.
  std::uint64_t next_epoch = 1, reserved_until = 1;
  Disk::File epochs_file = -1;
  std::uint64_t previous_epoch = 0, previous_end = 0;
  std::vector<std::uint64_t> retired;  // epochs whose segment still carries its old header
};

// Fills an empty state. `report` is told of damage: a sentence each. Errors: the directory or a
// segment cannot be read, or the last segment cannot be synced.
Result<Recovered> recover(SpoolState& state, const std::function<void(std::string)>& report);

// The file with the high-water mark of epochs.
inline constexpr const char* epochs_name = "epochs";

}  // namespace malleposte::spool
