#include "spool/index.h"

#include <algorithm>
#include <cassert>
#include <cctype>

#include "base/crc32c.h"
#include "base/limits.h"
#include "mail/address.h"

namespace malleposte::spool {
namespace {

using namespace std::chrono_literals;
constexpr Duration tick = 100ms;
constexpr WallTime tick_zero{std::chrono::sys_days{std::chrono::year{2024} / 1 / 1}};
constexpr std::uint32_t nowhere = UINT32_MAX;
constexpr std::uint32_t arity = 4;
constexpr std::size_t branch_octets = 64 + 4 * sizeof(Place);  // of a branched message, about

std::uint16_t narrow(std::uint32_t attempts) {
  return static_cast<std::uint16_t>(std::min<std::uint32_t>(attempts, UINT16_MAX));
}

}  // namespace

Tick to_tick(WallTime time) {
  if (time <= tick_zero) return 0;
  auto ticks = (time - tick_zero + tick - Duration(1)) / tick;
  return static_cast<Tick>(std::min<std::int64_t>(ticks, UINT32_MAX));
}

WallTime to_time(Tick ticks) {
  return tick_zero + std::int64_t{ticks} * tick;
}

AddressKey address_key(std::string_view address) {
  auto at = address.rfind('@');
  auto local = address.substr(0, at);
  std::string lower(local);
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return {
      at == std::string_view::npos ? std::string() : mail::canonical_domain(address.substr(at + 1)),
      crc32c(0, lower)};
}

Index::Slot Index::put(const MessageItem& item, const Home& home) {
  Slot slot;
  if (auto known = find(item.id)) {
    slot = *known;
    forget_strings(messages_[slot]);
    forget_latest(messages_[slot]);
  } else {
    if (free_.empty()) {
      slot = static_cast<Slot>(messages_.size());
      messages_.emplace_back();
    } else {
      slot = free_.back();
      free_.pop_back();
    }
    ids_.insert(item.id.value, slot);
  }
  auto& message = messages_[slot];
  message.used = true;
  message.id = item.id;
  message.home = home;
  message.size = static_cast<std::uint32_t>(item.size);
  message.generation = static_cast<std::uint16_t>(item.generation);
  message.held = item.marks.held;
  message.deleting = item.marks.deleting;
  message.generated = item.generated;
  message.warned = item.warned;
  message.gathered = item.gathered;
  message.chunked = !item.chunks.empty();
  auto sender = address_key(item.sender);
  message.sender_domain = domains_.add(sender.domain);
  message.sender_local = sender.local;
  if (item.recipients.size() != 1) {
    message.many = std::make_unique<std::vector<IndexedRecipient>>(item.recipients.size());
    many_octets_ += item.recipients.size() * sizeof(IndexedRecipient) + 64;
  }
  auto recipients = message.recipients();
  for (std::size_t i = 0; i < item.recipients.size(); ++i) {
    const auto& from = item.recipients[i];
    auto key = address_key(from.address);
    recipients[i] = {};
    recipients[i].domain = domains_.add(key.domain);
    recipients[i].local = key.local;
    const auto* last = from.history.empty() ? nullptr : &from.history.back().answer;
    update(recipients[i], from.fate, from.attempts, from.next_attempt,
           last ? describe(*last) : std::string(),
           last ? last->outcome_class : mail::OutcomeClass::none);
  }
  reschedule(slot);
  return slot;
}

void Index::forget_strings(IndexedMessage& message) {
  domains_.release(message.sender_domain);
  for (auto& recipient : message.recipients()) {
    domains_.release(recipient.domain);
    replies_.release(recipient.reply);
    recipient = {};
  }
  if (message.many) many_octets_ -= message.many->size() * sizeof(IndexedRecipient) + 64;
  message.many.reset();
}

void Index::erase(Slot slot) {
  auto& message = messages_[slot];
  assert(message.used);
  heap_remove(slot);
  ids_.erase(message.id.value);
  forget_strings(message);
  forget_latest(message);
  message = IndexedMessage{};
  free_.push_back(slot);
}

void Index::update(IndexedRecipient& recipient, mail::Fate fate, std::uint32_t attempts,
                   WallTime next, std::string_view reply, mail::OutcomeClass outcome_class) {
  recipient.fate = fate;
  recipient.outcome_class = outcome_class;
  recipient.attempts = narrow(attempts);
  recipient.due = fate == mail::Fate::queued ? to_tick(next) : 0;
  auto number = replies_.add(reply);
  replies_.release(recipient.reply);
  recipient.reply = number;
}

std::vector<Place> Index::latest(const IndexedMessage& message) const {
  if (message.latest.offset == 0) return {};
  if (message.branched) return branches_.at(message.id.value);
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
  branches_[message.id.value] = std::move(places);
}

void Index::forget_latest(IndexedMessage& message) {
  message.latest = {};
  if (message.branched) branches_.erase(message.id.value);
  message.branched = false;
}

Tick Index::due(const IndexedMessage& message) {
  Tick earliest = UINT32_MAX;
  for (const auto& recipient : message.recipients())
    if (recipient.fate == mail::Fate::queued) earliest = std::min(earliest, recipient.due);
  return earliest;
}

bool Index::before(Slot a, Slot b) const {
  auto due_a = due(messages_[a]), due_b = due(messages_[b]);
  return due_a != due_b ? due_a < due_b : messages_[a].id < messages_[b].id;
}

void Index::reschedule(Slot slot) {
  auto& message = messages_[slot];
  if (message.leased || message.held || message.deleting) return heap_remove(slot);
  if (message.heap_at == nowhere) {
    message.heap_at = static_cast<std::uint32_t>(heap_.size());
    heap_.push_back(slot);
  }
  sift_up(message.heap_at);
  sift_down(messages_[slot].heap_at);
}

void Index::heap_remove(Slot slot) {
  auto at = messages_[slot].heap_at;
  if (at == nowhere) return;
  messages_[slot].heap_at = nowhere;
  Slot last = heap_.back();
  heap_.pop_back();
  if (last == slot) return;
  heap_[at] = last;
  messages_[last].heap_at = at;
  sift_up(at);
  sift_down(messages_[last].heap_at);
}

void Index::sift_up(std::uint32_t at) {
  while (at > 0) {
    auto parent = (at - 1) / arity;
    if (!before(heap_[at], heap_[parent])) return;
    std::swap(heap_[at], heap_[parent]);
    messages_[heap_[at]].heap_at = at;
    messages_[heap_[parent]].heap_at = parent;
    at = parent;
  }
}

void Index::sift_down(std::uint32_t at) {
  for (;;) {
    auto first = at * arity + 1, best = at;
    for (auto child = first; child < first + arity && child < heap_.size(); ++child)
      if (before(heap_[child], heap_[best])) best = child;
    if (best == at) return;
    std::swap(heap_[at], heap_[best]);
    messages_[heap_[at]].heap_at = at;
    messages_[heap_[best]].heap_at = best;
    at = best;
  }
}

std::size_t Index::octets() const {
  return messages_.capacity() * sizeof(IndexedMessage) + heap_.capacity() * sizeof(Slot) +
         ids_.size() * 18 + many_octets_ + branches_.size() * branch_octets + domains_.octets() +
         replies_.octets();
}

}  // namespace malleposte::spool
