// What kind of thing came of an attempt, in one word: for operators who filter, count and graph
// outcomes whose texts every provider words in its own way. docs/manual/outcomes.md describes each
// class with examples.
//
// The enhanced code (RFC 3463) is the first evidence. Where it is missing or says little (5.0.0,
// 5.7.1, ...) known phrases of the text decide, then the reply code. Pure; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace malleposte::mail {

// The numbers stand in the spool and are never used for anything else.
enum class OutcomeClass : std::uint8_t {
  none = 0,  // not tried yet
  delivered = 1,
  // About the recipient.
  unknown_user = 2,
  inactive_user = 3,
  mailbox_full = 4,
  // About the message.
  too_large = 5,
  content = 6,
  spam_block = 7,
  // About us, the sender.
  bad_sender = 8,
  sender_auth = 9,
  ip_block = 10,
  rate_limited = 11,
  greylisted = 12,
  auth_required = 13,
  relay_denied = 14,
  policy = 15,
  // About the way there.
  no_such_domain = 16,
  no_mail_accepted = 17,
  routing = 18,
  loop = 19,
  dns = 20,
  network = 21,
  timeout = 22,
  tls = 23,
  protocol = 24,
  system = 25,  // the other host cannot just now
  // About ourselves.
  local = 26,
  by_operator = 27,
  other = 28,
};

inline constexpr std::size_t outcome_classes = 29;

// The word in logs, figures and the API: "unknown_user"; "operator" for by_operator; "" for none.
std::string_view to_string(OutcomeClass outcome_class);

// The class of a word; empty for any other text.
std::optional<OutcomeClass> parse_outcome_class(std::string_view word);

// The class of a number read from elsewhere; `other` when a later version made it.
OutcomeClass outcome_class_of(std::uint8_t number);

// What an answer means. `code` is that of the reply; 0: none came, and status and text are ours.
OutcomeClass classify(int code, std::string_view status, std::string_view text);

}  // namespace malleposte::mail
