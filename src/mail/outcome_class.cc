#include "mail/outcome_class.h"

#include <array>
#include <charconv>

#include "mail/reply_phrases.h"

namespace malleposte::mail {
namespace {

using Class = OutcomeClass;

constexpr std::array<std::string_view, outcome_classes> words = {
    "",          "delivered",      "unknown_user",     "inactive_user", "mailbox_full",
    "too_large", "content",        "spam_block",       "bad_sender",    "sender_auth",
    "ip_block",  "rate_limited",   "greylisted",       "auth_required", "relay_denied",
    "policy",    "no_such_domain", "no_mail_accepted", "routing",       "loop",
    "dns",       "network",        "timeout",          "tls",           "protocol",
    "system",    "local",          "operator",         "other"};

// Subject and detail of an enhanced code, "7.1" of "5.7.1".
struct Status {
  unsigned subject = 0, detail = 0;
};

Status parse(std::string_view status) {
  Status parsed;
  if (status.size() < 5) return parsed;
  const auto* end = status.data() + status.size();
  auto subject = std::from_chars(status.data() + 2, end, parsed.subject);
  if (subject.ec != std::errc{} || subject.ptr == end) return {};
  auto detail = std::from_chars(subject.ptr + 1, end, parsed.detail);
  return detail.ec == std::errc{} ? parsed : Status{};
}

// What an enhanced code says by itself. A firm one is believed whatever the text; with the others
// hosts are too free.
struct Evidence {
  Class says = Class::none;
  bool firm = false;
};

Evidence of_address(unsigned detail) {
  switch (detail) {
    case 1:  // bad destination mailbox
    case 3:  // bad syntax of it
    case 4:  // ambiguous
    case 6:  // moved, no forwarding address
      return {Class::unknown_user, true};
    case 2:
      return {Class::no_such_domain, true};
    case 7:
    case 8:
      return {Class::bad_sender, true};
    case 9:
      return {Class::content, true};
    default:  // 10 is the null MX of RFC 7505, and Exchange's word for an unknown recipient
      return {Class::unknown_user};
  }
}

Evidence of_mailbox(unsigned detail) {
  switch (detail) {
    case 2:
      return {Class::mailbox_full, true};
    case 3:
      return {Class::too_large, true};
    case 4:
      return {Class::system};
    default:
      return {Class::inactive_user};
  }
}

Evidence of_system(unsigned detail, bool permanent) {
  switch (detail) {
    case 1:
      return {Class::system, true};
    case 2:
      return {permanent ? Class::no_mail_accepted : Class::system};
    case 4:
      return {Class::too_large, true};
    default:
      return {Class::system};
  }
}

Evidence of_network(unsigned detail) {
  switch (detail) {
    case 3:
      return {Class::dns};
    case 4:
      return {Class::routing};
    case 5:
      return {Class::system};
    case 6:
      return {Class::loop, true};
    default:
      return {Class::network};
  }
}

// RFC 3463, 4954, 7293, 7372, 8689; from 500 on they are those of Exchange Online.
Evidence of_policy(unsigned detail) {
  switch (detail) {
    case 2:
      return {Class::policy, true};
    case 3:
    case 4:
    case 5:
    case 6:
    case 7:
      return {Class::tls};
    case 8:
    case 12:
    case 14:
      return {Class::auth_required, true};
    case 10:
    case 11:
    case 30:
      return {Class::tls, true};
    case 13:
    case 17:
    case 18:
    case 19:
      return {Class::inactive_user, true};
    case 16:
      return {Class::too_large, true};
    case 20:
    case 21:
    case 22:
    case 23:
    case 24:
    case 26:
    case 29:
    case 509:
    case 515:
      return {Class::sender_auth, true};
    case 25:
    case 708:
      return {Class::ip_block, true};
    case 27:
      return {Class::bad_sender, true};
    case 28:
      return {Class::rate_limited, true};
    case 501:
    case 502:
    case 503:
      return {Class::spam_block, true};
    default:
      if (detail >= 606 && detail <= 649) return {Class::ip_block, true};
      if (detail >= 650 && detail <= 699) return {Class::rate_limited, true};
      return {Class::policy};
  }
}

Evidence of_status(Status status, bool permanent) {
  switch (status.subject) {
    case 1:
      return of_address(status.detail);
    case 2:
      return of_mailbox(status.detail);
    case 3:
      return of_system(status.detail, permanent);
    case 4:
      return of_network(status.detail);
    case 5:
      if (status.detail == 3) return {Class::rate_limited, true};  // too many recipients
      return {Class::protocol};
    case 6:
      return {Class::content, true};
    case 7:
      return of_policy(status.detail);
    default:
      return {};
  }
}

// RFC 5321 4.2.2, RFC 4954, RFC 7504: the last resort.
Class of_code(int code) {
  switch (code) {
    case 421:
    case 432:
    case 451:
    case 452:
      return Class::system;
    case 454:
    case 523:
    case 538:
      return Class::tls;
    case 530:
    case 534:
    case 535:
      return Class::auth_required;
    case 455:
    case 500:
    case 501:
    case 502:
    case 503:
    case 504:
    case 555:
      return Class::protocol;
    case 521:
    case 556:
      return Class::no_mail_accepted;
    case 551:
    case 553:
      return Class::unknown_user;
    case 552:
      return Class::mailbox_full;
    case 554:
      return Class::policy;
    default:
      return Class::other;
  }
}

// No reply came: what we said ourselves.
Class of_silence(Status status, std::string_view text) {
  if (status.subject == 1 && status.detail == 10) return Class::no_mail_accepted;
  if (status.subject == 4 && (status.detail == 1 || status.detail == 2))
    return text.find("timed out") != std::string_view::npos ? Class::timeout : Class::network;
  if (status.subject == 4 && status.detail == 0) return Class::local;  // `net` is not connected
  if (status.subject == 3 && status.detail != 4) return Class::local;  // our disk
  auto evidence = of_status(status, false);
  return evidence.says == Class::none ? Class::other : evidence.says;
}

}  // namespace

std::string_view to_string(OutcomeClass outcome_class) {
  auto number = static_cast<std::size_t>(outcome_class);
  return number < words.size() ? words[number] : words.back();
}

std::optional<OutcomeClass> parse_outcome_class(std::string_view word) {
  for (std::size_t i = 1; i < words.size(); ++i)
    if (words[i] == word) return static_cast<OutcomeClass>(i);
  return std::nullopt;
}

OutcomeClass outcome_class_of(std::uint8_t number) {
  return number < outcome_classes ? static_cast<OutcomeClass>(number) : OutcomeClass::other;
}

OutcomeClass classify(int code, std::string_view status, std::string_view text) {
  const auto parsed = parse(status);
  if (code == 0) return of_silence(parsed, text);
  if (code < 400) return Class::delivered;
  // 530 and its like say what they want; what hosts put behind them varies.
  if (code == 530 || code == 534 || code == 535 || code == 538) {
    auto said = class_of_text(code, text);
    return said == Class::tls ? Class::tls : Class::auth_required;
  }
  const auto evidence = of_status(parsed, code >= 500);
  if (evidence.firm) return evidence.says;
  if (auto said = class_of_text(code, text)) return *said;
  return evidence.says != Class::none ? evidence.says : of_code(code);
}

}  // namespace malleposte::mail
