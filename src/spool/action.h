// What an operator does to the queue. Values only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace malleposte::spool {

// On messages that are there.
enum class Operation : std::uint8_t {
  flush,     // what waits for its next attempt is due now
  hold,      // not tried until it is released
  release,   // ends a hold
  remove,    // Fate::deleted, no DSN; for limits::undo_time restore brings it back
  bounce,    // Fate::bounced, with DSNs made by Store::bounce_with
  restore,   // takes a removal back
  reroute,   // goes to another next hop from now on
  lifetime,  // expires at another time
};

struct Action {
  Action(Operation operation_) : operation(operation_) {}  // most need nothing beside it

  Operation operation;
  bool at_once = false;                   // remove: for good, without the time for second thoughts
  std::string next_hop = {};              // reroute: as in a configuration; "": as the routes say
  std::optional<Duration> lifetime = {};  // lifetime: from its arrival; empty: as queue_lifetime
};

// On messages that are there and on those that come, until it ends.
struct StandingOrder {
  enum class Kind : std::uint8_t {
    suspend,  // nothing is tried for these recipients; it waits. Goes before bounce
    bounce,   // these recipients are bounced instead of tried
    hold,     // mail of this sender is held, and stays so; "<>": also notices of our own
  };
  std::uint64_t number = 0;  // given by the store, never twice
  Kind kind = Kind::suspend;
  // suspend, bounce: recipient domain "example.org", ".example.org" (all below it) or "*".
  // hold: sender "joe@example.org", "@example.org" or "<>".
  std::string pattern;
  std::string reason;  // for people
  std::string who;     // gave it
  WallTime given{};
  std::optional<WallTime> until;  // then it has ended
  bool operator==(const StandingOrder&) const = default;
};
std::string_view to_string(StandingOrder::Kind kind);

}  // namespace malleposte::spool
