#include "spool/index.h"

#include <algorithm>
#include <cassert>

#include "base/limits.h"

namespace malleposte::spool {
namespace {

constexpr std::size_t entry_octets = 64;  // of a hash table and its allocation, about
constexpr std::size_t trail_octets = entry_octets + 4 * sizeof(Place);

std::uint16_t narrow(std::uint32_t attempts) {
  return static_cast<std::uint16_t>(std::min<std::uint32_t>(attempts, UINT16_MAX));
}

std::size_t octets_of(const IndexedMessage::Several& several) {
  return sizeof several + several.all.capacity() * sizeof(IndexedRecipient) + 32;
}

void count_class(BlockSummary& summary, const IndexedRecipient& recipient, int by) {
  if (recipient.queued() && recipient.outcome_class != mail::OutcomeClass::none)
    summary.classes[static_cast<std::size_t>(recipient.outcome_class)] +=
        static_cast<std::uint32_t>(by);
}

}  // namespace

Index::Index() : ids_([this](OrderedIds::Block& block) { sum_up(block); }) {}

// --- Messages ------------------------------------------------------------------------------------

Index::Slot Index::put(const MessageItem& item, const Home& home) {
  Slot slot;
  OrderedIds::Block* block;
  if (auto known = find(item.id)) {
    slot = *known;
    block = &ids_.block_of(item.id.value);
    empty(slot, block->summary);
    ids_.changed(*block);
  } else {
    slot = messages_.add();
    messages_[slot].id = item.id;
    block = &ids_.insert(item.id.value, slot);
  }
  auto& message = messages_[slot];
  message.used = true;
  message.home = home;
  fill(slot, item);
  settle_end(message);
  message.counted = state(message);
  ++states_[static_cast<std::size_t>(message.counted)];
  add_facts(message, block->summary);
  return slot;
}

void Index::fill(Slot slot, const MessageItem& item) {
  auto& message = messages_[slot];
  message.size = static_cast<std::uint32_t>(std::min<std::uint64_t>(item.size, UINT32_MAX));
  message.generation = static_cast<std::uint16_t>(item.generation);
  message.held = item.marks.held;
  message.deleting = item.marks.deleting;
  message.generated = item.generated;
  message.warned = item.warned;
  message.unwarnable =
      item.sender.empty() || std::ranges::none_of(item.recipients, [](const auto& recipient) {
        return recipient.notify.wants_delay();
      });
  message.gathered = item.gathered;
  message.chunked = !item.chunks.empty();
  message.sender = sender_key(item.sender);
  if (Particulars known{item.requests.priority, item.requests.deliver_by}; known != Particulars{}) {
    message.particular = true;
    particulars_[item.id.value] = known;
  }
  if (item.recipients.size() != 1) {
    message.several = std::make_unique<IndexedMessage::Several>();
    message.several->all.resize(item.recipients.size());
    several_octets_ += octets_of(*message.several);
  }
  auto recipients = message.recipients();
  for (std::size_t i = 0; i < item.recipients.size(); ++i) {
    const auto& from = item.recipients[i];
    auto& to = recipients[i];
    auto key = address_key(from.address);
    to.domain = domains_.add(key.domain);
    to.local = key.local;
    to.fate = from.fate;
    to.attempts = narrow(from.attempts);
    if (!from.history.empty()) {
      const auto& last = from.history.back().answer;
      to.reply = replies_.add(describe(last));
      to.outcome_class = last.outcome_class;
    }
    if (!to.queued()) continue;
    to.due = to_tick(from.next_attempt);
    if (message.several) ++message.several->queued;
    enter_queue(slot, i);
  }
}

// Takes out of the index all that put() has put there, but for the id; the facts stay.
void Index::empty(Slot slot, BlockSummary& summary) {
  auto& message = messages_[slot];
  --states_[static_cast<std::size_t>(message.counted)];
  --summary.states[static_cast<std::size_t>(message.counted)];
  for (auto& recipient : message.recipients()) {
    count_class(summary, recipient, -1);
    if (recipient.queued()) leave_queue(recipient);
    domains_.release(recipient.domain);
    replies_.release(recipient.reply);
  }
  if (message.several) several_octets_ -= octets_of(*message.several);
  if (message.particular) {
    if (const auto& by = particulars(message).deliver_by)
      ends_.erase({to_tick(by->deadline), message.id.value});
    particulars_.erase(message.id.value);
  }
  forget_latest(message);
  set_apart(message, false);
  const auto id = message.id;
  message = IndexedMessage{};
  message.id = id;
}

void Index::erase(Slot slot) {
  const auto id = messages_[slot].id;
  assert(messages_[slot].used);
  empty(slot, ids_.block_of(id.value).summary);
  ids_.erase(id.value);
  messages_.remove(slot);
}

const Particulars& Index::particulars(const IndexedMessage& message) const {
  static const Particulars none;
  return message.particular ? particulars_.at(message.id.value) : none;
}

void Index::update(Slot slot, std::size_t number, mail::Fate fate, std::uint32_t attempts,
                   WallTime next, std::string_view reply, mail::OutcomeClass outcome_class) {
  auto& message = messages_[slot];
  auto& recipient = message.recipients()[number];
  give_back(slot, number);
  recipient.attempts = narrow(attempts);
  const bool was_queued = recipient.queued(), is_queued = fate == mail::Fate::queued;
  const auto reply_before = recipient.reply;
  recipient.reply = replies_.add(reply);
  replies_.release(reply_before);
  if (was_queued && !is_queued) leave_queue(recipient);
  const bool class_counts = (was_queued && recipient.outcome_class != mail::OutcomeClass::none) ||
                            (is_queued && outcome_class != mail::OutcomeClass::none);
  auto change = [&] {
    recipient.fate = fate;
    recipient.outcome_class = outcome_class;
  };
  if (class_counts || recipient.reply != reply_before) {
    auto& block = ids_.block_of(message.id.value);
    count_class(block.summary, recipient, -1);
    change();
    count_class(block.summary, recipient, +1);
    if (recipient.reply != 0) block.summary.add(reply_fact(recipient.reply));
    ids_.changed(block);
  } else {
    change();
  }
  if (message.several) message.several->queued += std::uint32_t{is_queued} - was_queued;
  recipient.due = is_queued ? to_tick(next) : 0;
  if (!is_queued) return;
  if (!was_queued) return enter_queue(slot, number);
  if (!recipient.parked) set_due(recipient, false);
}

// --- The trail of its attempts -------------------------------------------------------------------

std::vector<Place> Index::latest(const IndexedMessage& message) const {
  if (message.latest.offset == 0) return {};
  if (message.branched) return trails_.at(message.id.value);
  return {message.latest};
}

void Index::attempt_recorded(IndexedMessage& message, Place where,
                             const std::vector<Place>& named) {
  if (!message.branched && (message.latest.offset == 0 || message.latest == where ||
                            std::find(named.begin(), named.end(), message.latest) != named.end())) {
    message.latest = where;
    return;
  }
  auto places = latest(message);
  std::erase_if(places, [&](const Place& place) {
    return place == where || std::find(named.begin(), named.end(), place) != named.end();
  });
  // Beyond the limit history is lost, nothing else.
  if (places.size() >= limits::record_links) places.erase(places.begin());
  places.push_back(where);
  forget_latest(message);
  message.latest = where;
  if (places.size() == 1) return;
  message.branched = true;
  trails_[message.id.value] = std::move(places);
}

void Index::forget_latest(IndexedMessage& message) {
  message.latest = {};
  if (message.branched) trails_.erase(message.id.value);
  message.branched = false;
}

// --- Counts and summaries ------------------------------------------------------------------------

QueueState Index::state(const IndexedMessage& message) const {
  const auto found = state_of(message);
  if (found == QueueState::scheduled && message.put_off) return QueueState::deferred;
  if (found != QueueState::active || message.leased) return found;
  const auto recipients = message.recipients();
  const bool suspended = std::ranges::all_of(recipients, [&](const auto& recipient) {
    return !recipient.queued() || domains_[recipient.domain].suspended;
  });
  return suspended ? QueueState::deferred : found;
}

void Index::recount(IndexedMessage& message) {
  if (!apart_.empty()) settle_apart(message);
  settle_end(message);
  const auto now = state(message);
  if (now == message.counted) return;
  auto& in_block = ids_.block_of(message.id.value).summary.states;
  --states_[static_cast<std::size_t>(message.counted)];
  --in_block[static_cast<std::size_t>(message.counted)];
  ++states_[static_cast<std::size_t>(now)];
  ++in_block[static_cast<std::size_t>(now)];
  message.counted = now;
}

void Index::add_facts(const IndexedMessage& message, BlockSummary& summary) const {
  summary.add_size(message.size);
  summary.add(sender_fact(message.sender.address));
  summary.add(sender_domain_fact(message.sender.domain));
  for (const auto& recipient : message.recipients()) {
    summary.add(recipient_fact(recipient.domain, recipient.local));
    if (recipient.queued() && recipient.reply != 0) summary.add(reply_fact(recipient.reply));
    count_class(summary, recipient, +1);
  }
  ++summary.states[static_cast<std::size_t>(message.counted)];
}

void Index::sum_up(OrderedIds::Block& block) const {
  for (const auto& pair : block.pairs())
    if (messages_[pair.slot].used) add_facts(messages_[pair.slot], block.summary);
}

std::size_t Index::octets() const {
  return messages_.octets() + branches_of_several_.octets() + ids_.octets() + domains_.octets() +
         replies_.octets() + several_octets_ + trails_.size() * trail_octets +
         particulars_.size() * (sizeof(Particulars) + entry_octets) +
         (ends_.size() + apart_by_due_.size()) * (sizeof(*ends_.begin()) + entry_octets) +
         apart_.size() * (sizeof(*apart_.begin()) + entry_octets);
}

}  // namespace malleposte::spool
