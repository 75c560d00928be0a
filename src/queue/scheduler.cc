#include "queue/scheduler.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace malleposte::queue {

SiteId Scheduler::add_site() {
  SiteId id;
  if (free_sites_.empty()) {
    id = static_cast<SiteId>(sites_.size());
    sites_.emplace_back();
  } else {
    id = free_sites_.back();
    free_sites_.pop_back();
    const Site before = sites_[id];
    sites_[id] = Site{};
    std::copy_n(before.in_turn, 2, sites_[id].in_turn);
  }
  sites_[id].used = true;
  return id;
}

void Scheduler::remove_site(SiteId site) {
  assert(sites_[site].used && sites_[site].waiting == 0 && sites_[site].busy == 0);
  sites_[site].used = false;
  free_sites_.push_back(site);
}

std::uint32_t Scheduler::new_node(Job job) {
  std::uint32_t node = free_nodes_;
  if (node == none) {
    node = static_cast<std::uint32_t>(nodes_.size());
    nodes_.emplace_back();
  } else {
    free_nodes_ = nodes_[node].next;
  }
  nodes_[node] = {job, none};
  return node;
}

void Scheduler::push_back(Line& line, std::uint32_t node) {
  (line.first == none ? line.first : nodes_[line.last].next) = node;
  line.last = node;
}

void Scheduler::push_front(Line& line, std::uint32_t node) {
  nodes_[node].next = line.first;
  if (line.first == none) line.last = node;
  line.first = node;
}

// A site that may start a job takes its place in the round.
void Scheduler::list(SiteId id) {
  auto& site = sites_[id];
  const auto whose = site.stranger ? strangers : known;
  if (site.in_turn[whose] || site.waiting == 0 || site.busy >= site.window.size()) return;
  site.in_turn[whose] = true;
  turns_[whose].push_back(id);
}

void Scheduler::add(SiteId id, Job job, Priority priority) {
  auto& site = sites_[id];
  assert(site.used);
  push_back(site.lines[static_cast<unsigned>(priority)], new_node(job));
  ++site.waiting;
  ++waiting_;
  list(id);
}

std::optional<Assignment> Scheduler::pop(SiteId id) {
  auto& site = sites_[id];
  if (site.waiting == 0) return std::nullopt;
  auto& fresh = site.lines[static_cast<unsigned>(Priority::fresh)];
  auto& retry = site.lines[static_cast<unsigned>(Priority::retry)];
  const bool take_retry =
      retry.first != none && (fresh.first == none || site.fresh_taken >= fresh_in_a_row);
  site.fresh_taken = take_retry ? 0 : site.fresh_taken + 1;
  auto& line = take_retry ? retry : fresh;
  const auto node = line.first;
  line.first = nodes_[node].next;
  if (line.first == none) line.last = none;
  const Job job = nodes_[node].job;
  nodes_[node].next = free_nodes_;
  free_nodes_ = node;
  --site.waiting;
  --waiting_;
  return Assignment{id, job, take_retry ? Priority::retry : Priority::fresh};
}

std::optional<Assignment> Scheduler::next() {
  while (busy_ < slots_) {
    const bool strangers_may = busy_with_strangers_ < slots_for_strangers_;
    if (turns_[turn_].empty() || (turn_ == strangers && !strangers_may)) turn_ = 1 - turn_;
    if (turns_[turn_].empty() || (turn_ == strangers && !strangers_may)) break;
    const auto whose = std::exchange(turn_, 1 - turn_);
    const auto id = turns_[whose].front();
    turns_[whose].pop_front();
    auto& site = sites_[id];
    site.in_turn[whose] = false;
    if (!site.used || site.stranger != (whose == strangers)) continue;
    if (site.waiting == 0 || site.busy >= site.window.size()) continue;
    auto assignment = pop(id);
    ++site.busy;
    ++busy_;
    if (site.stranger) ++busy_with_strangers_;
    list(id);
    return assignment;
  }
  return std::nullopt;
}

bool Scheduler::others_wait(SiteId id) const {
  if (!turns_[known].empty()) return true;
  const std::size_t of_this_slot = sites_[id].stranger ? 1 : 0;
  return !turns_[strangers].empty() && busy_with_strangers_ - of_this_slot < slots_for_strangers_;
}

std::optional<Assignment> Scheduler::more(SiteId id) {
  assert(sites_[id].busy > 0);
  if (sites_[id].busy > sites_[id].window.size()) return std::nullopt;
  if (busy_ >= slots_ && others_wait(id)) return std::nullopt;
  return pop(id);
}

void Scheduler::put_back(const Assignment& assignment) {
  auto& site = sites_[assignment.site];
  push_front(site.lines[static_cast<unsigned>(assignment.priority)], new_node(assignment.job));
  ++site.waiting;
  ++waiting_;
  list(assignment.site);
}

void Scheduler::release(SiteId id) {
  assert(sites_[id].busy > 0);
  --sites_[id].busy;
  --busy_;
  if (sites_[id].stranger) --busy_with_strangers_;
  list(id);
}

std::optional<Job> Scheduler::take_waiting(SiteId id) {
  auto assignment = pop(id);
  if (!assignment) return std::nullopt;
  return assignment->job;
}

void Scheduler::set_stranger(SiteId id, bool stranger) {
  auto& site = sites_[id];
  if (site.stranger == stranger) return;
  site.stranger = stranger;
  if (stranger)
    busy_with_strangers_ += site.busy;
  else
    busy_with_strangers_ -= site.busy;
}

void Scheduler::answered(SiteId id) {
  set_stranger(id, false);
  sites_[id].window.answered();
  list(id);
}

bool Scheduler::unreachable(SiteId id, unsigned working) {
  sites_[id].window.unreachable(working);
  if (working == 0) set_stranger(id, true);
  return working > 0;
}

}  // namespace malleposte::queue
