// What is due: the part of Index that keeps the recipients in the queues of their domains and gives
// them out.
#include <algorithm>
#include <cassert>

#include "base/limits.h"
#include "spool/index.h"
#include "spool/indexed_heap.h"

namespace malleposte::spool {
namespace {

constexpr std::uint32_t branch_bit = 1u << 31;  // of a node: a Branch, else a slot
constexpr unsigned messages_a_turn = 10;        // of one domain, before the next has its turn
constexpr unsigned closed_at_once = 1'000;      // domains that an order closes, within one lease()

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

Index::Slot Index::slot_of(const Waiting& waiting) const {
  if ((waiting.node & branch_bit) == 0) return waiting.node;
  const auto branch = waiting.node & ~branch_bit;
  return branch < branches_of_several_.limit() ? branches_of_several_[branch].slot : nobody;
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
bool Index::may_end(const IndexedMessage& message) const {
  return !message.in_hand() && !message.ended &&
         std::ranges::any_of(message.recipients(), [&](const auto& one) {
           return one.queued() && !domains_[one.domain].suspended;
         });
}

void Index::settle_end(const IndexedMessage& message) {
  if (!message.particular) return;
  const auto& by = particulars(message).deliver_by;
  if (!by || !by->return_after) return;
  const std::pair end(to_tick(by->deadline), message.id.value);
  if (may_end(message))
    ends_.insert(end);
  else
    ends_.erase(end);
}

Tick Index::next_due() const {
  auto due = domains_.next_due();
  if (!apart_by_due_.empty()) due = std::min(due, apart_by_due_.begin()->first);
  return ends_.empty() ? due : std::min(due, ends_.begin()->first);
}

std::vector<Index::Slot> Index::lease(Tick now, std::size_t max) {
  std::vector<Slot> leased;
  while (leased.size() < max && !ends_.empty() && ends_.begin()->first < now) {  // both rounded up
    const auto [end, id] = *ends_.begin();
    ends_.erase(ends_.begin());
    const auto slot = *ids_.find(id);
    follow_orders(messages_[slot]);
    if (!may_end(messages_[slot])) continue;  // an order keeps it back since a moment ago
    lease_ended(slot, end);
    leased.push_back(slot);
  }
  lease_apart(now, (max + 1) / 2, leased);
  for (auto may_close = closed_at_once; leased.size() < max && may_close > 0;) {
    const auto domain = domains_.next(now);
    if (!domain) break;
    const auto& queue = domains_[*domain];
    follow_orders(*domain);
    if (!queue.open()) {
      --may_close;
      continue;
    }
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

// All that no order keeps back, due or not. If it comes back it is due already, and when it is
// deferred again it waits like any other.
void Index::lease_ended(Slot slot, Tick end) {
  auto& message = messages_[slot];
  message.ended = true;
  auto recipients = message.recipients();
  for (std::size_t i = 0; i < recipients.size(); ++i) {
    auto& recipient = recipients[i];
    if (!recipient.queued()) continue;
    recipient.due = std::min(recipient.due, end);
    if (domains_[recipient.domain].suspended)
      set_due(recipient, false);
    else
      take(slot, i);
  }
}

// While the orders change, what they say of a domain may not have been told yet.
void Index::follow_orders(Interner::Number domain) {
  if (orders_changing_ > 0 && domain != 0) ask_orders_(domain);
}

void Index::follow_orders(const IndexedMessage& message) {
  if (orders_changing_ == 0) return;
  for (const auto& recipient : message.recipients())
    if (recipient.queued()) follow_orders(recipient.domain);
}

// False: nothing of it was to be leased.
bool Index::lease_due(Slot slot, Tick now, bool also_paused) {
  follow_orders(messages_[slot]);
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
    if (lease_due(slot, now, true))
      leased.push_back(slot);
    else
      settle_apart(messages_[slot]);  // an order keeps it back since a moment ago
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

std::vector<Index::Slot> Index::lease_overdue(Tick now, Overdue& round) {
  std::vector<Slot> leased;
  const auto expired = first_id_at(round.expired), late = first_id_at(round.late);
  const auto slots = ids_.next(round.behind.value, limits::overdue_at_once);
  round.through = slots.size() < limits::overdue_at_once;
  for (const auto slot : slots) {
    const auto& message = messages_[slot];
    round.behind = message.id;
    const bool too_old = message.id.value < expired;
    if (!too_old && message.id.value >= late) {
      round.through = true;
      break;
    }
    if (message.in_hand() || !(too_old || !(message.warned || message.unwarnable))) continue;
    follow_orders(message);
    const auto recipients = message.recipients();
    for (std::size_t i = 0; i < recipients.size(); ++i) {
      const auto& domain = domains_[recipients[i].domain];
      if (recipients[i].queued() && recipients[i].due <= now && domain.paused && !domain.suspended)
        take(slot, i);
    }
    if (message.leased) leased.push_back(slot);
  }
  return leased;
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
