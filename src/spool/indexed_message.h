// What the index (spool/index.h) knows of a message and of its recipients. Values.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "mail/requests.h"
#include "spool/domain_queues.h"
#include "spool/items.h"
#include "spool/listing.h"

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

// A sender as the index knows it. The null reverse-path has zeros.
struct SenderKey {
  std::uint32_t address = 0;  // hash of the whole of it, without case
  std::uint32_t domain = 0;   // hash of its domain
  bool operator==(const SenderKey&) const = default;
};
SenderKey sender_key(std::string_view address);

struct IndexedRecipient {
  Interner::Number domain = 0;
  std::uint32_t local = 0;  // hash of the lower-case local part
  Interner::Number reply = 0;
  Tick due = 0;
  std::uint32_t at = 0;  // in the queue of its domain, while it is queued
  std::uint16_t attempts = 0;
  mail::Fate fate : 6 = mail::Fate::queued;
  bool leased : 1 = false;
  bool parked : 1 = false;                                      // stands in its queue as due never
  mail::OutcomeClass outcome_class = mail::OutcomeClass::none;  // of the last attempt

  bool queued() const { return fate == mail::Fate::queued; }
};

struct IndexedMessage {
  MessageId id;
  Home home;
  Place latest;  // the record of its last attempt; see Index::latest
  std::uint32_t size = 0;
  SenderKey sender;
  std::uint16_t generation = 0;
  bool used : 1 = false;
  bool held : 1 = false;
  bool deleting : 1 = false;
  bool leased : 1 = false;
  bool generated : 1 = false;
  bool warned : 1 = false;
  bool unwarnable : 1 = false;  // nobody wants to know that it is late
  bool gathered : 1 = false;
  bool chunked : 1 = false;
  bool put_off : 1 = false;                     // it was due before, and was to come later
  bool branched : 1 = false;                    // has more than one latest record
  bool particular : 1 = false;                  // see Index::particulars
  bool ended : 1 = false;                       // given out because its sender wants it back
  QueueState counted : 3 = QueueState::active;  // as the counts of the index have it
  IndexedRecipient one;                         // the only recipient, or
  struct Several {
    std::vector<IndexedRecipient> all;
    std::uint32_t queued = 0, leased = 0;
  };
  std::unique_ptr<Several> several;  // all of them

  std::span<IndexedRecipient> recipients() {
    return several ? std::span(several->all) : std::span(&one, 1);
  }
  std::span<const IndexedRecipient> recipients() const {
    return several ? std::span<const IndexedRecipient>(several->all) : std::span(&one, 1);
  }
  // How many of them are queued, and of these leased.
  std::size_t queued() const { return several ? several->queued : one.queued(); }
  std::size_t leased_recipients() const { return several ? several->leased : one.leased; }
  // Not to be leased now.
  bool in_hand() const { return leased || held || deleting; }
};

static_assert(sizeof(IndexedMessage) == 80);

QueueState state_of(const IndexedMessage& message);

// What few messages have.
struct Particulars {
  int priority = 0;
  std::optional<mail::DeliverBy> deliver_by = {};
  bool operator==(const Particulars&) const = default;
};

// Ids tell when a message arrived: the time in the upper bits, so that a later message has a
// greater one, and chance in these lower ones.
inline constexpr unsigned id_chance_bits = 12;
WallTime arrival_of(MessageId id);
std::uint64_t first_id_at(WallTime time);  // the least id that a message could get then

// An address as the index knows it.
struct AddressKey {
  std::string domain;  // canonical
  std::uint32_t local;
};
AddressKey address_key(std::string_view address);

}  // namespace malleposte::spool
