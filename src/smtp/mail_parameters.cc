#include "smtp/mail_parameters.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "base/limits.h"
#include "base/utf8.h"
#include "smtp/utc_time.h"
#include "smtp/xtext.h"

namespace malleposte::smtp {
namespace {

// One parameter: a reply says what is wrong with it.
using Taken = std::optional<Reply>;

Reply wrong(std::string_view text) {
  return reply(501, "5.5.4", text);
}

Reply not_supported() {
  return reply(555, "5.5.4", "A parameter is not supported.");
}

bool all_digits(std::string_view text, std::size_t most) {
  return !text.empty() && text.size() <= most &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// Of at most 20 digits; a number too big to count is as big as we can count.
std::uint64_t number(std::string_view digits) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return error == std::errc::result_out_of_range ? UINT64_MAX : value;
}

bool is_printable(std::string_view text, bool utf8_too) {
  return std::none_of(text.begin(), text.end(),
                      [](char c) { return (c >= 0 && c < 32) || c == 127; }) &&
         (utf8_too ? is_utf8(text) : is_ascii(text));
}

// --- MAIL ----------------------------------------------------------------------------------------

// RFC 1870 size-value: 1 to 20 digits.
Taken take_size(std::string_view value, MailParameters& into) {
  if (!all_digits(value, 20)) return wrong("SIZE needs a number of octets.");
  into.declared_size = number(value);
  return {};
}

Taken take_body(std::string_view value, const Offers& offers, MailParameters& into) {
  if (same_text(value, "7BIT")) {
    into.body = mail::Body::seven_bit;
  } else if (same_text(value, "8BITMIME")) {
    into.body = mail::Body::eight_bit;
  } else if (same_text(value, "BINARYMIME") && offers.binary_mime) {
    into.body = mail::Body::binary;
  } else {
    return wrong(offers.binary_mime ? "BODY is 7BIT, 8BITMIME or BINARYMIME."
                                    : "BODY is 7BIT or 8BITMIME.");
  }
  return {};
}

// RFC 3461 4.3.
Taken take_return(std::string_view value, MailParameters& into) {
  if (same_text(value, "FULL")) {
    into.requests.returned = mail::Return::full;
  } else if (same_text(value, "HDRS")) {
    into.requests.returned = mail::Return::headers;
  } else {
    return wrong("RET is FULL or HDRS.");
  }
  return {};
}

// RFC 3461 4.4: what it stands for is printable, blanks among it.
Taken take_envelope_id(std::string_view value, MailParameters& into) {
  if (value.size() > limits::envelope_id_octets) return wrong("ENVID is too long.");
  auto decoded = decode_xtext(value);
  if (!decoded || decoded->empty() || !is_printable(*decoded, false)) {
    return wrong("ENVID is no xtext of printable characters.");
  }
  into.requests.envelope_id = std::move(*decoded);
  return {};
}

// RFC 2852 4: seconds, perhaps negative, and what happens then.
Taken take_deliver_by(std::string_view value, WallTime now, MailParameters& into) {
  const std::size_t semicolon = std::min(value.find(';'), value.size());
  std::string_view digits = value.substr(0, semicolon);
  std::string_view mode = value.substr(std::min(semicolon + 1, value.size()));
  const bool negative = digits.starts_with('-');
  if (negative || digits.starts_with('+')) digits.remove_prefix(1);
  mail::DeliverBy by;
  by.trace = mode.size() == 2 && (mode[1] == 'T' || mode[1] == 't');
  if (by.trace) mode.remove_suffix(1);
  by.return_after = same_text(mode, "R");
  if (!all_digits(digits, 9) || (!by.return_after && !same_text(mode, "N"))) {
    return wrong("BY needs seconds and a mode, as in BY=3600;R");
  }
  const std::chrono::seconds time(number(digits));
  if (by.return_after && (negative || time.count() == 0)) {
    return wrong("BY with the mode R needs time to deliver.");
  }
  by.deadline = negative ? now - time : now + time;
  into.requests.deliver_by = by;
  return {};
}

Taken take_hold(WallTime until, WallTime now, MailParameters& into) {
  if (into.requests.held_until != WallTime{})
    return wrong("HOLDFOR and HOLDUNTIL exclude another.");
  if (until > now + limits::future_release) return wrong("Mail is not held for so long here.");
  into.requests.held_until = until;
  return {};
}

// RFC 4865 4: 1 to 9 digits, no leading zero.
Taken take_hold_for(std::string_view value, WallTime now, MailParameters& into) {
  if (!all_digits(value, 9) || value.front() == '0') return wrong("HOLDFOR needs seconds.");
  return take_hold(now + std::chrono::seconds(number(value)), now, into);
}

Taken take_hold_until(std::string_view value, WallTime now, MailParameters& into) {
  const auto until = parse_utc_time(value);
  if (!until) return wrong("HOLDUNTIL needs a time, as in HOLDUNTIL=2030-01-31T08:00:00Z");
  return take_hold(*until, now, into);
}

// RFC 6710 4: -9 to 9.
Taken take_priority(std::string_view value, MailParameters& into) {
  const bool negative = value.starts_with('-');
  if (negative) value.remove_prefix(1);
  if (!all_digits(value, 1) || (negative && value == "0")) {
    return wrong("MT-PRIORITY is a number from -9 to 9.");
  }
  into.requests.priority = negative ? '0' - value[0] : value[0] - '0';
  return {};
}

Taken take_mail_parameter(const Parameter& parameter, const Offers& offers, WallTime now,
                          MailParameters& into) {
  const std::string_view value = parameter.value;
  const auto is = [&](std::string_view key) { return same_text(parameter.key, key); };
  if (!is_ascii(value)) return wrong("A parameter is not plain ASCII.");
  if (is("SIZE")) return take_size(value, into);
  if (is("BODY") && offers.eight_bit_mime) return take_body(value, offers, into);
  if (is("SMTPUTF8") && offers.smtputf8) {
    into.requests.smtputf8 = true;
    return value.empty() ? Taken{} : wrong("SMTPUTF8 has no value.");
  }
  if (is("RET") && offers.dsn) return take_return(value, into);
  if (is("ENVID") && offers.dsn) return take_envelope_id(value, into);
  if (is("BY") && offers.deliver_by) return take_deliver_by(value, now, into);
  if (is("HOLDFOR") && offers.future_release) return take_hold_for(value, now, into);
  if (is("HOLDUNTIL") && offers.future_release) return take_hold_until(value, now, into);
  if (is("MT-PRIORITY") && offers.mt_priority) return take_priority(value, into);
  return not_supported();
}

// --- RCPT ----------------------------------------------------------------------------------------

// RFC 3461 4.1: NEVER, or some of the others.
Taken take_notify(std::string_view value, mail::Notify& into) {
  while (true) {
    const std::size_t comma = std::min(value.find(','), value.size());
    const std::string_view word = value.substr(0, comma);
    if (same_text(word, "NEVER")) {
      into.never = true;
    } else if (same_text(word, "SUCCESS")) {
      into.success = true;
    } else if (same_text(word, "FAILURE")) {
      into.failure = true;
    } else if (same_text(word, "DELAY")) {
      into.delay = true;
    } else {
      return wrong("NOTIFY is NEVER, or some of SUCCESS, FAILURE and DELAY.");
    }
    if (comma == value.size()) break;
    value.remove_prefix(comma + 1);
  }
  if (into.never && (into.success || into.failure || into.delay)) {
    return wrong("NOTIFY=NEVER stands alone.");
  }
  return {};
}

// RFC 6533 3 EmbeddedUnicodeChar at the start of `text`: its length, 0 none.
std::size_t embedded_character(std::string_view text) {
  const std::size_t end = text.find('}');
  if (!text.starts_with("\\x{") || end == std::string_view::npos) return 0;
  const std::string_view digits = text.substr(3, end - 3);
  if (digits.size() < 2 || digits.size() > 6 ||
      digits.find_first_not_of("0123456789ABCDEF") != std::string_view::npos) {
    return 0;
  }
  std::uint32_t value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
  return value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF) ? 0 : end + 1;
}

// RFC 6533 3: utf-8-addr-xtext, or with SMTPUTF8 utf-8-addr-unitext.
bool is_utf8_address(std::string_view text, bool smtputf8) {
  if (text.empty()) return false;
  while (!text.empty()) {
    std::size_t octets = 1;
    if (text[0] == '\\') {
      octets = embedded_character(text);
    } else if (static_cast<unsigned char>(text[0]) >= 0x80) {
      octets = smtputf8 ? utf8_length(text) : 0;
    } else if (text[0] == '+' || text[0] == '=') {
      octets = 0;
    }
    if (octets == 0) return false;
    text.remove_prefix(octets);
  }
  return true;
}

// RFC 3461 4.2: a type and an address, in xtext; RFC 6533 3 for the type utf-8.
Taken take_original(std::string_view value, bool smtputf8, std::string& into) {
  if (value.size() > limits::original_recipient_octets) return wrong("ORCPT is too long.");
  const std::size_t semicolon = std::min(value.find(';'), value.size());
  const std::string_view type = value.substr(0, semicolon);
  const std::string_view address = value.substr(std::min(semicolon + 1, value.size()));
  const bool type_good = !type.empty() && type.find_first_of("+=()<>@,:\\\"[].") == type.npos;
  if (type_good && same_text(type, "utf-8")) {
    if (!is_utf8_address(address, smtputf8)) return wrong("ORCPT is no address of the type utf-8.");
    into = value;
    return {};
  }
  // Postfix writes international addresses as rfc822, so with SMTPUTF8 there is more than ASCII.
  const auto decoded = decode_xtext(address);
  if (!type_good || !decoded || decoded->empty() || !is_printable(*decoded, smtputf8)) {
    return wrong("ORCPT needs a type and an address, as in ORCPT=rfc822;user@example.org");
  }
  into.assign(type).append(";").append(*decoded);
  return {};
}

}  // namespace

Result<MailParameters, Reply> mail_parameters(const std::vector<Parameter>& given,
                                              const Offers& offers, WallTime now) {
  MailParameters result;
  const auto has = [&given](std::string_view key) {
    return std::any_of(given.begin(), given.end(),
                       [key](const Parameter& one) { return same_text(one.key, key); });
  };
  for (const Parameter& parameter : given) {
    if (auto refusal = take_mail_parameter(parameter, offers, now, result)) {
      return tl::make_unexpected(std::move(*refusal));
    }
  }
  if (has("HOLDFOR") && has("HOLDUNTIL")) {
    return tl::make_unexpected(wrong("HOLDFOR and HOLDUNTIL exclude each other."));
  }
  mail::Requests& asked = result.requests;
  if (asked.held_until <= now) asked.held_until = {};
  // RFC 4865 5.2.2.
  if (asked.held_until != WallTime{} && asked.deliver_by &&
      asked.deliver_by->deadline <= asked.held_until) {
    return tl::make_unexpected(wrong("BY ends before the message may be delivered."));
  }
  return result;
}

Result<RecipientParameters, Reply> recipient_parameters(const std::vector<Parameter>& given,
                                                        const Offers& offers, bool smtputf8) {
  RecipientParameters result;
  for (const Parameter& parameter : given) {
    Taken refusal;
    if (offers.dsn && same_text(parameter.key, "NOTIFY")) {
      refusal = take_notify(parameter.value, result.notify);
    } else if (offers.dsn && same_text(parameter.key, "ORCPT")) {
      refusal = take_original(parameter.value, smtputf8, result.original);
    } else {
      refusal = not_supported();
    }
    if (refusal) return tl::make_unexpected(std::move(*refusal));
  }
  return result;
}

}  // namespace malleposte::smtp
