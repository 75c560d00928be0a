// What a site has shown of itself, and whether one more connection to it may be tried: its window,
// and past too many failures its death. A dead site is probed by one connection at a time, at
// growing distances; the first answer brings it back with a window of one. Pure.
#pragma once

#include <algorithm>

#include "queue/window.h"

namespace malleposte::queue {

// The distances between the probes of a dead site: the first, doubling to the longest.
struct ProbeTimes {
  Duration first = limits::first_probe;
  Duration longest = limits::longest_probe;
};

class SiteFeedback {
 public:
  // Connections it may have; 1 while it is dead, for the probe.
  unsigned window() const { return dead_ ? 1 : window_.size(); }
  unsigned most() const { return window_.most(); }
  void set_most(unsigned connections) { window_.set_most(connections); }

  bool dead() const { return dead_; }
  // Of a dead site: when it may be probed again.
  SteadyTime next_probe() const { return next_probe_; }
  // In a row, without an answer between them.
  unsigned failures() const { return failures_; }

  // Whether one more connection may be begun while `busy` are in use. Where that takes nothing but
  // time, ready() is the time.
  bool admits(unsigned busy) const { return busy < window() && !(waits_for_answer_ && busy > 0); }
  SteadyTime ready() const { return dead_ ? next_probe_ : SteadyTime::min(); }

  // The site answered about a message. True when that brought it back to life.
  bool answered() {
    failures_ = 0;
    waits_for_answer_ = false;
    window_.answered();
    if (!dead_) return false;
    dead_ = false;
    window_.reopen();
    return true;
  }

  // A new connection greets us and has answered EHLO.
  void connected() { window_.connected(); }

  // No host of the site could be reached or would greet us, or it ended a session with 421, while
  // `working` other connections work. No new one is tried before one of those that are in use has
  // brought an answer, or none is left: a host that is full is not hammered, and one that is gone
  // is found out by those that were under way.
  void failed(unsigned working, SteadyTime now, const ProbeTimes& probes) {
    ++failures_;
    waits_for_answer_ = true;
    if (dead_) {
      if (now < next_probe_) return;  // of a connection begun before its death: no probe
      distance_ = std::min(2 * distance_, probes.longest);
      next_probe_ = now + distance_;
      return;
    }
    window_.failed();
    if (working > 0 || !window_.lost()) return;
    dead_ = true;
    distance_ = std::min(probes.first, probes.longest);
    next_probe_ = now + distance_;
  }

  // It asked for less: once more from one connection.
  void start_over() { window_.reopen(); }

  // Somebody wants to know now.
  void probe_now() { next_probe_ = SteadyTime::min(); }

 private:
  Window window_;
  bool dead_ = false;
  bool waits_for_answer_ = false;
  unsigned failures_ = 0;
  Duration distance_{};
  SteadyTime next_probe_{};
};

}  // namespace malleposte::queue
