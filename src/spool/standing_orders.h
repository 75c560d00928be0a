// The standing orders: what an operator wants done with a destination or a sender until further
// notice (spool/action.h). Which are in force, whom they mean, when they end. Keeping them is the
// store's business. Pure; loop thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "spool/action.h"

namespace malleposte::spool {

class StandingOrders {
 public:
  StandingOrders() = default;
  // As they were kept: those in force, and the last number that was given.
  StandingOrders(std::vector<StandingOrder> orders, std::uint64_t last);

  // The order with its pattern in the form in which addresses are compared. Errors (Fault::peer):
  // a pattern that means nobody, an end that has passed, texts beyond limits::order_text_octets.
  static Result<StandingOrder> checked(StandingOrder order, WallTime now);

  // Puts a checked order in force and returns its number, which is never given again.
  std::uint64_t add(StandingOrder order);
  bool remove(std::uint64_t number);
  // Ends those whose time is over and returns them.
  std::vector<StandingOrder> end(WallTime now);
  // When the next one ends by itself.
  std::optional<WallTime> next_end() const { return next_end_; }

  // Who orders this for a recipient's domain (canonical), or for mail of a sender ("": the null
  // one): the most exact pattern, of several the order that was given first. Null: nobody.
  const StandingOrder* suspends(std::string_view domain) const;
  const StandingOrder* bounces(std::string_view domain) const;
  const StandingOrder* holds(std::string_view sender) const;

  const std::vector<StandingOrder>& all() const { return orders_; }  // by number
  std::uint64_t last() const { return last_; }
  std::size_t octets() const;  // memory, about

 private:
  using ByPattern = std::unordered_map<std::string, std::size_t>;  // place in orders_
  void arrange();
  const StandingOrder* find(StandingOrder::Kind kind, const std::string& pattern) const;
  const StandingOrder* for_domain(StandingOrder::Kind kind, std::string_view domain) const;

  std::vector<StandingOrder> orders_;
  std::uint64_t last_ = 0;
  std::optional<WallTime> next_end_;
  std::array<ByPattern, 3> patterns_;  // by kind
};

// Whether a standing order means this domain (canonical): for suspend and bounce.
bool means_domain(std::string_view pattern, std::string_view domain);
// A time in a sentence: "2026-11-27T10:00:00Z".
std::string to_text(WallTime time);
// For people: "suspended by order 3 (suspend example.org) of uid 0 (root) until
// 2026-11-27T10:00:00Z: their disk is full".
std::string describe(const StandingOrder& order);

}  // namespace malleposte::spool
