// What the operator of a run has said: to messages, and until further notice. For the checkers:
// what may follow from it, and what must.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "spool/store.h"

namespace malleposte::sim {

struct Kept;

struct OperatorAction {
  spool::Action action;
  spool::Filter filter;  // by recipient, by domain, by sender ("@domain": all there), or everything
  SteadyTime begun, ended = never;  // then it has no effect any more
  bool sure = false;                // it was answered, and nothing can have been missed
  std::uint64_t clock_jumps = 0;    // before it
};

struct OperatorOrder {
  spool::StandingOrder order;  // told apart by its reason
  SteadyTime giving;
  Duration lasts = Duration::max();
  std::uint64_t clock_jumps = 0;  // before it
  // When it was answered, if somebody was there to hear it.
  SteadyTime given = never, cancelling = never, cancelled = never;
};

class OperatorWords {
 public:
  std::vector<OperatorAction> actions;
  std::vector<OperatorOrder> orders;
  std::uint64_t clock_jumps = 0;  // so far

  // Whether some such action may have met this message.
  bool may(spool::Operation operation, const Kept& message) const;
  // Whether it may have ended the message: a removal that was not taken back in time.
  bool may_have_removed(const Kept& message) const;

  // What may be known of a message now, after all that was said.
  std::set<bool> removed(const Kept& message) const;
  std::set<bool> held(const Kept& message) const;
  std::set<std::string> next_hops(const Kept& message) const;
  std::set<std::optional<Duration>> lifetimes(const Kept& message) const;
  // Whether it was held by an order as it came in and nobody can have released it.
  bool surely_held(const Kept& message) const;

  // The order of this kind that is in force for a recipient's domain from one time to another
  // without any doubt; null when there is none.
  const OperatorOrder* surely(spool::StandingOrder::Kind kind, const std::string& domain,
                              SteadyTime from, SteadyTime to) const;
  // What is wrong with the orders that a store has now; "" when nothing is.
  std::string wrong_orders(const std::vector<spool::StandingOrder>& found, SteadyTime now) const;

 private:
  template <class T, class Said>
  std::set<T> possible(const Kept& message, std::set<T> values, const Said& said) const;
  SteadyTime sure_end(const OperatorOrder& order) const;
};

}  // namespace malleposte::sim
