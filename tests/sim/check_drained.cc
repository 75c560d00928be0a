#include "checkers.h"

namespace malleposte::sim {

void check_drained(const Holdings& holdings, Findings& findings) {
  for (const auto& [id, held] : holdings.messages) {
    const auto& listed = held.listed;
    if (listed.state == spool::QueueState::held) continue;
    findings.add("drained",
                 fmt::format("{} from <{}> to <{}> is still {}: {}", to_string(MessageId{id}),
                             listed.sender, listed.recipients.front().address,
                             spool::to_string(listed.state), listed.reason));
  }
}

}  // namespace malleposte::sim
