// What is due: the part of Index that keeps the recipients in the queues of their domains and gives
// them out.
#include <algorithm>
#include <cassert>

#include "spool/index.h"
#include "spool/indexed_heap.h"

namespace malleposte::spool {
namespace {

constexpr std::uint32_t branch_bit = 1u << 31;  // of a node: a Branch, else a slot
constexpr unsigned messages_a_turn = 10;        // of one domain, before the next has its turn

}  // namespace

// Among those that are due at the same time the oldest message comes first.
struct Index::QueueOrder {
  Index& index;
  bool before(const Waiting& a, const Waiting& b) const {
    if (a.due != b.due) return a.due < b.due;
    return index.messages_[index.slot_of(a)].id < index.messages_[index.slot_of(b)].id;
  }
  void moved(const Waiting& waiting, std::uint32_t at) { index.recipient_of(waiting.node).at = at; }
};

bool Index::one_of_several(const Waiting& waiting) {
  return (waiting.node & branch_bit) != 0;
}

Index::Slot Index::slot_of(const Waiting& waiting) const {
  const auto node = waiting.node;
  return node & branch_bit ? branches_of_several_[node & ~branch_bit].slot : node;
}

IndexedRecipient& Index::recipient_of(std::uint32_t node) {
  if (!(node & branch_bit)) return messages_[node].one;
  const auto& branch = branches_of_several_[node & ~branch_bit];
  return messages_[branch.slot].several->all[branch.recipient];
}

void Index::enter_queue(Slot slot, std::size_t number) {
  auto& message = messages_[slot];
  auto& recipient = message.recipients()[number];
  auto& queue = domains_[recipient.domain];
  auto node = slot;
  if (message.several) {
    auto branch = branches_of_several_.add();
    branches_of_several_[branch] = {slot, static_cast<std::uint32_t>(number)};
    node = branch | branch_bit;
    ++queue.of_many;
  }
  recipient.parked = message.in_hand();
  domains_.make_room(recipient.domain);
  IndexedHeap(queue.waiting, QueueOrder{*this})
      .push({recipient.parked ? never_due : recipient.due, node});
  domains_.settle(recipient.domain);
}

void Index::leave_queue(IndexedRecipient& recipient) {
  auto& queue = domains_[recipient.domain];
  const auto node = queue.waiting[recipient.at].node;
  IndexedHeap(queue.waiting, QueueOrder{*this}).remove(recipient.at);
  if (node & branch_bit) {
    branches_of_several_.remove(node & ~branch_bit);
    --queue.of_many;
  }
  recipient.parked = false;
  domains_.settle(recipient.domain);
}

void Index::set_due(IndexedRecipient& recipient, bool parked) {
  recipient.parked = parked;
  auto& queue = domains_[recipient.domain];
  auto& waiting = queue.waiting[recipient.at];
  const auto due = parked ? never_due : recipient.due;
  if (waiting.due == due) return;
  waiting.due = due;
  IndexedHeap(queue.waiting, QueueOrder{*this}).changed(recipient.at);
  domains_.settle(recipient.domain);
}

void Index::reschedule(Slot slot) {
  auto& message = messages_[slot];
  for (auto& recipient : message.recipients())
    if (recipient.queued()) set_due(recipient, message.in_hand());
  recount(message);
}

void Index::take(Slot slot, std::size_t number) {
  auto& message = messages_[slot];
  auto& recipient = message.recipients()[number];
  assert(recipient.queued() && !recipient.leased);
  recipient.leased = true;
  if (message.several) ++message.several->leased;
  set_due(recipient, true);
  message.leased = true;
  recount(message);
}

void Index::give_back(Slot slot, std::size_t number) {
  auto& message = messages_[slot];
  auto& recipient = message.recipients()[number];
  if (recipient.leased && message.several) --message.several->leased;
  recipient.leased = false;
}

// Recipients that were not leased stay where they are in their queues during the lease of their
// message, so that a message with thousands of them does not move them all each time; lease() parks
// those it comes upon.
void Index::end_lease(Slot slot) {
  auto& message = messages_[slot];
  message.leased = false;
  if (message.several) message.several->leased = 0;
  for (auto& recipient : message.recipients()) {
    recipient.leased = false;
    if (recipient.queued() && recipient.parked && !message.in_hand()) set_due(recipient, false);
  }
  if (message.queued() > 0) recount(message);  // else it is about to be erased
}

// Not in anybody's hand, and not kept back by an order alone.
bool Index::may_end(Slot slot) const {
  const auto& message = messages_[slot];
  return !message.in_hand() && std::ranges::any_of(message.recipients(), [&](const auto& one) {
    return one.queued() && !domains_[one.domain].suspended;
  });
}

Tick Index::next_due() const {
  auto due = domains_.next_due();
  if (!apart_by_due_.empty()) due = std::min(due, apart_by_due_.begin()->first);
  for (const auto& [end, id] : ends_) {
    if (end >= due) break;
    if (may_end(*ids_.find(id))) return end;
  }
  return due;
}

std::vector<Index::Slot> Index::lease(Tick now, std::size_t max) {
  std::vector<Slot> leased;
  for (const auto& [end, id] : ends_) {
    if (end >= now || leased.size() == max) break;  // both were rounded up
    const auto slot = *ids_.find(id);
    if (!may_end(slot)) continue;
    const auto recipients = messages_[slot].recipients();
    for (std::size_t i = 0; i < recipients.size(); ++i)
      if (recipients[i].queued() && !domains_[recipients[i].domain].suspended) take(slot, i);
    leased.push_back(slot);
  }
  lease_apart(now, max / 2, leased);
  while (leased.size() < max) {
    const auto domain = domains_.next(now);
    if (!domain) break;
    const auto& queue = domains_[*domain];
    for (auto turn = messages_a_turn; turn > 0 && leased.size() < max && queue.due() <= now;) {
      const auto& first = queue.waiting.front();
      const auto slot = slot_of(first);
      if (messages_[slot].in_hand()) {
        set_due(recipient_of(first.node), true);
        continue;
      }
      lease_due(slot, now);
      leased.push_back(slot);
      --turn;
    }
    domains_.turn_over(*domain, now);
  }
  lease_apart(now, max, leased);
  return leased;
}

// False: nothing of it was to be leased.
bool Index::lease_due(Slot slot, Tick now, bool also_paused) {
  auto recipients = messages_[slot].recipients();
  bool any = false;
  for (std::size_t i = 0; i < recipients.size(); ++i) {
    const auto& recipient = recipients[i];
    const auto& domain = domains_[recipient.domain];
    if (!recipient.queued() || recipient.due > now) continue;
    if (also_paused ? domain.suspended : !domain.open()) continue;
    take(slot, i);
    any = true;
  }
  return any;
}

void Index::lease_apart(Tick now, std::size_t max, std::vector<Slot>& leased) {
  for (auto next = apart_by_due_.begin(); next != apart_by_due_.end() && next->first <= now;) {
    if (leased.size() >= max) return;
    const auto slot = *ids_.find((next++)->second);  // it leaves its place as it is leased
    if (lease_due(slot, now, true)) leased.push_back(slot);
  }
}

void Index::set_apart(const IndexedMessage& message, bool apart) {
  const auto id = message.id.value;
  if (apart) {
    apart_.try_emplace(id, never_due);
  } else if (const auto known = apart_.find(id); known != apart_.end()) {
    apart_by_due_.erase({known->second, id});
    apart_.erase(known);
  }
}

void Index::settle_apart(const IndexedMessage& message) {
  const auto known = apart_.find(message.id.value);
  if (known == apart_.end()) return;
  auto due = never_due;
  if (!message.in_hand())
    for (const auto& recipient : message.recipients())
      if (recipient.queued() && !domains_[recipient.domain].suspended)
        due = std::min(due, recipient.due);
  if (due == known->second) return;
  apart_by_due_.erase({known->second, known->first});
  if (due != never_due) apart_by_due_.emplace(due, known->first);
  known->second = due;
}

void Index::pause(std::string_view domain) {
  const auto number = find_domain(domain);
  if (!number || domains_[*number].waiting.empty()) return;
  if (domains_[*number].bounced_by != 0) return;  // that takes no site
  domains_[*number].paused = true;
  domains_.settle(*number);
}

bool Index::resume(std::string_view domain) {
  const auto number = find_domain(domain);
  if (!number || !domains_[*number].paused) return false;
  domains_[*number].paused = false;
  domains_.settle(*number);
  return domains_[*number].due() != never_due;
}

void Index::set_standing(Interner::Number number, bool suspended, std::uint32_t bounced_by) {
  domains_[number].suspended = suspended;
  domains_[number].bounced_by = bounced_by;
  if (bounced_by != 0) domains_[number].paused = false;
  domains_.settle(number);
}

}  // namespace malleposte::spool
