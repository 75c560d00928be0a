// How long a session waits for its client, and when it has waited enough: a client may be silent
// for idle_timeout, take command_timeout for one command line, and has to bring content faster than
// data_rate_minimum octets a second over each data_rate_window. Only the time that we wait for the
// client counts, never that for our own disk. Pure, time injected; one for each session.
//
//   deadline = patience.deadline(doing, now); wait until then;
//   patience.received(octets, now), or, when nothing came, met()
#pragma once

#include <cstdint>

#include "base/limit.h"
#include "base/time.h"

namespace malleposte::policy {

class Patience {
 public:
  struct Options {
    Duration idle = std::chrono::minutes(5);     // RFC 5321 4.5.3.2.7: at least 5 minutes
    Duration command = std::chrono::minutes(5);  // from a line's first octet to its end
    std::uint64_t data_rate = 0;                 // octets a second; 0 any
    Duration data_window = std::chrono::minutes(5);
  };
  // What we wait for: the first octet of a command, the rest of its line, or content.
  enum class Doing : std::uint8_t { nothing, command, content };

  explicit Patience(const Options& options) : options_(options) {}

  // Until when to wait for more from now on.
  SteadyTime deadline(Doing doing, SteadyTime now);
  // The wait has brought so many octets. False: all of it was too slow, the session is to end.
  bool received(std::uint64_t octets, SteadyTime now);
  // Which limit a wait has met that ended at its deadline without anything.
  Limit met() const { return met_; }

 private:
  void begin(Doing doing, SteadyTime now);

  Options options_;
  Doing doing_ = Doing::nothing;
  Limit met_ = Limit::idle_time;
  SteadyTime since_{};        // the wait has begun
  SteadyTime command_{};      // the command line has begun
  Duration waited_{};         // in this window
  std::uint64_t octets_ = 0;  // in this window
};

}  // namespace malleposte::policy
