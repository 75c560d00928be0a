// The ledger of the crash tests: an account of what the store has promised, and when, kept outside
// of it. Compared with what a store recovered from a crash at a given moment says. Test code.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "spool/log_store.h"
#include "spool/queue_view.h"

namespace malleposte::spool {

class CrashLedger {
 public:
  static constexpr std::size_t not_yet = SIZE_MAX;

  struct Recipient {
    std::size_t settling = not_yet;  // operation count when its final outcome was handed over
    std::size_t settled = not_yet;   // when that was answered
  };
  struct Message {
    std::string content;
    std::size_t begun = not_yet;  // when it was handed over: it may exist from here on
    std::size_t acknowledged = not_yet;
    std::vector<Recipient> recipients;
    std::vector<std::string> addresses;
    std::string warning;  // content of the one warning that it is late, once it was handed over
  };

  // A message of our own making. Nobody deletes it.
  struct Notice {
    std::size_t made = not_yet;    // when it was handed over
    std::size_t kept = not_yet;    // when that was answered
    std::size_t ending = not_yet;  // when its final outcome was handed over
    std::size_t ended = not_yet;
    std::vector<std::string> replaces;  // the gathered notices that it reports
  };

  // The operator deletes what is for this address: whoever is matched may go from `begun` on.
  struct Deletion {
    std::string address;
    std::size_t begun, ended = not_yet;
  };

  std::map<std::uint64_t, Message> messages;
  std::vector<Deletion> deletions;
  std::map<std::string, Notice> notices;  // by content, which is different for each

  // What is wrong with the store, if it was recovered from a crash after `operations` operations;
  // empty when every promise holds. `contents` is what the store holds: id -> content; `warned`
  // what it says of the messages it would deliver.
  std::string check(LogStore& store, const std::map<std::uint64_t, std::string>& contents,
                    const std::map<std::uint64_t, std::vector<bool>>& queued,
                    const std::map<std::uint64_t, bool>& warned, std::size_t operations) const {
    std::set<std::string> held_notices;
    for (const auto& [id, content] : contents)
      if (!messages.contains(id) && !held_notices.insert(content).second)
        return "a notice is there twice: " + content;
    for (const auto& [id, is_warned] : warned) {
      auto known = messages.find(id);
      if (known == messages.end()) continue;
      auto wrong = check_warning(known->second, is_warned, held_notices, operations);
      if (!wrong.empty()) return "message " + to_string(MessageId{id}) + " " + wrong;
    }
    for (const auto& [content, notice] : notices)
      if (auto wrong = check_notice(content, notice, held_notices, operations); !wrong.empty())
        return wrong + ": " + content;
    for (const auto& [id, message] : messages) {
      bool acknowledged = message.acknowledged <= operations;
      bool all_settling = true, all_settled = true;
      for (const auto& recipient : message.recipients) {
        all_settling &= recipient.settling <= operations || deleted(message, operations);
        all_settled &= recipient.settled <= operations;
      }
      auto held = contents.find(id);
      if (held == contents.end()) {
        if (acknowledged && !all_settling)
          return "message " + to_string(MessageId{id}) + " was acknowledged and is lost";
        continue;
      }
      if (message.begun > operations)
        return "message " + to_string(MessageId{id}) + " exists before it was begun";
      if (held->second != message.content)
        return "message " + to_string(MessageId{id}) + " has other content";
      if (acknowledged && all_settled)
        return "message " + to_string(MessageId{id}) + " was done and is back";
      const auto& states = queued.at(id);
      for (std::size_t i = 0; i < states.size(); ++i) {
        const auto& recipient = message.recipients[i];
        if (states[i] && recipient.settled <= operations)
          return "a settled recipient of " + to_string(MessageId{id}) + " is queued again";
        if (!states[i] && recipient.settling > operations && !deleted(message, operations))
          return "a recipient of " + to_string(MessageId{id}) + " vanished";
      }
    }
    for (const auto& [id, content] : contents)
      if (!messages.contains(id) && !notices.contains(content))
        return "a message nobody has begun: " + to_string(MessageId{id});
    auto a = store.accounts();
    if (a.accepted + a.generated !=
        a.delivered + a.bounced + a.expired + a.deleted + a.discarded + a.replaced + a.queued)
      return "the accounts do not balance: " + std::to_string(a.accepted) + " + " +
             std::to_string(a.generated) + " came, " + std::to_string(a.delivered) + " + " +
             std::to_string(a.bounced) + " + " + std::to_string(a.deleted) + " went, " +
             std::to_string(a.queued) + " are queued";
    return {};
  }

 private:
  // The flag and the notice are one record.
  std::string check_warning(const Message& message, bool is_warned,
                            const std::set<std::string>& held, std::size_t operations) const {
    if (message.warning.empty()) return is_warned ? "says that it was warned of" : "";
    const auto& notice = notices.at(message.warning);
    if (is_warned && notice.made > operations) return "was warned of too early";
    if (is_warned && notice.ending > operations && !held.contains(message.warning))
      return "was warned of, and the warning is lost";
    if (!is_warned && notice.kept <= operations) return "was warned of, and that is forgotten";
    if (!is_warned && held.contains(message.warning)) return "would be warned of again";
    return {};
  }

  std::string check_notice(const std::string& content, const Notice& notice,
                           const std::set<std::string>& held, std::size_t operations) const {
    const bool there = held.contains(content);
    if (there && notice.made > operations) return "a notice exists before it was made";
    if (there && notice.ended <= operations) return "a notice was done and is back";
    if (!there && notice.kept <= operations && notice.ending > operations)
      return "a notice is lost";
    if (notice.replaces.empty() || notice.made > operations) return {};
    // A report and what it replaces are one record: the one or the other.
    const auto left = std::count_if(notice.replaces.begin(), notice.replaces.end(),
                                    [&](const auto& one) { return held.contains(one); });
    if (there && left > 0) return "a report is there beside what it replaces";
    if (!there && notice.ending > operations &&
        left != static_cast<std::ptrdiff_t>(notice.replaces.size()))
      return "a part of what a report replaces is lost";
    return {};
  }

  bool deleted(const Message& message, std::size_t operations) const {
    return std::any_of(deletions.begin(), deletions.end(), [&](const Deletion& deletion) {
      return deletion.begun <= operations && message.begun <= deletion.ended &&
             std::count(message.addresses.begin(), message.addresses.end(), deletion.address) > 0;
    });
  }
};

}  // namespace malleposte::spool
