#include "admin/mbox_envelope.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

#include "base/limits.h"
#include "monitor/line_text.h"
#include "smtp/xtext.h"

namespace malleposte::admin {
namespace {

namespace json = boost::json;
using monitor::append_json;

constexpr std::string_view message_field = "X-Malleposte-Message: ";
constexpr std::string_view recipient_field = "X-Malleposte-Recipient: ";
constexpr std::int64_t version = 1;

// One JSON object, member by member. Times are microseconds since 1970, so that they come back as
// they were.
class Members {
 public:
  explicit Members(std::string& out) : out_(out) { out_ += '{'; }
  void text(std::string_view name, std::string_view value) {
    if (value.empty()) return;
    begin(name);
    append_json(out_, value);
  }
  void number(std::string_view name, std::int64_t value) {
    begin(name);
    out_ += std::to_string(value);
  }
  void time(std::string_view name, WallTime value) {
    if (value != WallTime{}) number(name, value.time_since_epoch().count());
  }
  void flag(std::string_view name, bool value) {
    if (!value) return;
    begin(name);
    out_ += "true";
  }
  void end() { out_ += "}\n"; }

 private:
  void begin(std::string_view name) {
    if (!first_) out_ += ',';
    first_ = false;
    append_json(out_, name);
    out_ += ':';
  }
  std::string& out_;
  bool first_ = true;
};

// The same the other way. What is not there is as if it were empty; what is of another kind, or not
// known, is complained of.
class Reader {
 public:
  Reader(std::string_view line, std::string_view field) {
    if (!line.starts_with(field)) {
      complaint_ = fmt::format("here must be {}", field.substr(0, field.size() - 2));
      return;
    }
    json::error_code error;
    auto value = json::parse(line.substr(field.size()), error);
    if (error || !value.is_object())
      complaint_ = fmt::format("{} is no JSON object", field.substr(0, field.size() - 2));
    else
      object_ = std::move(value.get_object());
  }
  std::string text(std::string_view name) {
    auto value = take(name);
    if (!value) return {};
    if (!value->is_string()) return wrong(name, "is no text"), std::string();
    return std::string(value->get_string());
  }
  std::int64_t number(std::string_view name, std::int64_t least, std::int64_t most) {
    auto value = take(name);
    if (!value) return std::clamp<std::int64_t>(0, least, most);
    json::error_code error;
    const auto number = value->to_number<std::int64_t>(error);
    if (error || number < least || number > most) wrong(name, "is no such number");
    return number;
  }
  WallTime time(std::string_view name) {
    return WallTime(Duration(number(name, 0, INT64_MAX / 2)));
  }
  bool flag(std::string_view name) {
    auto value = take(name);
    if (value && !value->is_bool()) wrong(name, "is neither true nor false");
    return value && value->is_bool() && value->get_bool();
  }
  void wrong(std::string_view name, std::string_view how) {
    if (complaint_.empty()) complaint_ = fmt::format("\"{}\" {}", name, how);
  }
  // "" when all was good.
  const std::string& complaint() {
    if (!object_.empty()) wrong(std::string(object_.begin()->key()), "is not known");
    return complaint_;
  }

 private:
  std::optional<json::value> take(std::string_view name) {
    const auto found = object_.find(name);
    if (found == object_.end()) return std::nullopt;
    auto value = std::move(found->value());
    object_.erase(found);
    return value;
  }
  json::object object_;
  std::string complaint_;
};

std::string_view word(mail::Body body) {
  return body == mail::Body::binary      ? "BINARYMIME"
         : body == mail::Body::eight_bit ? "8BITMIME"
                                         : std::string_view();
}

std::string words(const mail::Notify& notify) {
  std::string text;
  const auto add = [&text](bool set, std::string_view name) {
    if (set) text += (text.empty() ? "" : ",") + std::string(name);
  };
  add(notify.never, "NEVER");
  add(notify.success, "SUCCESS");
  add(notify.failure, "FAILURE");
  add(notify.delay, "DELAY");
  return text;
}

mail::Notify notify_of(Reader& reader) {
  mail::Notify notify;
  const auto text = reader.text("notify");
  for (std::string_view left = text; !left.empty();) {
    const auto name = left.substr(0, left.find(','));
    left.remove_prefix(std::min(left.size(), name.size() + 1));
    if (name == "NEVER")
      notify.never = true;
    else if (name == "SUCCESS")
      notify.success = true;
    else if (name == "FAILURE")
      notify.failure = true;
    else if (name == "DELAY")
      notify.delay = true;
    else
      reader.wrong("notify", "is not of NEVER, SUCCESS, FAILURE and DELAY");
  }
  return notify;
}

std::string decoded(Reader& reader, std::string_view name, std::size_t most) {
  auto text = smtp::decode_xtext(reader.text(name));
  if (!text || text->size() > most) return reader.wrong(name, "is no xtext"), std::string();
  return std::move(*text);
}

mail::Address address(Reader& reader, std::string_view name) {
  const auto text = reader.text(name);
  if (text.empty()) return {};
  auto parsed = mail::parse_address(text);
  if (!parsed) return reader.wrong(name, "is no address"), mail::Address();
  return std::move(*parsed);
}

}  // namespace

void append_envelope(std::string& out, const ExportedMessage& message) {
  const auto& restored = message.restored;
  const auto& envelope = restored.envelope;
  const auto& asked = envelope.requests;
  out += message_field;
  Members all(out);
  all.number("version", version);
  all.text("id", to_string(restored.id));
  all.number("size", static_cast<std::int64_t>(message.size));
  all.number("recipients", static_cast<std::int64_t>(envelope.recipients.size()));
  all.flag("crlf", message.crlf);
  all.text("sender", to_string(envelope.reverse_path));
  all.time("arrived", envelope.arrived);
  all.flag("held", envelope.held);
  all.flag("generated", restored.generated);
  all.flag("warned", restored.warned);
  all.text("client_address", envelope.client_address);
  all.text("client_name", envelope.client_name);
  all.text("helo", envelope.helo);
  all.text("body", word(envelope.body));
  all.flag("smtputf8", asked.smtputf8);
  all.text("envid", smtp::encode_xtext(asked.envelope_id));
  if (asked.returned != mail::Return::unspecified)
    all.text("ret", asked.returned == mail::Return::full ? "FULL" : "HDRS");
  if (asked.deliver_by) {
    all.time("by", asked.deliver_by->deadline);
    all.flag("by_return", asked.deliver_by->return_after);
    all.flag("by_trace", asked.deliver_by->trace);
  }
  all.time("held_until", asked.held_until);
  if (asked.priority != 0) all.number("priority", asked.priority);
  all.text("next_hop", restored.next_hop);
  if (restored.lifetime) all.number("lifetime", restored.lifetime->count());
  all.end();
  for (std::size_t i = 0; i < envelope.recipients.size(); ++i) {
    const auto& recipient = envelope.recipients[i];
    out += recipient_field;
    Members one(out);
    one.text("address", to_string(recipient));
    one.text("notify", words(recipient.notify));
    one.text("orcpt", smtp::encode_xtext(recipient.original));
    if (restored.progress[i].attempts != 0) one.number("attempts", restored.progress[i].attempts);
    one.time("next_attempt", restored.progress[i].next_attempt);
    one.end();
  }
}

Result<std::size_t, Complaint> parse_envelope(std::string_view line, ExportedMessage& into) {
  into = {};
  auto& restored = into.restored;
  auto& envelope = restored.envelope;
  auto& asked = envelope.requests;
  Reader all(line, message_field);
  if (all.number("version", 1, INT64_MAX) > version)
    return tl::make_unexpected("this was written by a later version");
  if (const auto id = mail::parse_message_id(all.text("id")))
    restored.id = *id;
  else
    all.wrong("id", "is no message id");
  into.size = static_cast<std::uint64_t>(all.number("size", 0, INT64_MAX));
  const auto recipients = all.number("recipients", 1, limits::recipients_restored);
  into.crlf = all.flag("crlf");
  envelope.reverse_path = address(all, "sender");
  envelope.arrived = all.time("arrived");
  envelope.held = all.flag("held");
  restored.generated = all.flag("generated");
  restored.warned = all.flag("warned");
  envelope.client_address = all.text("client_address");
  envelope.client_name = all.text("client_name");
  envelope.helo = all.text("helo");
  const auto body = all.text("body");
  if (body == word(mail::Body::binary))
    envelope.body = mail::Body::binary;
  else if (body == word(mail::Body::eight_bit))
    envelope.body = mail::Body::eight_bit;
  else if (!body.empty())
    all.wrong("body", "is neither 8BITMIME nor BINARYMIME");
  asked.smtputf8 = all.flag("smtputf8");
  asked.envelope_id = decoded(all, "envid", limits::envelope_id_octets);
  const auto returned = all.text("ret");
  if (returned == "FULL")
    asked.returned = mail::Return::full;
  else if (returned == "HDRS")
    asked.returned = mail::Return::headers;
  else if (!returned.empty())
    all.wrong("ret", "is neither FULL nor HDRS");
  const mail::DeliverBy by{all.time("by"), all.flag("by_return"), all.flag("by_trace")};
  if (by.deadline != WallTime{}) asked.deliver_by = by;
  asked.held_until = all.time("held_until");
  asked.priority = static_cast<int>(all.number("priority", -9, 9));
  restored.next_hop = all.text("next_hop");
  if (const auto lifetime = all.number("lifetime", 0, INT64_MAX); lifetime > 0)
    restored.lifetime = Duration(lifetime);
  if (!all.complaint().empty()) return tl::make_unexpected(all.complaint());
  into.sender = to_string(envelope.reverse_path);
  into.arrived = envelope.arrived;
  return static_cast<std::size_t>(recipients);
}

Result<void, Complaint> parse_recipient(std::string_view line, ExportedMessage& into) {
  Reader one(line, recipient_field);
  mail::Recipient recipient = address(one, "address");
  if (recipient.local.empty()) one.wrong("address", "is no address");
  recipient.notify = notify_of(one);
  recipient.original = decoded(one, "orcpt", limits::original_recipient_octets);
  spool::Restored::Progress progress;
  progress.attempts = static_cast<std::uint32_t>(one.number("attempts", 0, UINT32_MAX));
  progress.next_attempt = one.time("next_attempt");
  if (!one.complaint().empty()) return tl::make_unexpected(one.complaint());
  into.restored.envelope.recipients.push_back(std::move(recipient));
  into.restored.progress.push_back(progress);
  return {};
}

}  // namespace malleposte::admin
