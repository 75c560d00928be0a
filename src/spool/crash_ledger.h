// The ledger of the crash tests: an account of what the store has promised, and when, kept outside
// of it. Compared with what a store recovered from a crash at a given moment says. Test code.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/limits.h"
#include "spool/crash_holdings.h"
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
    std::string sender;
    std::string warning;  // content of the one warning that it is late, once it was handed over
    // When it was handed over again, as from an export: this one had ended before that.
    std::size_t came_back = not_yet;
  };

  // A message of our own making. Nobody deletes it.
  struct Notice {
    std::size_t made = not_yet;    // when it was handed over
    std::size_t kept = not_yet;    // when that was answered
    std::size_t ending = not_yet;  // when its final outcome was handed over
    std::size_t ended = not_yet;
    std::vector<std::string> replaces;  // the gathered notices that it reports
  };

  // What the operator said of all that is for this address ("": of everything), or from this
  // sender. One after the other.
  struct Word {
    Action action;
    std::string address = {}, sender = {};
    WallTime begun_at{}, ended_at{};
    std::size_t begun, ended = not_yet;
  };
  // A standing order; told apart by its reason.
  struct Order {
    StandingOrder order;
    std::size_t giving, given = not_yet, cancelling = not_yet, cancelled = not_yet;
    std::size_t over = not_yet;  // its time was
  };

  std::map<std::uint64_t, Message> messages;
  std::multimap<std::uint64_t, Message> earlier;  // what those that came back were before
  std::vector<Word> words;
  std::vector<Order> orders;
  std::map<std::string, Notice> notices;  // by content, which is different for each

  // What is wrong with the store, if it was recovered from a crash after `operations` operations;
  // empty when every promise holds. A store has run until `seen` since the crash.
  std::string check(LogStore& store, const Holdings& holdings, std::size_t operations,
                    WallTime seen = {}) const {
    const auto& contents = holdings.contents;
    if (auto wrong = check_orders(store.orders(), operations, seen); !wrong.empty()) return wrong;
    std::set<std::string> held_notices;
    for (const auto& [id, content] : contents)
      if (!messages.contains(id) && !held_notices.insert(content).second)
        return "a notice is there twice: " + content;
    for (const auto& [id, is_warned] : holdings.warned) {
      const auto* message = life(id, contents);
      if (message == nullptr) continue;
      auto wrong = check_warning(*message, is_warned, held_notices, operations);
      if (!wrong.empty()) return "message " + to_string(MessageId{id}) + " " + wrong;
    }
    for (const auto& [content, notice] : notices)
      if (auto wrong = check_notice(content, notice, held_notices, operations); !wrong.empty())
        return wrong + ": " + content;
    const auto check_one = [&](std::uint64_t id, const Message& message) -> std::string {
      const bool there = life(id, contents) == &message;
      auto wrong =
          there ? check_there(message, holdings.listed.at(id), holdings.queued.at(id), operations)
                : check_gone(message, operations);
      return wrong.empty() ? wrong : "message " + to_string(MessageId{id}) + " " + wrong;
    };
    for (const auto& [id, message] : messages)
      if (auto wrong = check_one(id, message); !wrong.empty()) return wrong;
    for (const auto& [id, message] : earlier)
      if (auto wrong = check_one(id, message); !wrong.empty()) return wrong;
    for (const auto& [id, content] : contents)
      if (life(id, contents) == nullptr && !notices.contains(content))
        return "a message nobody has begun: " + to_string(MessageId{id});
    auto a = store.accounts();
    if (a.accepted + a.generated != ended(a) + a.queued)
      return "the accounts do not balance: " + std::to_string(a.accepted) + " + " +
             std::to_string(a.generated) + " came, " + std::to_string(a.delivered) + " + " +
             std::to_string(a.bounced) + " + " + std::to_string(a.deleted) + " went, " +
             std::to_string(a.queued) + " are queued";
    return {};
  }

 private:
  // What the store holds under this id: as it is now, or as it was before it came back. Null: it
  // is there in neither way.
  const Message* life(std::uint64_t id,
                      const std::map<std::uint64_t, std::string>& contents) const {
    const auto held = contents.find(id);
    if (held == contents.end()) return nullptr;
    if (const auto known = messages.find(id);
        known != messages.end() && known->second.content == held->second)
      return &known->second;
    const auto [from, to] = earlier.equal_range(id);
    for (auto one = from; one != to; ++one)
      if (one->second.content == held->second) return &one->second;
    return nullptr;
  }

  std::string check_gone(const Message& message, std::size_t operations) const {
    if (message.acknowledged > operations) return {};
    for (const auto& recipient : message.recipients)
      if (recipient.settling > operations && !deleted(message, operations))
        return "was acknowledged and is lost";
    return {};
  }

  std::string check_there(const Message& message, const ListedMessage& listed,
                          const std::vector<bool>& queued, std::size_t operations) const {
    if (message.begun > operations) return "exists before it was begun";
    if (message.came_back <= operations) return "was done before it came back, and is as it was";
    if (message.acknowledged <= operations &&
        std::all_of(message.recipients.begin(), message.recipients.end(),
                    [&](const auto& recipient) { return recipient.settled <= operations; }))
      return "was done and is back";
    if (auto wrong = check_marks(message, listed, operations); !wrong.empty()) return wrong;
    if (queued.size() != message.recipients.size()) return "has other recipients";
    for (std::size_t i = 0; i < queued.size(); ++i) {
      const auto& recipient = message.recipients[i];
      if (queued[i] && recipient.settled <= operations)
        return "has a settled recipient that is queued again";
      if (!queued[i] && recipient.settling > operations && !deleted(message, operations))
        return "has lost a recipient";
    }
    return {};
  }

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

  // The words that may have met this message before the crash.
  std::vector<const Word*> words_about(const Message& message, std::size_t operations) const {
    std::vector<const Word*> found;
    for (const auto& word : words) {
      if (word.begun > operations || message.begun > word.ended) continue;
      if (!word.sender.empty() && word.sender != message.sender) continue;
      if (!word.address.empty() &&
          std::count(message.addresses.begin(), message.addresses.end(), word.address) == 0)
        continue;
      found.push_back(&word);
    }
    return found;
  }
  static bool surely(const Word& word, const Message& message, std::size_t operations) {
    return message.acknowledged <= word.begun && word.ended <= operations;
  }

  // What may be known of a message as the words went on; `value` of one that says nothing is empty.
  template <class T, class Value>
  std::set<T> possible(const Message& message, std::set<T> values, std::size_t operations,
                       const Value& value) const {
    for (const auto* word : words_about(message, operations)) {
      std::optional<T> said = value(word->action);
      if (!said) continue;
      if (surely(*word, message, operations)) values.clear();
      values.insert(*said);
    }
    return values;
  }

  // Whether the operator may have ended it: removed it, and not taken that back in time.
  bool deleted(const Message& message, std::size_t operations) const {
    const Word* removed = nullptr;
    for (const auto* word : words_about(message, operations)) {
      if (removed != nullptr && removed->action.at_once) return true;
      if (word->action.operation == Operation::remove) removed = word;
      const bool in_time = removed != nullptr && !removed->action.at_once &&
                           word->ended_at < removed->begun_at + limits::undo_time;
      if (word->action.operation == Operation::restore && in_time &&
          surely(*word, message, operations))
        removed = nullptr;
    }
    return removed != nullptr;
  }

  std::string check_marks(const Message& message, const ListedMessage& listed,
                          std::size_t operations) const {
    const bool deleting = listed.state == QueueState::deleting;
    const auto removed = possible<bool>(message, {false}, operations,
                                        [](const Action& action) -> std::optional<bool> {
                                          if (action.operation == Operation::remove) return true;
                                          if (action.operation == Operation::restore) return false;
                                          return std::nullopt;
                                        });
    if (!removed.contains(deleting)) return deleting ? "is removed" : "was removed and is not";
    // As it came, and by whose order.
    std::set<bool> held{false};
    for (const auto& order : orders) {
      if (order.order.kind != StandingOrder::Kind::hold || order.order.pattern != message.sender)
        continue;
      if (order.given <= message.begun && message.acknowledged <= order.cancelling &&
          order.over > message.acknowledged)
        held = {true};
      else if (order.giving <= message.acknowledged && message.begun <= order.cancelled)
        held.insert(true);
    }
    held =
        possible<bool>(message, held, operations, [](const Action& action) -> std::optional<bool> {
          if (action.operation == Operation::hold) return true;
          if (action.operation == Operation::release) return false;
          return std::nullopt;
        });
    const bool is_held = listed.state == QueueState::held;
    if (!deleting && !held.contains(is_held)) return is_held ? "is held" : "was held and is not";
    const auto hops = possible<std::string>(message, {""}, operations,
                                            [](const Action& action) -> std::optional<std::string> {
                                              if (action.operation == Operation::reroute)
                                                return action.next_hop;
                                              return std::nullopt;
                                            });
    if (!hops.contains(listed.next_hop)) return "goes to '" + listed.next_hop + "'";
    const auto lives = possible<std::optional<Duration>>(
        message, {std::optional<Duration>()}, operations,
        [](const Action& action) -> std::optional<std::optional<Duration>> {
          if (action.operation == Operation::lifetime) return action.lifetime;
          return std::nullopt;
        });
    return lives.contains(listed.lifetime) ? "" : "has another lifetime";
  }

  std::string check_orders(const std::vector<StandingOrder>& found, std::size_t operations,
                           WallTime seen) const {
    for (const auto& order : orders) {
      const bool there = std::any_of(found.begin(), found.end(), [&](const StandingOrder& one) {
        return one.reason == order.order.reason;
      });
      const auto name = "the order " + order.order.reason;
      if (there && order.giving > operations) return name + " is there before it was given";
      if (there && order.cancelled <= operations) return name + " was cancelled and is back";
      if (!there && order.given <= operations && order.cancelling > operations &&
          order.over > operations && (!order.order.until || *order.order.until > seen))
        return name + " was given and is lost";
    }
    for (const auto& one : found) {
      const auto known = std::find_if(orders.begin(), orders.end(), [&](const Order& order) {
        return order.order.reason == one.reason;
      });
      if (known == orders.end()) return "an order that nobody gave: " + one.reason;
      if (one.pattern != known->order.pattern || one.kind != known->order.kind ||
          one.until != known->order.until)
        return "an order was changed: " + one.reason;
      if (known->given <= operations && one.number != known->order.number)
        return "an order has another number: " + one.reason;
    }
    return {};
  }
};

}  // namespace malleposte::spool
