#include <algorithm>

#include "checkers.h"

namespace malleposte::sim {
namespace {

constexpr std::string_view final_recipient = "Final-Recipient: rfc822; ";

// A warning that the mail is late is not enough.
bool named_in_a_notice(const Ledger& ledger, const Kept& message, const std::string& recipient) {
  const auto field = std::string(final_recipient) + recipient + "\r\nAction: failed\r\n";
  return std::any_of(ledger.notices.begin(), ledger.notices.end(), [&](const auto& notice) {
    const auto& kept = ledger.kept.at(notice.second);
    return kept.commit == Kept::Commit::durable &&
           kept.recipients.front().address == message.sender &&
           notice.first.find(field) != std::string::npos;
  });
}

// Whoever a gathered notice speaks of is named in a report to the same address.
bool reported(const Ledger& ledger, const Kept& notice) {
  const auto& content = notice.content;
  for (auto at = content.find(final_recipient); at != std::string::npos;
       at = content.find(final_recipient, at + 1)) {
    const auto from = at + final_recipient.size();
    const auto named = "<" + content.substr(from, content.find("\r\n", from) - from) + ">";
    const bool told = std::any_of(ledger.kept.begin(), ledger.kept.end(), [&](const auto& entry) {
      const auto& report = entry.second;
      return report.generated && report.id != notice.id && report.begun > notice.begun &&
             report.commit == Kept::Commit::durable &&
             report.recipients.front().address == notice.recipients.front().address &&
             report.content.find(named) != std::string::npos;
    });
    if (!told) return false;
  }
  return true;
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
        case Fate::replaced:
          if (!message.generated || !reported(ledger, message))
            wrong("was replaced by a report that does not speak of it");
          break;
        case Fate::discarded:
          wrong("has a fate that nothing here gives");
      }
    }
  }
}

}  // namespace malleposte::sim
