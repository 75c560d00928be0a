#include "queue/waiting_jobs.h"

#include <algorithm>
#include <array>
#include <cassert>

namespace malleposte::queue {
namespace {

// A newcomer goes before the others for the credit of so many ordinary places: every fifth.
constexpr unsigned precedence_cost = 4;
constexpr unsigned most_credit = 16 * precedence_cost;

constexpr int lowest = -9, highest = 9;
constexpr std::uint64_t retry_strides = 4;  // so every fifth place is a retry's

// Two steps of priority are worth twice the places.
constexpr auto strides = [] {
  std::array<std::uint64_t, highest - lowest + 1> strides{};
  constexpr double root_of_two = 1.4142135623730951;
  for (int priority = lowest; priority <= highest; ++priority) {
    double stride = 1 << 20;
    for (int i = priority; i < 0; ++i) stride *= root_of_two;
    for (int i = priority; i > 0; --i) stride /= root_of_two;
    strides[static_cast<std::size_t>(priority - lowest)] = static_cast<std::uint64_t>(stride + 0.5);
  }
  return strides;
}();

std::uint64_t sender_key(std::uint32_t of_class, std::uint32_t number) {
  return std::uint64_t{of_class} << 32 | number;
}

}  // namespace

template <typename Member>
void WaitingJobs::join(Pool<Member>& pool, Links Member::* links, Ends& ends, Index member) {
  auto& mine = pool[member].*links;
  if (ends.empty()) {
    mine = {};
    ends = {member, member};
  } else {
    mine = {ends.last, no_index};
    (pool[ends.last].*links).behind = member;
    ends.last = member;
  }
}

template <typename Member>
void WaitingJobs::leave(Pool<Member>& pool, Links Member::* links, Ends& ends, Index member) {
  const auto mine = pool[member].*links;
  if (ends.first == member && ends.last == member) {
    ends = {};
  } else if (ends.first == member) {
    ends.first = mine.behind;
  } else {
    (pool[mine.before].*links).behind = mine.behind;
    (ends.last == member ? ends.last : (pool[mine.behind].*links).before) = mine.before;
  }
}

void WaitingJobs::take_turn(Class& in, Index member) {
  auto& mine = sender_pool_[member].turn;
  if (in.turn == no_index) {
    mine = {member, member};
    in.turn = member;
    return;
  }
  auto& next = sender_pool_[in.turn].turn;
  mine = {next.before, in.turn};
  sender_pool_[next.before].turn.behind = member;
  next.before = member;
}

void WaitingJobs::leave_turns(Class& in, Index member) {
  const auto mine = sender_pool_[member].turn;
  if (mine.behind == member) {
    in.turn = no_index;
    return;
  }
  sender_pool_[mine.before].turn.behind = mine.behind;
  sender_pool_[mine.behind].turn.before = mine.before;
  if (in.turn == member) in.turn = mine.behind;
}

// What the next turn needs, and the record of the one behind it: so none waits for the other.
void WaitingJobs::fetch_ahead(Index turn) const {
  const auto& next = sender_pool_[turn];
  nodes_.fetch(next.jobs.first);
  sender_pool_.fetch(next.turn.behind);
}

WaitingJobs::Index WaitingJobs::class_for(Line& line, int priority, bool retry) {
  priority = std::clamp(priority, lowest, highest);
  for (auto index = line.classes; index != no_index; index = classes_[index].next)
    if (classes_[index].priority == priority && classes_[index].retry == retry) return index;
  Class made;
  made.stride = strides[static_cast<std::size_t>(priority - lowest)] * (retry ? retry_strides : 1);
  made.place = line.place + made.stride;
  made.credit = most_credit;
  made.next = line.classes;
  made.priority = static_cast<std::int8_t>(priority);
  made.retry = retry;
  return line.classes = classes_.add(made);
}

WaitingJobs::Index WaitingJobs::sender_for(Index of_class, std::uint32_t number) {
  const auto [known, is_new] = senders_.try_emplace(sender_key(of_class, number), no_index);
  if (!is_new) return known->second;
  Sender sender;
  sender.in = of_class;
  sender.number = number;
  const auto index = known->second = sender_pool_.add(sender);
  take_turn(classes_[of_class], index);
  join(sender_pool_, &Sender::first, classes_[of_class].newcomers, index);
  return index;
}

void WaitingJobs::add(SiteId id, Job job, const Terms& terms) {
  if (id >= lines_.size()) lines_.resize(id + 1);
  auto& line = lines_[id];
  const auto sender = sender_for(class_for(line, terms.priority, terms.retry), terms.sender);
  Node node;
  node.message = job.message;
  node.part = job.part;
  node.deadline = terms.deadline;
  node.sender = sender;
  const auto index = nodes_.add(node);
  join(nodes_, &Node::links, sender_pool_[sender].jobs, index);
  if (terms.deadline != never)
    timed_.emplace(std::pair(next_change(node), index), Timed{id, terms.ends_then});
  ++line.size;
  ++size_;
}

void WaitingJobs::put_back(SiteId id, Job job) {
  if (id >= lines_.size()) lines_.resize(id + 1);
  lines_[id].put_back.push_back(job);
  ++lines_[id].size;
  ++size_;
}

std::optional<Job> WaitingJobs::take(SiteId id) {
  if (size(id) == 0) return std::nullopt;
  auto& line = lines_[id];
  if (line.put_back.empty()) return end(line, choose(line));
  const auto job = line.put_back.back();
  line.put_back.pop_back();
  --line.size;
  --size_;
  return job;
}

WaitingJobs::Index WaitingJobs::choose(Line& line) {
  const bool urgent = !line.urgent.empty() && (!line.urgent_served || line.classes == no_index);
  line.urgent_served = urgent;
  if (urgent) return line.urgent.first;
  auto best = line.classes;
  const auto before = [this](Index a, Index b) {
    const auto &one = classes_[a], &other = classes_[b];
    if (one.place != other.place) return one.place < other.place;
    return one.priority != other.priority ? one.priority > other.priority : other.retry;
  };
  for (auto index = classes_[best].next; index != no_index; index = classes_[index].next)
    if (before(index, best)) best = index;
  auto& from = classes_[best];
  line.place = from.place;
  from.place += from.stride;
  return sender_pool_[choose_sender(from)].jobs.first;
}

WaitingJobs::Index WaitingJobs::choose_sender(Class& from) {
  auto chosen = from.turn;
  if (!from.newcomers.empty() && from.newcomers.first != chosen && from.credit >= precedence_cost) {
    chosen = from.newcomers.first;
    from.credit -= precedence_cost;
  } else {
    from.credit = std::min(from.credit + 1, most_credit);
  }
  auto& sender = sender_pool_[chosen];
  if (chosen == from.turn) {
    from.turn = sender.turn.behind;
  } else {
    leave_turns(from, chosen);
    take_turn(from, chosen);
  }
  fetch_ahead(from.turn);
  if (sender.newcomer_jobs > 0) {
    leave(sender_pool_, &Sender::first, from.newcomers, chosen);
    if (--sender.newcomer_jobs > 0) join(sender_pool_, &Sender::first, from.newcomers, chosen);
  }
  return chosen;
}

// Takes a job from its sender, who may be gone with it, and his class with him.
void WaitingJobs::leave_sender(Line& line, Index node) {
  const auto index = nodes_[node].sender;
  auto& sender = sender_pool_[index];
  leave(nodes_, &Node::links, sender.jobs, node);
  if (!sender.jobs.empty()) return;
  auto& from = classes_[sender.in];
  leave_turns(from, index);
  if (sender.newcomer_jobs > 0) leave(sender_pool_, &Sender::first, from.newcomers, index);
  if (from.turn == no_index) drop_class(line, sender.in);
  senders_.erase(sender_key(sender.in, sender.number));
  sender_pool_.remove(index);
}

void WaitingJobs::drop_class(Line& line, Index gone) {
  auto* at = &line.classes;
  while (*at != gone) at = &classes_[*at].next;
  *at = classes_[gone].next;
  classes_.remove(gone);
}

Job WaitingJobs::end(Line& line, Index index) {
  const auto node = nodes_[index];
  if (node.deadline != never) timed_.erase({next_change(node), index});
  if (node.sender == no_index)
    leave(nodes_, &Node::links, line.urgent, index);
  else
    leave_sender(line, index);
  nodes_.remove(index);
  --line.size;
  --size_;
  return {node.message, node.part};
}

SteadyTime WaitingJobs::next_change(const Node& node) {
  return node.sender == no_index ? node.deadline : node.deadline - limits::deadline_near;
}

void WaitingJobs::pass(SteadyTime now) {
  while (!timed_.empty() && timed_.begin()->first.first <= now) {
    const auto index = timed_.begin()->first.second;
    const auto timed = timed_.begin()->second;
    auto& line = lines_[timed.line];
    auto& node = nodes_[index];
    if (node.sender == no_index) {
      add_ended(timed.line, end(line, index));
      continue;
    }
    timed_.erase(timed_.begin());
    leave_sender(line, index);
    node.sender = no_index;
    join(nodes_, &Node::links, line.urgent, index);
    if (timed.ends_then) timed_.emplace(std::pair(next_change(node), index), timed);
  }
}

void WaitingJobs::add_ended(SiteId id, Job job) {
  if (id >= lines_.size()) lines_.resize(id + 1);
  ended_.push_back({id, job});
  ++lines_[id].ended;
}

std::optional<Assignment> WaitingJobs::take_ended() {
  if (ended_.empty()) return std::nullopt;
  const auto ended = ended_.back();
  ended_.pop_back();
  --lines_[ended.site].ended;
  return ended;
}

std::size_t WaitingJobs::octets() const {
  constexpr std::size_t of_bucket = sizeof(*senders_.begin()) + 1;
  return nodes_.octets() + sender_pool_.octets() + classes_.octets() +
         senders_.bucket_count() * of_bucket + lines_.capacity() * sizeof(Line);
}

}  // namespace malleposte::queue
