#include "operator_words.h"

#include <algorithm>

#include "base/limits.h"
#include "ledger.h"
#include "spool/standing_orders.h"

namespace malleposte::sim {
namespace {

using spool::Operation;
using Kind = spool::StandingOrder::Kind;

bool is_sent_from(const Kept& message, const std::string& pattern) {
  if (pattern.starts_with('@')) return message.sender.ends_with(pattern);
  return message.sender == (pattern == "<>" ? "" : pattern);
}

bool may_match(const OperatorAction& action, const Kept& message) {
  if (message.begun > action.ended) return false;
  const auto& filter = action.filter;
  const auto any = [&](auto&& matches) {
    return std::any_of(message.recipients.begin(), message.recipients.end(), matches);
  };
  if (!filter.sender.empty() && !is_sent_from(message, filter.sender)) return false;
  if (!filter.recipient.empty() &&
      !any([&](const auto& recipient) { return recipient.address == filter.recipient; }))
    return false;
  return filter.domain.empty() || any([&](const auto& recipient) {
           return recipient.address.ends_with("@" + filter.domain);
         });
}

// A domain is that of a recipient that is still queued: who knows.
bool surely_matches(const OperatorAction& action, const Kept& message) {
  return action.sure && message.durable_since <= action.begun && action.filter.domain.empty() &&
         may_match(action, message);
}

std::optional<bool> removes(const spool::Action& action) {
  if (action.operation == Operation::remove) return true;
  if (action.operation == Operation::restore) return false;
  return std::nullopt;
}

std::optional<bool> holds(const spool::Action& action) {
  if (action.operation == Operation::hold) return true;
  if (action.operation == Operation::release) return false;
  return std::nullopt;
}

}  // namespace

bool OperatorWords::may(Operation operation, const Kept& message) const {
  return std::any_of(actions.begin(), actions.end(), [&](const auto& action) {
    return action.action.operation == operation && may_match(action, message);
  });
}

bool OperatorWords::may_have_removed(const Kept& message) const {
  return std::any_of(actions.begin(), actions.end(), [&](const OperatorAction& removal) {
    if (removal.action.operation != Operation::remove || !may_match(removal, message)) return false;
    const bool taken_back =
        !removal.action.at_once &&
        std::any_of(actions.begin(), actions.end(), [&](const OperatorAction& action) {
          return action.action.operation == Operation::restore && surely_matches(action, message) &&
                 action.begun >= removal.ended &&
                 action.ended < removal.begun + limits::undo_time &&
                 action.clock_jumps == removal.clock_jumps;
        });
    return !taken_back;
  });
}

// `said`: the value that an action gives, empty when it says nothing about it. Of two at the same
// time nobody knows which was the last.
template <class T, class Said>
std::set<T> OperatorWords::possible(const Kept& message, std::set<T> values,
                                    const Said& said) const {
  for (const auto& action : actions) {
    const std::optional<T> value = said(action.action);
    if (!value || !may_match(action, message)) continue;
    const bool alone = std::none_of(actions.begin(), actions.end(), [&](const auto& other) {
      return &other != &action && said(other.action) && may_match(other, message) &&
             other.begun <= action.ended && action.begun <= other.ended;
    });
    if (alone && surely_matches(action, message)) values.clear();
    values.insert(*value);
  }
  return values;
}

std::set<bool> OperatorWords::removed(const Kept& message) const {
  return possible<bool>(message, {false}, removes);
}

std::set<bool> OperatorWords::held(const Kept& message) const {
  std::set<bool> values{false};
  for (const auto& order : orders)
    if (order.order.kind == Kind::hold && is_sent_from(message, order.order.pattern) &&
        order.giving <= message.durable_since && message.begun <= order.cancelled)
      values.insert(true);
  return possible<bool>(message, std::move(values), holds);
}

bool OperatorWords::surely_held(const Kept& message) const {
  if (may(Operation::release, message)) return false;
  return std::any_of(orders.begin(), orders.end(), [&](const OperatorOrder& order) {
    return order.order.kind == Kind::hold && is_sent_from(message, order.order.pattern) &&
           order.given <= message.begun &&
           message.durable_since < std::min(order.cancelling, sure_end(order));
  });
}

std::set<std::string> OperatorWords::next_hops(const Kept& message) const {
  return possible<std::string>(message, {""},
                               [](const spool::Action& action) -> std::optional<std::string> {
                                 if (action.operation == Operation::reroute) return action.next_hop;
                                 return std::nullopt;
                               });
}

std::set<std::optional<Duration>> OperatorWords::lifetimes(const Kept& message) const {
  using Lifetime = std::optional<Duration>;
  return possible<Lifetime>(message, {Lifetime()},
                            [](const spool::Action& action) -> std::optional<Lifetime> {
                              if (action.operation == Operation::lifetime) return action.lifetime;
                              return std::nullopt;
                            });
}

// With a clock that is set nobody here knows when it ends.
SteadyTime OperatorWords::sure_end(const OperatorOrder& order) const {
  if (order.lasts == Duration::max()) return never;
  return order.clock_jumps == clock_jumps ? order.giving + order.lasts : order.giving;
}

const OperatorOrder* OperatorWords::surely(Kind kind, const std::string& domain, SteadyTime from,
                                           SteadyTime to) const {
  for (const auto& order : orders)
    if (order.order.kind == kind && order.given <= from &&
        to < std::min(order.cancelling, sure_end(order)) &&
        spool::means_domain(order.order.pattern, domain))
      return &order;
  return nullptr;
}

std::string OperatorWords::wrong_orders(const std::vector<spool::StandingOrder>& found,
                                        SteadyTime now) const {
  std::set<std::uint64_t> numbers;
  for (const auto& one : found) {
    const auto known = std::find_if(orders.begin(), orders.end(), [&](const auto& order) {
      return order.order.reason == one.reason;
    });
    if (known == orders.end()) return one.reason + " is in force and nobody gave it";
    if (one.kind != known->order.kind || one.pattern != known->order.pattern)
      return one.reason + " is not as it was given";
    if (known->cancelled <= now) return one.reason + " was cancelled and is in force";
    if (known->given != never && known->order.number != one.number)
      return one.reason + " has another number";
    if (!numbers.insert(one.number).second) return one.reason + " has the number of another";
  }
  for (const auto& order : orders) {
    if (order.given > now || std::min(order.cancelling, sure_end(order)) <= now) continue;
    const bool there = std::any_of(found.begin(), found.end(), [&](const auto& one) {
      return one.reason == order.order.reason;
    });
    if (!there) return order.order.reason + " was given and is lost";
  }
  return {};
}

}  // namespace malleposte::sim
