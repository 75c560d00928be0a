#include "spool/items.h"

#include <algorithm>
#include <cassert>

#include "base/limits.h"
#include "spool/attributes.h"
#include "spool/bytes.h"

namespace malleposte::spool {
namespace {

enum class Kind : std::uint8_t {
  message = 1,
  outcome = 2,
  flags = 3,
  gone = 4,
  retire = 5,
  warned = 6,
  orders = 7,
};

constexpr std::uint8_t flag_held = 1, flag_deleting = 2, flag_generated = 4, flag_eight_bit = 8,
                       flag_warned = 16, flag_gathered = 32;
constexpr std::uint8_t flag_carried = 1;
constexpr std::uint8_t has_progress = 0x80;
constexpr std::uint64_t highest_reply_code = 999;
constexpr std::uint8_t last_fate = static_cast<std::uint8_t>(mail::Fate::replaced);
constexpr std::uint8_t last_order_kind = static_cast<std::uint8_t>(StandingOrder::Kind::hold);
constexpr std::size_t order_least = 22;  // octets

std::size_t begin_item(std::string& payload) {
  auto at = payload.size();
  payload.append(item_prefix_octets, '\0');
  return at;
}

void end_item(std::string& payload, std::size_t at, Kind kind) {
  overwrite(payload, at, static_cast<std::uint32_t>(kind));
  overwrite(payload, at + 4, static_cast<std::uint32_t>(payload.size() - at - item_prefix_octets));
}

void put_time(std::string& out, WallTime time) {
  put(out, static_cast<std::int64_t>(time.time_since_epoch().count()));
}
WallTime take_time(ByteReader& reader) {
  return WallTime(Duration(reader.take<std::int64_t>()));
}

void put_attempt(std::string& out, const mail::Attempt& attempt) {
  put_time(out, attempt.began);
  put_varint(out, static_cast<std::uint64_t>(
                      std::max(attempt.ended - attempt.began, Duration::zero()).count()));
  put(out, static_cast<std::uint8_t>(attempt.answer.outcome_class));
  put_varint(out, static_cast<std::uint64_t>(std::max(attempt.answer.code, 0)));
  put_string(out, attempt.answer.status);
  put_string(out, attempt.answer.host);
  put_string(out, attempt.answer.address);
  put_string(out, attempt.answer.text);
}

constexpr std::size_t attempt_least = 15;  // octets

mail::Attempt take_attempt(ByteReader& reader) {
  mail::Attempt attempt;
  attempt.began = take_time(reader);
  // Added as unsigned numbers: a damaged length must not overflow.
  attempt.ended = WallTime(Duration(static_cast<std::int64_t>(
      static_cast<std::uint64_t>(attempt.began.time_since_epoch().count()) +
      reader.take_varint())));
  attempt.answer.outcome_class = mail::outcome_class_of(reader.take<std::uint8_t>());
  attempt.answer.code =
      static_cast<int>(std::min<std::uint64_t>(reader.take_varint(), highest_reply_code));
  attempt.answer.status = reader.take_string();
  attempt.answer.host = reader.take_string();
  attempt.answer.address = reader.take_string();
  attempt.answer.text = reader.take_string();
  return attempt;
}

bool take_fate(std::uint8_t value, mail::Fate& fate) {
  if (value > last_fate) return false;
  fate = static_cast<mail::Fate>(value);
  return true;
}

int flags_of(const Marks& marks) {
  return (marks.held ? flag_held : 0) | (marks.deleting ? flag_deleting : 0);
}

void put_message_rest(std::string& out, const MessageItem& item) {
  put(out, item.id.value);
  put_varint(out, item.generation);
  put_varint(out, item.origin);
  put(out, static_cast<std::uint8_t>(flags_of(item.marks) | (item.generated ? flag_generated : 0) |
                                     (item.body == mail::Body::eight_bit ? flag_eight_bit : 0) |
                                     (item.warned ? flag_warned : 0) |
                                     (item.gathered ? flag_gathered : 0)));
  put_time(out, item.arrived);
  put_varint(out, item.size);
  put_string(out, item.sender);
  put_string(out, item.client_address);
  put_string(out, item.client_name);
  put_string(out, item.helo);
  put_varint(out, item.recipients.size());
  for (const auto& recipient : item.recipients) {
    bool progress = recipient.attempts != 0 || !recipient.history.empty() ||
                    recipient.next_attempt != WallTime{};
    put_string(out, recipient.address);
    put(out, static_cast<std::uint8_t>(static_cast<std::uint8_t>(recipient.fate) |
                                       (progress ? has_progress : 0)));
    if (!progress) continue;
    put_varint(out, recipient.attempts);
    put_time(out, recipient.next_attempt);
    put_varint(out, recipient.history.size());
    for (const auto& attempt : recipient.history) put_attempt(out, attempt);
  }
  put_varint(out, item.chunks.size());
  for (const auto& chunk : item.chunks) {
    put(out, chunk.epoch);
    put(out, chunk.offset);
    put(out, chunk.length);
    put(out, chunk.crc);
  }
  put_attributes(out, item);
}

bool take_message(std::string_view octets, MessageItem& item) {
  ByteReader reader(octets);
  item.inline_content = reader.take_bytes(reader.take<std::uint32_t>());
  item.id.value = reader.take<std::uint64_t>();
  item.generation = static_cast<std::uint32_t>(reader.take_varint());
  item.origin = reader.take_varint();
  auto flags = reader.take<std::uint8_t>();
  item.marks.held = flags & flag_held;
  item.marks.deleting = flags & flag_deleting;
  item.generated = flags & flag_generated;
  item.body = flags & flag_eight_bit ? mail::Body::eight_bit : mail::Body::seven_bit;
  item.warned = flags & flag_warned;
  item.gathered = flags & flag_gathered;
  item.arrived = take_time(reader);
  item.size = reader.take_varint();
  item.sender = reader.take_string();
  item.client_address = reader.take_string();
  item.client_name = reader.take_string();
  item.helo = reader.take_string();
  item.recipients.resize(reader.take_count(2));
  for (auto& recipient : item.recipients) {
    recipient.address = reader.take_string();
    auto fate = reader.take<std::uint8_t>();
    if (!take_fate(fate & ~has_progress, recipient.fate)) return false;
    if (fate & has_progress) {
      recipient.attempts = static_cast<std::uint32_t>(reader.take_varint());
      recipient.next_attempt = take_time(reader);
      recipient.history.resize(reader.take_count(attempt_least));
      for (auto& attempt : recipient.history) attempt = take_attempt(reader);
    }
  }
  item.chunks.resize(reader.take_count(20));
  for (auto& chunk : item.chunks) {
    chunk.epoch = reader.take<std::uint64_t>();
    chunk.offset = reader.take<std::uint32_t>();
    chunk.length = reader.take<std::uint32_t>();
    chunk.crc = reader.take<std::uint32_t>();
  }
  return take_attributes(reader, item);
}

bool take_outcome(std::string_view octets, OutcomeItem& item) {
  ByteReader reader(octets);
  item.id.value = reader.take<std::uint64_t>();
  item.home = reader.take<std::uint64_t>();
  item.carried = reader.take<std::uint8_t>() & flag_carried;
  item.recipient = static_cast<std::uint32_t>(reader.take_varint());
  if (!take_fate(reader.take<std::uint8_t>(), item.fate)) return false;
  item.attempts = static_cast<std::uint32_t>(reader.take_varint());
  item.next_attempt = take_time(reader);
  auto earlier = reader.take_varint();
  if (earlier > limits::record_links) return false;
  item.earlier.resize(earlier);
  for (auto& ref : item.earlier) {
    ref.epoch = reader.take_varint();
    ref.offset = static_cast<std::uint32_t>(reader.take_varint());
  }
  item.attempt = take_attempt(reader);
  return reader.good();
}

bool take_flags(std::string_view octets, FlagsItem& item) {
  ByteReader reader(octets);
  item.id.value = reader.take<std::uint64_t>();
  item.home = reader.take<std::uint64_t>();
  auto flags = reader.take<std::uint8_t>();
  item.marks.held = flags & flag_held;
  item.marks.deleting = flags & flag_deleting;
  // Version 2 ends here.
  return reader.empty() ? reader.good() : take_attributes(reader, item.marks);
}

bool take_orders(std::string_view octets, OrdersItem& item) {
  ByteReader reader(octets);
  item.last = reader.take_varint();
  item.orders.resize(reader.take_count(order_least));
  for (auto& order : item.orders) {
    ByteReader fields(reader.take_string());  // later versions may add to them
    order.number = fields.take_varint();
    const auto kind = fields.take<std::uint8_t>();
    order.kind = static_cast<StandingOrder::Kind>(kind);
    order.pattern = fields.take_string();
    order.reason = fields.take_string();
    order.who = fields.take_string();
    order.given = take_time(fields);
    const auto until = take_time(fields);
    if (until != WallTime{}) order.until = until;
    if (!fields.good() || kind > last_order_kind) return false;
  }
  return reader.good();
}

}  // namespace

void append_item(std::string& payload, const OutcomeItem& item) {
  auto at = begin_item(payload);
  put(payload, item.id.value);
  put(payload, item.home);
  put(payload, static_cast<std::uint8_t>(item.carried ? flag_carried : 0));
  put_varint(payload, item.recipient);
  put(payload, static_cast<std::uint8_t>(item.fate));
  put_varint(payload, item.attempts);
  put_time(payload, item.next_attempt);
  assert(item.earlier.size() <= limits::record_links);
  put_varint(payload, item.earlier.size());
  for (const auto& ref : item.earlier) {
    put_varint(payload, ref.epoch);
    put_varint(payload, ref.offset);
  }
  put_attempt(payload, item.attempt);
  end_item(payload, at, Kind::outcome);
}

void append_item(std::string& payload, const FlagsItem& item) {
  auto at = begin_item(payload);
  put(payload, item.id.value);
  put(payload, item.home);
  put(payload, static_cast<std::uint8_t>(flags_of(item.marks)));
  put_attributes(payload, item.marks);
  end_item(payload, at, Kind::flags);
}

void append_item(std::string& payload, const GoneItem& item) {
  auto at = begin_item(payload);
  put(payload, item.id.value);
  put(payload, item.home);
  end_item(payload, at, Kind::gone);
}

void append_item(std::string& payload, const RetireItem& item) {
  auto at = begin_item(payload);
  put(payload, item.epoch);
  end_item(payload, at, Kind::retire);
}

void append_item(std::string& payload, const WarnedItem& item) {
  auto at = begin_item(payload);
  put(payload, item.id.value);
  put(payload, item.home);
  end_item(payload, at, Kind::warned);
}

void append_item(std::string& payload, const OrdersItem& item) {
  auto at = begin_item(payload);
  put_varint(payload, item.last);
  put_varint(payload, item.orders.size());
  for (const auto& order : item.orders) {
    std::string fields;
    put_varint(fields, order.number);
    put(fields, static_cast<std::uint8_t>(order.kind));
    put_string(fields, order.pattern);
    put_string(fields, order.reason);
    put_string(fields, order.who);
    put_time(fields, order.given);
    put_time(fields, order.until.value_or(WallTime{}));
    put_string(payload, fields);
  }
  end_item(payload, at, Kind::orders);
}

void append_item(std::string& payload, const MessageItem& item) {
  auto at = payload.size();
  payload.append(message_content_at, '\0');
  payload.append(item.inline_content);
  finish_message_item(payload, at, item);
}

void finish_message_item(std::string& payload, std::size_t at, const MessageItem& item) {
  auto content = payload.size() - at - message_content_at;
  overwrite(payload, at + item_prefix_octets, static_cast<std::uint32_t>(content));
  put_message_rest(payload, item);
  end_item(payload, at, Kind::message);
}

bool ItemReader::next() {
  if (damaged_ || next_ >= payload_.size()) return false;
  at_ = next_;
  ByteReader reader(payload_.substr(at_));
  auto kind = reader.take<std::uint32_t>();
  auto octets = reader.take_bytes(reader.take<std::uint32_t>());
  bool good = reader.good();
  if (good) {
    ByteReader fields(octets);
    switch (static_cast<Kind>(kind)) {
      case Kind::message: {
        MessageItem item;
        good = take_message(octets, item);
        item_ = std::move(item);
        break;
      }
      case Kind::outcome: {
        OutcomeItem item;
        good = take_outcome(octets, item);
        item_ = std::move(item);
        break;
      }
      case Kind::flags: {
        FlagsItem item;
        good = take_flags(octets, item);
        item_ = std::move(item);
        break;
      }
      case Kind::orders: {
        OrdersItem item;
        good = take_orders(octets, item);
        item_ = std::move(item);
        break;
      }
      case Kind::gone:
        item_ = GoneItem{{fields.take<std::uint64_t>()}, fields.take<std::uint64_t>()};
        good = fields.good();
        break;
      case Kind::retire:
        item_ = RetireItem{fields.take<std::uint64_t>()};
        good = fields.good();
        break;
      case Kind::warned:
        item_ = WarnedItem{{fields.take<std::uint64_t>()}, fields.take<std::uint64_t>()};
        good = fields.good();
        break;
      default:
        good = false;
    }
  }
  damaged_ = !good;
  next_ = at_ + item_prefix_octets + octets.size();
  return good;
}

}  // namespace malleposte::spool
