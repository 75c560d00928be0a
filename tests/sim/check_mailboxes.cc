#include <set>

#include "checkers.h"

namespace malleposte::sim {

void check_mailboxes(const deliver::SimulatedMailVolume& volume, Findings& findings) {
  for (const auto& [mailbox, mails] : volume) {
    std::set<std::string_view> seen;
    for (const auto& [name, content] : mails)
      if (!seen.insert(content).second)
        findings.add("mailboxes", fmt::format("{} has a mail twice, {} the second time; it begins "
                                              "with {}",
                                              mailbox, name, content.substr(0, 100)));
  }
}

}  // namespace malleposte::sim
