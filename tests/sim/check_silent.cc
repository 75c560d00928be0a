#include <algorithm>

#include "checkers.h"

namespace malleposte::sim {
namespace {

bool named_in_a_notice(const Ledger& ledger, const Kept& message, const std::string& recipient) {
  const auto field = "Final-Recipient: rfc822; " + recipient + "\r\n";
  return std::any_of(ledger.notices.begin(), ledger.notices.end(), [&](const auto& notice) {
    const auto& kept = ledger.kept.at(notice.second);
    return kept.commit == Kept::Commit::durable &&
           kept.recipients.front().address == message.sender &&
           notice.first.find(field) != std::string::npos;
  });
}

}  // namespace

void check_silent(const Ledger& ledger, Findings& findings) {
  for (const auto& [id, message] : ledger.kept) {
    if (message.commit != Kept::Commit::durable) continue;
    for (const auto& recipient : message.recipients) {
      const auto wrong = [&](std::string_view what) {
        findings.add("silent", fmt::format("{} of {} (message {}) {}", recipient.address,
                                           to_string(message.id), message.token, what));
      };
      switch (recipient.fate) {
        case Fate::delivered:
          if (recipient.takes.empty()) wrong("is said to be delivered and nobody has it");
          break;
        case Fate::bounced:
        case Fate::expired:
          // Nobody is told about what has no sender: it is counted and logged.
          if (!message.sender.empty() && !named_in_a_notice(ledger, message, recipient.address))
            wrong("has failed and its sender was not told");
          break;
        case Fate::deleted:
          if (!ledger.operator_may(spool::Operation::remove, message))
            wrong("was deleted by nobody");
          break;
        case Fate::queued:
          break;
        case Fate::discarded:
        case Fate::replaced:
          wrong("has a fate that nothing here gives");
      }
    }
  }
}

}  // namespace malleposte::sim
