// The index of the queue: what is known of each message without reading it. Everything in it can be
// rebuilt from the log. A message with one recipient takes about 110 octets in all, whoever it is
// from and to: domains and replies are kept once, local parts as hashes, and of its attempts only
// where the last record of them stands. Pure; loop thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "base/time.h"
#include "spool/interner.h"
#include "spool/items.h"
#include "spool/ordered_ids.h"

namespace malleposte::spool {

// Where a message's item stands in the log.
struct Home {
  std::uint32_t segment = 0;        // number of the segment in the SegmentTable
  std::uint32_t offset = 0;         // of the record
  std::uint32_t record_octets = 0;  // header and payload
  std::uint32_t item_at = 0;        // of the item in the payload
};

// Where a record stands; an offset of 0 is nowhere.
struct Place {
  std::uint32_t segment = 0;  // number of the segment in the SegmentTable
  std::uint32_t offset = 0;
  bool operator==(const Place&) const = default;
};

// A time in tenths of a second since 2024, 0 for "at once": what the index keeps of a due time.
using Tick = std::uint32_t;
Tick to_tick(WallTime time);  // rounded up
WallTime to_time(Tick tick);
// Due once no standing order suspends its domain any more.
inline constexpr Tick suspended_due = UINT32_MAX;

struct IndexedRecipient {
  Interner::Number domain = 0;
  std::uint32_t local = 0;  // hash of the lower-case local part
  Interner::Number reply = 0;
  Tick due = 0;
  std::uint16_t attempts = 0;
  mail::Fate fate : 7 = mail::Fate::queued;
  bool leased : 1 = false;
  mail::OutcomeClass outcome_class = mail::OutcomeClass::none;  // of the last attempt
};

struct IndexedMessage {
  MessageId id;
  Home home;
  Place latest;  // the record of its last attempt; see Index::latest
  std::uint32_t size = 0;
  Interner::Number sender_domain = 0;
  std::uint32_t sender_local = 0;
  std::uint32_t heap_at = UINT32_MAX;
  std::uint16_t generation = 0;
  bool used : 1 = false;
  bool held : 1 = false;
  bool deleting : 1 = false;
  bool leased : 1 = false;
  bool generated : 1 = false;
  bool warned : 1 = false;
  bool gathered : 1 = false;
  bool chunked : 1 = false;
  bool branched : 1 = false;                            // has more than one latest record
  IndexedRecipient one;                                 // the only recipient, or
  std::unique_ptr<std::vector<IndexedRecipient>> many;  // all of them

  std::span<IndexedRecipient> recipients() { return many ? std::span(*many) : std::span(&one, 1); }
  std::span<const IndexedRecipient> recipients() const {
    return many ? std::span<const IndexedRecipient>(*many) : std::span(&one, 1);
  }
};

// An address as the index knows it.
struct AddressKey {
  std::string domain;  // canonical
  std::uint32_t local;
};
AddressKey address_key(std::string_view address);

class Index {
 public:
  using Slot = std::uint32_t;

  // Adds the message, or replaces an earlier generation of it, and queues it for its due time.
  Slot put(const MessageItem& item, const Home& home);
  std::optional<Slot> find(MessageId id) const { return ids_.find(id.value); }
  void erase(Slot slot);

  IndexedMessage& operator[](Slot slot) { return messages_[slot]; }
  const IndexedMessage& operator[](Slot slot) const { return messages_[slot]; }

  // Takes a recipient's new state in. `reply` is the answer as one line.
  void update(IndexedRecipient& recipient, mail::Fate fate, std::uint32_t attempts, WallTime next,
              std::string_view reply, mail::OutcomeClass outcome_class);

  // The records with attempts for the message that no later one names: none before the first
  // attempt, then one, or more when several were on their way to the disk at the same time. A
  // record about it names them (OutcomeItem::earlier), and is then the latest itself.
  std::vector<Place> latest(const IndexedMessage& message) const;
  void attempt_recorded(IndexedMessage& message, Place where, const std::vector<Place>& named);
  // Its history stands in its own item now.
  void forget_latest(IndexedMessage& message);

  std::string_view domain(Interner::Number number) const { return domains_.text(number); }
  std::string_view reply(Interner::Number number) const { return replies_.text(number); }
  std::optional<Interner::Number> find_domain(std::string_view d) const { return domains_.find(d); }

  // The heap of what waits for its time. A message that is leased, held or being deleted is not in
  // it; reschedule() puts it where its state says.
  void reschedule(Slot slot);
  std::optional<Slot> first_due() const {
    return heap_.empty() ? std::nullopt : std::optional(heap_.front());
  }
  // The earliest time a queued recipient of it is due.
  static Tick due(const IndexedMessage& message);

  std::vector<Slot> next(MessageId after, std::size_t most) const {
    return ids_.next(after.value, most);
  }
  std::size_t size() const { return ids_.size(); }
  // Memory held, about, in octets.
  std::size_t octets() const;

 private:
  bool before(Slot a, Slot b) const;
  void heap_remove(Slot slot);
  void sift_up(std::uint32_t at);
  void sift_down(std::uint32_t at);
  void forget_strings(IndexedMessage& message);

  std::vector<IndexedMessage> messages_;
  std::vector<Slot> free_;
  std::vector<Slot> heap_;  // by due time, then id
  OrderedIds ids_;
  Interner domains_, replies_;
  std::size_t many_octets_ = 0;
  std::unordered_map<std::uint64_t, std::vector<Place>> branches_;  // of the branched ones
};

}  // namespace malleposte::spool
