// What a COMMIT record holds: items that take effect together (docs/formats/spool.md, Items).
// Encoding and decoding only, no meaning. Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "mail/envelope.h"
#include "mail/message_id.h"
#include "mail/outcome.h"
#include "spool/action.h"

namespace malleposte::spool {

using mail::MessageId;

// A piece of content that lies in a CHUNK record.
struct ChunkRef {
  std::uint64_t epoch = 0;
  std::uint32_t offset = 0;  // of the record in its segment
  std::uint32_t length = 0;  // of the payload
  std::uint32_t crc = 0;     // of the payload
  bool operator==(const ChunkRef&) const = default;
};

// A record that stands before this one in the log.
struct RecordRef {
  std::uint64_t epoch = 0;
  std::uint32_t offset = 0;
  auto operator<=>(const RecordRef&) const = default;
};

struct RecipientState {
  std::string address;
  mail::Notify notify{};
  std::string original{};
  mail::Fate fate = mail::Fate::queued;
  std::uint32_t attempts = 0;  // in all
  WallTime next_attempt{};
  std::vector<mail::Attempt> history;  // the last of them, oldest first
  bool operator==(const RecipientState&) const = default;
};

// What an operator has said about one message. Always written whole: the last of them counts.
struct Marks {
  bool held = false;
  bool deleting = false;                  // removed; until deleted_at that can be taken back
  WallTime deleted_at{};                  // then it is gone, once a delivery under way has ended
  std::string next_hop = {};              // in place of what the routes say; "": none
  std::optional<Duration> lifetime = {};  // in place of queue_lifetime
  bool operator==(const Marks&) const = default;
};

// A message. A later generation of the same id replaces an earlier one entirely.
struct MessageItem {
  MessageId id;
  std::uint32_t generation = 0;
  std::uint64_t origin = 0;  // epoch of the segment where the generation before this one stands
  Marks marks;
  bool generated = false;  // by ourselves: counts as such
  bool warned = false;     // its sender knows that it is late
  bool gathered = false;   // a notice that waits to become part of a report
  mail::Body body = mail::Body::seven_bit;
  WallTime arrived{};
  std::uint64_t size = 0;  // octets of content
  mail::Requests requests;
  std::string sender;
  std::string client_address, client_name, helo;
  std::vector<RecipientState> recipients;
  std::vector<ChunkRef> chunks;     // the content, or
  std::string_view inline_content;  // all of it; points into the decoded record
};

// What became of one recipient in one attempt; Fate::queued is a deferral. One with fewer attempts
// than are known of the recipient is the past, and changes nothing. `home` is the epoch of the
// segment in which the message's own item stands: the outcome is needed as long as that segment is.
struct OutcomeItem {
  MessageId id;
  std::uint64_t home = 0;
  bool carried = false;  // written again by the cleaner: not to be counted twice
  std::uint32_t recipient = 0;
  mail::Fate fate = mail::Fate::queued;
  std::uint32_t attempts = 0;  // with this one
  WallTime next_attempt{};
  mail::Attempt attempt;
  // The records with earlier attempts for the message that no record between names. They lead to
  // its history and to nothing else: what they name may be gone.
  std::vector<RecordRef> earlier;
  bool operator==(const OutcomeItem&) const = default;
};

// The operator's hand on a message.
struct FlagsItem {
  MessageId id;
  std::uint64_t home = 0;
  Marks marks;
  bool operator==(const FlagsItem&) const = default;
};

// Every recipient of the message is settled; written by the cleaner in place of its outcomes.
struct GoneItem {
  MessageId id;
  std::uint64_t home = 0;
  bool operator==(const GoneItem&) const = default;
};

// The sender of the message has been told that it is late: in the same record as that notice.
struct WarnedItem {
  MessageId id;
  std::uint64_t home = 0;
  bool operator==(const WarnedItem&) const = default;
};

// Nothing in the segment with this epoch counts any more.
struct RetireItem {
  std::uint64_t epoch = 0;
  bool operator==(const RetireItem&) const = default;
};

// All standing orders as they are from here on: the last of them counts. Every segment begins with
// what then was in force, so that none depends on an earlier one for it.
struct OrdersItem {
  std::uint64_t last = 0;  // number given so far
  std::vector<StandingOrder> orders;
  bool operator==(const OrdersItem&) const = default;
};

using Item =
    std::variant<MessageItem, OutcomeItem, FlagsItem, GoneItem, RetireItem, WarnedItem, OrdersItem>;

// Every item begins with a prefix of 8 octets (kind and length). A message item's content comes
// first, behind its length, so that it can be received straight into the record's buffer, and
// everything else behind it:
inline constexpr std::size_t item_prefix_octets = 8;
inline constexpr std::size_t message_content_at = item_prefix_octets + 4;

void append_item(std::string& payload, const OutcomeItem& item);
void append_item(std::string& payload, const FlagsItem& item);
void append_item(std::string& payload, const GoneItem& item);
void append_item(std::string& payload, const RetireItem& item);
void append_item(std::string& payload, const WarnedItem& item);
void append_item(std::string& payload, const OrdersItem& item);
void append_item(std::string& payload, const MessageItem& item);

// Completes a message item that began at `at` of `payload` with message_content_at octets of room
// and was followed by the content: appends the rest and fills the room. `item.inline_content` is
// not looked at.
void finish_message_item(std::string& payload, std::size_t at, const MessageItem& item);

// Goes through the items of a COMMIT's payload. After an item that makes no sense next() returns
// false and damaged() true.
class ItemReader {
 public:
  explicit ItemReader(std::string_view payload) : payload_(payload) {}
  bool next();
  const Item& item() const { return item_; }
  std::size_t at() const { return at_; }  // where the item begins in the payload
  std::string_view octets() const { return payload_.substr(at_, next_ - at_); }  // with its prefix
  bool damaged() const { return damaged_; }

 private:
  std::string_view payload_;
  std::size_t at_ = 0, next_ = 0;
  Item item_;
  bool damaged_ = false;
};

}  // namespace malleposte::spool
