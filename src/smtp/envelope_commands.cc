#include "smtp/envelope_commands.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <charconv>
#include <chrono>
#include <iterator>
#include <optional>

#include "mail/code_points.h"
#include "smtp/command.h"
#include "smtp/xtext.h"

namespace malleposte::smtp {
namespace {

using std::chrono::seconds;

// Addresses come from one parser that lets no control character pass; a line end here would let a
// sender give our peer commands.
void append_path(std::string& to, std::string_view path) {
  for (char c : path) assert(c != '\r' && c != '\n' && c != '\0');
  to += '<';
  to += path;
  to += '>';
}

template <typename... Values>
void append(std::string& to, fmt::format_string<Values...> format, Values&&... values) {
  fmt::format_to(std::back_inserter(to), format, std::forward<Values>(values)...);
}

// "\x{...}" at the front of `text` (RFC 6533 3), taken off it as the code point that it means.
std::optional<char32_t> embedded_code_point(std::string_view& text) {
  const auto end = text.find('}');
  if (!text.starts_with("\\x{") || end == std::string_view::npos) return std::nullopt;
  std::uint32_t point = 0;
  const auto digits = text.substr(3, end - 3);
  const auto [rest, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), point, 16);
  const bool good = error == std::errc() && rest == digits.data() + digits.size();
  if (!good || point > 0x10ffff || (point >= 0xd800 && point < 0xe000)) return std::nullopt;
  text.remove_prefix(end + 1);
  return point;
}

// The next code point, taken off `text`; an octet that begins none stands for itself.
char32_t next_code_point(std::string_view& text) {
  if (const auto embedded = embedded_code_point(text)) return *embedded;
  const auto octet = static_cast<unsigned char>(text[0]);
  const mail::CodePoint read = mail::first_code_point(text);
  text.remove_prefix(read.octets);
  return read.valid ? read.value : octet;
}

// RFC 6533 3: an address of the type utf-8, whichever way it came: in UTF-8 when the transaction is
// international, else as "\x{...}".
void append_utf8_address(std::string& to, std::string_view address, bool international) {
  while (!address.empty()) {
    const auto point = next_code_point(address);
    if (point > 0x7f && international)
      mail::append_utf8(to, point);
    else if (point > ' ' && point < 0x7f && point != '+' && point != '=' && point != '\\')
      to += static_cast<char>(point);
    else
      append(to, "\\x{{{:02X}}}", static_cast<std::uint32_t>(point));
  }
}

void append_original(std::string& to, std::string_view original, bool international) {
  to += " ORCPT=";
  const auto semicolon = original.find(';');
  const bool utf8 = same_text(original.substr(0, semicolon), "utf-8");
  if (!utf8) {
    to += encode_xtext(original);
    return;
  }
  to += original.substr(0, semicolon + 1);
  append_utf8_address(to, original.substr(semicolon + 1), international);
}

void append_notify(std::string& to, const mail::Notify& notify) {
  std::string_view before = " NOTIFY=";
  const auto add = [&](bool wanted, std::string_view word) {
    if (!wanted) return;
    to += before;
    to += word;
    before = ",";
  };
  if (notify.never) return add(true, "NEVER");
  add(notify.success, "SUCCESS");
  add(notify.failure, "FAILURE");
  add(notify.delay, "DELAY");
}

// A peer that cannot tell that the time has passed tells at least of delays (RFC 2852 4.1.4.2).
mail::Notify notify_for(const EhloAnswer& offers, const Transaction& transaction,
                        mail::Notify notify) {
  const auto& by = transaction.requests.deliver_by;
  if (!by || by->return_after || offers.deliver_by || notify.never) return notify;
  if (!notify.given()) notify.failure = true;
  notify.delay = true;
  return notify;
}

void append_deliver_by(std::string& to, const mail::DeliverBy& by, WallTime now) {
  constexpr std::int64_t most = 999'999'999;  // nine digits
  const auto left = std::chrono::floor<seconds>(by.deadline - now).count();
  append(to, " BY={};{}{}", std::clamp<std::int64_t>(left, -most, most),
         by.return_after ? 'R' : 'N', by.trace ? "T" : "");
}

void append_hold(std::string& to, WallTime until, const EhloAnswer& offers, WallTime now) {
  const auto left = std::chrono::ceil<seconds>(until - now).count();
  if (left <= 0) return;
  if (offers.hold_max_s > 0 && static_cast<std::uint64_t>(left) > offers.hold_max_s) return;
  append(to, " HOLDFOR={}", left);
}

}  // namespace

void append_mail(std::string& to, const EhloAnswer& offers, const Transaction& transaction) {
  const auto& requests = transaction.requests;
  to += "MAIL FROM:";
  append_path(to, transaction.reverse_path);
  if (offers.size) append(to, " SIZE={}", transaction.size);
  if (offers.binary_mime && transaction.body == mail::Body::binary) to += " BODY=BINARYMIME";
  if (offers.eight_bit_mime && transaction.body == mail::Body::eight_bit) to += " BODY=8BITMIME";
  if (offers.smtputf8 && needs_smtputf8(transaction)) to += " SMTPUTF8";
  if (offers.dsn) {
    if (requests.returned == mail::Return::full) to += " RET=FULL";
    if (requests.returned == mail::Return::headers) to += " RET=HDRS";
    if (!requests.envelope_id.empty()) {
      to += " ENVID=";
      to += encode_xtext(requests.envelope_id);
    }
  }
  if (offers.deliver_by && requests.deliver_by)
    append_deliver_by(to, *requests.deliver_by, transaction.now);
  if (offers.future_release) append_hold(to, requests.held_until, offers, transaction.now);
  if (offers.mt_priority && requests.priority != 0)
    append(to, " MT-PRIORITY={}", requests.priority);
  to += "\r\n";
}

void append_rcpt(std::string& to, const EhloAnswer& offers, const Transaction& transaction,
                 const ForwardPath& recipient) {
  to += "RCPT TO:";
  append_path(to, recipient.path);
  if (offers.dsn) {
    append_notify(to, notify_for(offers, transaction, recipient.notify));
    if (!recipient.original.empty())
      append_original(to, recipient.original, offers.smtputf8 && needs_smtputf8(transaction));
  }
  to += "\r\n";
}

}  // namespace malleposte::smtp
