#include "spool/spool_state.h"

#include <algorithm>
#include <cassert>

namespace malleposte::spool {
namespace {

// What an item takes besides content, about: the cleaner's choice needs no more.
constexpr std::uint64_t item_overhead = 256;

// What a message takes in its home. One that was moved has a record of its own, with its history.
std::uint64_t octets_at_home(const IndexedMessage& message) {
  if (message.generation > 0) return message.home.record_octets;
  return item_overhead + (message.chunked ? 0 : message.size);
}

}  // namespace

bool finished(const IndexedMessage& message) {
  return message.queued() == 0;
}

void SpoolState::occupy(const IndexedMessage& message) {
  segments.message_lives(message.home.segment, octets_at_home(message));
  if (!message.chunked) return;
  for (const auto& chunk : chunks[message.id.value]) {
    auto number = segments.by_epoch(chunk.epoch);
    if (!number) continue;
    segments.message_lives(*number, chunk.length);
    segments[*number].chunk_owners.push_back(message.id.value);
  }
}

void SpoolState::vacate(const IndexedMessage& message) {
  segments.message_left(message.home.segment, octets_at_home(message));
  if (!message.chunked) return;
  for (const auto& chunk : chunks[message.id.value]) {
    auto number = segments.by_epoch(chunk.epoch);
    if (!number) continue;
    segments.message_left(*number, chunk.length);
    auto& owners = segments[*number].chunk_owners;
    owners.erase(std::find(owners.begin(), owners.end(), message.id.value));
  }
  chunks.erase(message.id.value);
}

Index::Slot SpoolState::add(const MessageItem& item, const Home& home) {
  if (!item.chunks.empty()) chunks[item.id.value] = item.chunks;
  auto slot = index.put(item, home);
  if (item.marks != Marks{}) mark(slot, item.marks);
  const auto& message = index[slot];
  occupy(message);
  accounts.queued += message.queued();
  message_octets += message.size;
  last_id = std::max(last_id, item.id.value);
  return slot;
}

void SpoolState::move(const MessageItem& item, const Home& home) {
  auto slot = *index.find(item.id);
  auto& message = index[slot];
  vacate(message);
  if (!item.chunks.empty()) chunks[item.id.value] = item.chunks;
  message.home = home;
  index.forget_latest(message);
  segments.superseded(home.segment, item.origin);
  message.generation = static_cast<std::uint16_t>(item.generation);
  message.chunked = !item.chunks.empty();
  occupy(message);
}

void SpoolState::remove(Index::Slot slot) {
  const auto& message = index[slot];
  vacate(message);
  accounts.queued -= message.queued();
  message_octets -= message.size;
  removals.cancel(message.id);
  directions.forget(message.id);
  index.erase(slot);
}

Marks SpoolState::marks(const IndexedMessage& message) const {
  Marks marks{message.held,
              message.deleting,
              {},
              directions.next_hop(message.id),
              directions.lifetime(message.id)};
  if (const auto at = removals.at(message.id)) marks.deleted_at = to_time(*at);
  return marks;
}

void SpoolState::mark(Index::Slot slot, const Marks& marks) {
  auto& message = index[slot];
  message.held = marks.held;
  message.deleting = marks.deleting;
  if (marks.deleting)
    removals.add(message.id, to_tick(marks.deleted_at));
  else
    removals.cancel(message.id);
  directions.set(message.id, marks);
  index.set_apart(message, !marks.next_hop.empty() || marks.lifetime);
  index.reschedule(slot);
}

std::size_t SpoolState::octets() const {
  return index.octets() + removals.octets() + directions.octets() + orders.octets();
}

void SpoolState::count(mail::Fate fate) {
  switch (fate) {
    case mail::Fate::queued:
      return;
    case mail::Fate::delivered:
      ++accounts.delivered;
      break;
    case mail::Fate::bounced:
      ++accounts.bounced;
      break;
    case mail::Fate::expired:
      ++accounts.expired;
      break;
    case mail::Fate::deleted:
      ++accounts.deleted;
      break;
    case mail::Fate::discarded:
      ++accounts.discarded;
      break;
    case mail::Fate::replaced:
      ++accounts.replaced;
      break;
  }
}

std::vector<RecordRef> SpoolState::to_refs(const std::vector<Place>& places) const {
  std::vector<RecordRef> refs;
  refs.reserve(places.size());
  for (const auto& place : places)
    if (auto epoch = segments[place.segment].epoch; epoch != 0)
      refs.push_back({epoch, place.offset});
  return refs;
}

std::vector<Place> SpoolState::to_places(const std::vector<RecordRef>& refs) const {
  std::vector<Place> places;
  places.reserve(refs.size());
  for (const auto& ref : refs)
    if (auto number = segments.by_epoch(ref.epoch)) places.push_back({*number, ref.offset});
  return places;
}

MessageId SpoolState::next_id() {
  auto id = first_id_at(loop.wall()) | (loop.random() & ((1u << id_chance_bits) - 1));
  last_id = std::max(last_id + 1, id);
  return {last_id};
}

}  // namespace malleposte::spool
