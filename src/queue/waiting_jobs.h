// The jobs that wait, a line for each site, and who is next in a line. Pure; the owner is
// queue::Scheduler.
//
// A line is served like this (docs/scheduler.md):
// - What was put back goes first, then every second place at most a job whose deadline is near.
// - Jobs are in classes, by priority and by whether they were tried before. A class has places by
//   its weight: 2^(priority/2), and a fresh one four times that of retries. None waits for ever.
// - In a class the senders take turns. A newcomer, a sender who had nothing waiting here, goes
//   before the others with his first jobs, but in at most every fifth place.
//
// A waiting job takes 32 octets, and a sender in a class a record that is gone with the last of his
// jobs there. All takes constant time, but for a job with a deadline, which takes the logarithm of
// their number. With very many jobs the time is that of the memory: so a turn writes only to what
// it hands out, and what the next turn will need is asked for ahead.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "base/limits.h"
#include "base/pool.h"
#include "queue/job.h"

namespace malleposte::queue {

inline constexpr std::uint32_t no_index = UINT32_MAX;

class WaitingJobs {
 public:
  // Lines are numbered from 0 and made as they are needed.
  void add(SiteId line, Job job, const Terms& terms);
  // First in line.
  void put_back(SiteId line, Job job);
  std::optional<Job> take(SiteId line);

  // Sees to it that what has a deadline is in its place at `now`.
  void pass(SteadyTime now);
  // A job that is not to get a turn.
  void add_ended(SiteId line, Job job);
  // A job, of any line, whose time ended before it got its turn.
  std::optional<Assignment> take_ended();
  // When pass() would change something.
  SteadyTime next_change() const { return timed_.empty() ? never : timed_.begin()->first.first; }

  // Those that can be taken, and those whose time has ended.
  std::size_t size(SiteId line) const { return line < lines_.size() ? lines_[line].size : 0; }
  std::size_t ended(SiteId line) const { return line < lines_.size() ? lines_[line].ended : 0; }
  std::size_t size() const { return size_ + ended_.size(); }
  // Records of senders, and the memory of all.
  std::size_t senders() const { return senders_.size(); }
  std::size_t octets() const;

 private:
  using Index = std::uint32_t;

  // Of a line whose members know their neighbours; what the first has before it says nothing.
  struct Ends {
    Index first = no_index, last = no_index;
    bool empty() const { return first == no_index; }
  };
  struct Links {
    Index before = no_index, behind = no_index;
  };
  struct Node {
    mail::MessageId message;
    SteadyTime deadline = never;
    std::uint32_t part = 0;
    Links links;
    Index sender = no_index;  // none: it is among the urgent ones of its line
  };
  static_assert(sizeof(Node) == 32);
  struct Sender {
    Ends jobs;
    Links turn;   // in the ring of Class::turn
    Links first;  // in Class::newcomers, while he is one
    Index in = no_index;
    std::uint32_t number = 0;
    unsigned newcomer_jobs = limits::newcomer_jobs;  // still, before he is none
  };
  struct Class {
    std::uint64_t place = 0;   // where it has come to: the class that is least far is next
    std::uint64_t stride = 0;  // how far one job takes it
    Index turn = no_index;     // the Sender whose turn it is; the others follow in a ring
    Ends newcomers;            // of Sender
    unsigned credit = 0;       // for going before others
    Index next = no_index;     // of the same line
    std::int8_t priority = 0;
    bool retry = false;
  };
  struct Line {
    Index classes = no_index;  // those with jobs
    Ends urgent;               // of Node
    std::vector<Job> put_back;
    std::uint64_t place = 0;     // of the class that was served last
    std::size_t size = 0;        // less those that have ended
    std::size_t ended = 0;       // in ended_
    bool urgent_served = false;  // the last place was an urgent job's
  };
  // A job with a deadline.
  struct Timed {
    SiteId line;
    bool ends_then;
  };

  template <typename Member>
  static void join(Pool<Member>& pool, Links Member::* links, Ends& ends, Index member);
  template <typename Member>
  static void leave(Pool<Member>& pool, Links Member::* links, Ends& ends, Index member);

  // The last in the ring, and out of it.
  void take_turn(Class& in, Index sender);
  void leave_turns(Class& in, Index sender);
  void fetch_ahead(Index turn) const;
  Index class_for(Line& line, int priority, bool retry);
  Index sender_for(Index of_class, std::uint32_t number);
  Index choose(Line& line);
  Index choose_sender(Class& from);
  void leave_sender(Line& line, Index node);
  void drop_class(Line& line, Index gone);
  Job end(Line& line, Index node);
  static SteadyTime next_change(const Node& node);

  std::vector<Line> lines_;
  Pool<Node> nodes_;
  Pool<Sender> sender_pool_;
  Pool<Class> classes_;
  boost::unordered_flat_map<std::uint64_t, Index> senders_;  // by class and number
  // When a node becomes urgent, later when it ends.
  std::map<std::pair<SteadyTime, Index>, Timed> timed_;
  std::vector<Assignment> ended_;
  std::size_t size_ = 0;
};

}  // namespace malleposte::queue
