#include "spool/attributes.h"

#include <utility>
#include <vector>

namespace malleposte::spool {
namespace {

// What a tag means never changes.
enum class Tag : std::uint8_t {
  smtputf8 = 1,     // ""
  binary = 2,       // "": BODY=BINARYMIME
  envelope_id = 3,  // octets
  returned = 4,     // 1
  deliver_by = 5,   // flags (1), deadline (8)
  held_until = 6,   // 8
  priority = 7,     // 1, signed
  recipient = 8,    // number (varint), NOTIFY (1), original address; one for each that has any
  // Marks
  deleted_at = 9,  // 8
  next_hop = 10,   // octets
  lifetime = 11,   // 8, microseconds
};

using Attributes = std::vector<std::pair<Tag, std::string>>;

std::string& add(Attributes& all, Tag tag) {
  return all.emplace_back(tag, "").second;
}

constexpr std::uint8_t by_return = 1, by_trace = 2;
constexpr std::uint8_t notify_never = 1, notify_success = 2, notify_failure = 4, notify_delay = 8;

void put_time(std::string& out, WallTime time) {
  put(out, static_cast<std::int64_t>(time.time_since_epoch().count()));
}

WallTime take_time(ByteReader& reader) {
  return WallTime(Duration(reader.take<std::int64_t>()));
}

std::uint8_t octet_of(const mail::Notify& notify) {
  return static_cast<std::uint8_t>(
      (notify.never ? notify_never : 0) | (notify.success ? notify_success : 0) |
      (notify.failure ? notify_failure : 0) | (notify.delay ? notify_delay : 0));
}

mail::Notify notify_of(std::uint8_t octet) {
  return {(octet & notify_never) != 0, (octet & notify_success) != 0, (octet & notify_failure) != 0,
          (octet & notify_delay) != 0};
}

void add_marks(Attributes& all, const Marks& marks) {
  if (marks.deleting) put_time(add(all, Tag::deleted_at), marks.deleted_at);
  if (!marks.next_hop.empty()) add(all, Tag::next_hop) = marks.next_hop;
  if (marks.lifetime) put(add(all, Tag::lifetime), marks.lifetime->count());
}

Attributes attributes_of(const MessageItem& item) {
  Attributes all;
  const mail::Requests& asked = item.requests;
  if (asked.smtputf8) add(all, Tag::smtputf8);
  if (item.body == mail::Body::binary) add(all, Tag::binary);
  if (!asked.envelope_id.empty()) add(all, Tag::envelope_id) = asked.envelope_id;
  if (asked.returned != mail::Return::unspecified)
    put(add(all, Tag::returned), static_cast<std::uint8_t>(asked.returned));
  if (asked.deliver_by) {
    std::string& value = add(all, Tag::deliver_by);
    put(value, static_cast<std::uint8_t>((asked.deliver_by->return_after ? by_return : 0) |
                                         (asked.deliver_by->trace ? by_trace : 0)));
    put_time(value, asked.deliver_by->deadline);
  }
  if (asked.held_until != WallTime{}) put_time(add(all, Tag::held_until), asked.held_until);
  if (asked.priority != 0) put(add(all, Tag::priority), static_cast<std::int8_t>(asked.priority));
  for (std::size_t i = 0; i < item.recipients.size(); ++i) {
    const RecipientState& recipient = item.recipients[i];
    if (!recipient.notify.given() && recipient.original.empty()) continue;
    std::string& value = add(all, Tag::recipient);
    put_varint(value, i);
    put(value, octet_of(recipient.notify));
    value += recipient.original;
  }
  add_marks(all, item.marks);
  return all;
}

bool is_mark(std::uint64_t tag) {
  return tag >= static_cast<std::uint64_t>(Tag::deleted_at) &&
         tag <= static_cast<std::uint64_t>(Tag::lifetime);
}

bool take_mark(Tag tag, std::string_view value, Marks& marks) {
  ByteReader reader(value);
  if (tag == Tag::deleted_at)
    marks.deleted_at = take_time(reader);
  else if (tag == Tag::next_hop)
    marks.next_hop = value;
  else
    marks.lifetime = Duration(reader.take<std::int64_t>());
  return reader.good();
}

bool take_attribute(Tag tag, std::string_view value, MessageItem& item) {
  ByteReader reader(value);
  mail::Requests& asked = item.requests;
  switch (tag) {
    case Tag::smtputf8:
      asked.smtputf8 = true;
      break;
    case Tag::binary:
      item.body = mail::Body::binary;
      break;
    case Tag::envelope_id:
      asked.envelope_id = value;
      break;
    case Tag::returned: {
      const auto returned = reader.take<std::uint8_t>();
      if (returned > static_cast<std::uint8_t>(mail::Return::full)) return false;
      asked.returned = static_cast<mail::Return>(returned);
      break;
    }
    case Tag::deliver_by: {
      const auto flags = reader.take<std::uint8_t>();
      asked.deliver_by = {take_time(reader), (flags & by_return) != 0, (flags & by_trace) != 0};
      break;
    }
    case Tag::held_until:
      asked.held_until = take_time(reader);
      break;
    case Tag::priority:
      asked.priority = reader.take<std::int8_t>();
      break;
    case Tag::recipient: {
      const auto number = reader.take_varint();
      const auto notify = reader.take<std::uint8_t>();
      if (!reader.good() || number >= item.recipients.size()) return false;
      item.recipients[number].notify = notify_of(notify);
      item.recipients[number].original = reader.take_bytes(reader.left());
      break;
    }
    case Tag::deleted_at:
    case Tag::next_hop:
    case Tag::lifetime:
      return take_mark(tag, value, item.marks);
  }
  return reader.good();
}

void put_all(std::string& out, const Attributes& all) {
  put_varint(out, all.size());
  for (const auto& [tag, value] : all) {
    put_varint(out, static_cast<std::uint64_t>(tag));
    put_string(out, value);
  }
}

}  // namespace

void put_attributes(std::string& out, const MessageItem& item) {
  put_all(out, attributes_of(item));
}

void put_attributes(std::string& out, const Marks& marks) {
  Attributes all;
  add_marks(all, marks);
  put_all(out, all);
}

bool take_attributes(ByteReader& reader, Marks& marks) {
  for (auto left = reader.take_count(2); left > 0 && reader.good(); --left) {
    const auto tag = reader.take_varint();
    const auto value = reader.take_string();
    if (is_mark(tag) && !take_mark(static_cast<Tag>(tag), value, marks)) return false;
  }
  return reader.good();
}

bool take_attributes(ByteReader& reader, MessageItem& item) {
  for (auto left = reader.take_count(2); left > 0 && reader.good(); --left) {
    const auto tag = reader.take_varint();
    const auto value = reader.take_string();
    const bool known = tag >= static_cast<std::uint64_t>(Tag::smtputf8) &&
                       tag <= static_cast<std::uint64_t>(Tag::lifetime);
    if (known && !take_attribute(static_cast<Tag>(tag), value, item)) return false;
  }
  return reader.good();
}

}  // namespace malleposte::spool
