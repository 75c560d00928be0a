// The ready queues: what is due now, by site (the next hop it goes to), and who comes next. Numbers
// only, the mail itself is not here. Pure: it decides, deliver::Dispatcher acts.
//
// A job is a part of a message for one site. A slot is one connection in use; a job is given out
// together with a slot. Sites take turns; inside a site fresh mail goes before retries, but every
// fifth place is a retry's. All operations take constant time.
//
// A site is a stranger until it has answered, and again when it cannot be reached. Strangers take
// at most three quarters of the slots: however many names and hosts lead nowhere slowly, mail for
// those that work goes on.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "mail/message_id.h"
#include "queue/site_limits.h"
#include "queue/window.h"

namespace malleposte::queue {

using SiteId = std::uint32_t;

struct Job {
  mail::MessageId message;
  std::uint32_t part = 0;  // of the message; its meaning is the caller's
  bool operator==(const Job&) const = default;
};

enum class Priority : std::uint8_t { fresh, retry };

struct Assignment {
  SiteId site;
  Job job;
  Priority priority;
};

class Scheduler {
 public:
  // `slots`: connections in all.
  explicit Scheduler(std::size_t slots) : slots_(slots), slots_for_strangers_(slots - slots / 4) {}

  SiteId add_site();
  // The site has neither waiting jobs nor slots in use; its number may be given out again.
  void remove_site(SiteId site);
  void set_limits(SiteId site, const SiteLimits& limits) {
    sites_[site].window.set_most(limits.connections);
  }

  void add(SiteId site, Job job, Priority priority);

  // The next job of the site whose turn it is, with a slot of that site. Empty when nothing may
  // start now.
  std::optional<Assignment> next();
  // Another job of the same site for a slot that is held. Empty when there is none, or when others
  // wait for the slot: then it is to be released.
  std::optional<Assignment> more(SiteId site);
  // A job could not start after all: it waits again, first in line. The slot stays held.
  void put_back(const Assignment& assignment);
  // A slot is free again.
  void release(SiteId site);

  // A waiting job of the site without a slot, for deferring what waits for a dead site.
  std::optional<Job> take_waiting(SiteId site);

  // What was learnt about a site, see Window. unreachable() is told by the holder of a slot and
  // returns whether others still work: the job may then wait for one of them.
  void answered(SiteId site);
  bool unreachable(SiteId site, unsigned working);

  std::size_t waiting(SiteId site) const { return sites_[site].waiting; }
  std::size_t waiting() const { return waiting_; }
  unsigned busy(SiteId site) const { return sites_[site].busy; }
  std::size_t busy() const { return busy_; }
  std::size_t busy_with_strangers() const { return busy_with_strangers_; }
  unsigned window(SiteId site) const { return sites_[site].window.size(); }

 private:
  static constexpr std::uint32_t none = UINT32_MAX;
  static constexpr unsigned priorities = 2;
  static constexpr unsigned fresh_in_a_row = 4;

  struct Node {
    Job job;
    std::uint32_t next = none;
  };
  struct Line {
    std::uint32_t first = none, last = none;
  };
  struct Site {
    Line lines[priorities];
    Window window;
    std::size_t waiting = 0;
    unsigned busy = 0;
    unsigned fresh_taken = 0;          // since the last retry
    bool in_turn[2] = {false, false};  // listed in turns_
    bool stranger = true;
    bool used = false;
  };

  std::uint32_t new_node(Job job);
  void push_back(Line& line, std::uint32_t node);
  void push_front(Line& line, std::uint32_t node);
  std::optional<Assignment> pop(SiteId id);
  void list(SiteId site);
  void set_stranger(SiteId site, bool stranger);
  // For the slot that this site holds.
  bool others_wait(SiteId site) const;

  static constexpr unsigned known = 0, strangers = 1;

  std::size_t slots_;
  std::size_t slots_for_strangers_;
  std::size_t busy_ = 0;
  std::size_t busy_with_strangers_ = 0;
  std::size_t waiting_ = 0;
  std::vector<Site> sites_;
  std::vector<SiteId> free_sites_;
  std::vector<Node> nodes_;
  std::uint32_t free_nodes_ = none;
  // Sites with waiting jobs and room, by whether they are strangers; may name some that changed
  // since.
  std::deque<SiteId> turns_[2];
  unsigned turn_ = known;  // whose turn it is; one after the other
};

}  // namespace malleposte::queue
