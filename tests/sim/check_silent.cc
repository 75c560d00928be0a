#include <algorithm>
#include <functional>
#include <map>

#include "checkers.h"

namespace malleposte::sim {
namespace {

constexpr std::string_view final_recipient = "Final-Recipient: rfc822; ";

// How often that address was told of a recipient, by action. A gathered notice is counted once,
// also when it went out alone after all: it is the same content.
std::map<std::string, unsigned> told(const Ledger& ledger, const std::string& address,
                                     const std::string& envelope_id, const std::string& recipient) {
  std::map<std::string, unsigned> told;
  const auto field = std::string(final_recipient) + recipient + "\r\nAction: ";
  for (const auto& [content, id] : ledger.notices) {
    const auto& kept = ledger.kept.at(id);
    if (kept.commit != Kept::Commit::durable || kept.recipients.front().address != address)
      continue;
    const auto at = content.find(field);
    // A report repeats what gathered notices have said.
    if (at == std::string::npos || content.find("multipart/mixed") < at) continue;
    const auto from = at + field.size();
    ++told[content.substr(from, content.find("\r\n", from) - from)];
    const auto its_id = "\r\nOriginal-Envelope-Id: " + envelope_id + "\r\n";
    if (!envelope_id.empty() && content.find(its_id) == std::string::npos)
      ++told["without its ENVID"];
  }
  return told;
}

// What the sender must be told of a recipient, and must not (RFC 3461 4.1, 5.2). A warning depends
// on times: it may be.
void check_told(const Recipient& recipient, std::map<std::string, unsigned> told,
                const std::function<void(std::string_view)>& wrong) {
  const bool failed = recipient.fate == Fate::bounced || recipient.fate == Fate::expired;
  const unsigned failures = failed && recipient.notify.wants_failure() ? 1 : 0;
  const bool ours_to_tell = recipient.fate == Fate::delivered && !recipient.host_reports;
  const unsigned successes = ours_to_tell && recipient.notify.wants_success() ? 1 : 0;
  const auto expect = [&](const char* action, unsigned least, unsigned most) {
    const auto times = told[action];
    told.erase(action);
    if (times < least) wrong(fmt::format("and its sender was not told: {}", action));
    if (times > most) wrong(fmt::format("and its sender was told {} times: {}", times, action));
  };
  expect("failed", failures, failures);
  expect(recipient.in_mailbox ? "delivered" : "relayed", successes, successes);
  expect("delayed", 0, recipient.notify.wants_delay() ? 1 : 0);
  for (const auto& [action, times] : told) wrong("and its sender was told " + action);
}

// Whoever a gathered notice speaks of is named in a report to the same address.
bool reported(const Ledger& ledger, const Kept& notice) {
  // Without what it returns, which may be a notice itself.
  const auto content =
      notice.content.substr(0, notice.content.find("\r\nContent-Type: message/rfc822\r\n"));
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

// root_address is told of each notice that failed, but of none on its way to root_address.
void check_root_told(const Ledger& ledger, const std::string& root, Findings& findings) {
  std::map<std::string, unsigned> failures;
  for (const auto& [id, message] : ledger.kept)
    for (const auto& recipient : message.recipients)
      if (message.generated && message.commit == Kept::Commit::durable &&
          recipient.address != root &&
          (recipient.fate == Fate::bounced || recipient.fate == Fate::expired))
        ++failures[recipient.address];
  for (const auto& [address, times] : failures)
    if (const auto said = told(ledger, root, "", address)["failed"]; said != times)
      findings.add("silent", fmt::format("{} notices to {} failed, and {} was told {} times", times,
                                         address, root, said));
}

}  // namespace

void check_silent(const Ledger& ledger, const std::string& root, Findings& findings) {
  if (!root.empty()) check_root_told(ledger, root, findings);
  for (const auto& [id, message] : ledger.kept) {
    if (message.commit != Kept::Commit::durable) continue;
    for (const auto& recipient : message.recipients) {
      const auto wrong = [&](std::string_view what) {
        findings.add("silent", fmt::format("{} of {} (message {}) {} {}", recipient.address,
                                           to_string(message.id), message.token,
                                           to_string(recipient.fate), what));
      };
      // Nobody but root is told about what has no sender: it is counted and logged.
      if (!message.sender.empty())
        check_told(recipient, told(ledger, message.sender, message.envelope_id, recipient.address),
                   wrong);
      switch (recipient.fate) {
        case Fate::delivered:
          if (recipient.takes.empty()) wrong("but nobody has it");
          break;
        case Fate::bounced:
        case Fate::expired:
          break;
        case Fate::deleted:
          if (!ledger.words.may_have_removed(message)) wrong("by nobody");
          break;
        case Fate::queued:
          break;
        case Fate::replaced:
          if (!message.generated || !reported(ledger, message))
            wrong("by a report that does not speak of it");
          break;
        case Fate::discarded:
          wrong(", a fate that nothing here gives");
      }
    }
  }
}

}  // namespace malleposte::sim
