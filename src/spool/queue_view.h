// The queue as people see it: which messages a filter means, and what is shown of each. Looks only
// at the index until it comes to showing; long looks are taken in steps, so that the loop is never
// held for more than a couple of milliseconds. Loop thread.
#pragma once

#include <string>
#include <vector>

#include "spool/record_access.h"

namespace malleposte::spool {

// All matching messages, confirmed, in any order.
Task<std::vector<MessageId>> find_messages(SpoolState& state, Filter filter);
Task<QueuePage> list_messages(SpoolState& state, Filter filter, std::string cursor,
                              std::size_t limit);
Task<std::uint64_t> count_messages(const SpoolState& state, Filter filter);
Task<std::vector<Destination>> list_destinations(const SpoolState& state, std::size_t most);

// Lets others have their turn: awaited between steps.
inline auto take_turns(Loop& loop) {
  return sleep_until(loop, loop.steady());
}

}  // namespace malleposte::spool
