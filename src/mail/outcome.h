// What became of a recipient in one attempt. An outcome is a value, never an Error.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/time.h"
#include "mail/outcome_class.h"

namespace malleposte::mail {

// The states a recipient can be in. All but `queued` are final; each final one has its own counter,
// and accepted + generated = the sum of all of them, always (docs/formats/spool.md, What is
// promised).
enum class Fate : std::uint8_t {
  queued = 0,
  delivered = 1,  // the next hop answered 250
  bounced = 2,    // refused for good; a DSN was made unless the reverse-path is null
  expired = 3,    // queue_lifetime passed; as bounced
  deleted = 4,    // by the operator
  discarded = 5,  // by a rule
  replaced = 6,   // by the recipients of an alias
};

std::string_view to_string(Fate fate);

// The answer that decided, as log, queue listing and DSN show it.
struct Answer {
  std::string host;     // "mx.example.org", "" when no host was reached
  std::string address;  // "192.0.2.1:25"
  int code = 0;         // SMTP reply code; 0 when none came
  std::string status;   // enhanced code "4.4.1", always set
  std::string text;     // one line, at most limits::reply_text_kept octets, without the codes
  OutcomeClass outcome_class = OutcomeClass::none;  // what kind of answer it is
  bool operator==(const Answer&) const = default;
};

// One try to deliver to a recipient, as it is remembered.
struct Attempt {
  WallTime began{};  // the conversation about the message, or the connection made for it
  WallTime ended{};  // when the answer was known
  Answer answer;
  bool operator==(const Attempt&) const = default;
};

// The answer as one line, for listings: "mx.example.org[192.0.2.1:25] said: 451 4.7.1 Later".
std::string describe(const Answer& answer);

struct Outcome {
  std::uint32_t recipient;   // index into the message's recipients
  Fate fate = Fate::queued;  // queued: deferred to next_attempt
  WallTime next_attempt{};   // of a deferred one
  Answer answer;
  WallTime began{}, ended{};  // of the attempt; both unset when nothing was tried
  // Delivered to a host that offers DSN, which reports from there on (RFC 3461 5.2.2). Not kept.
  bool reports_passed_on = false;
  // Delivered to a host that does not keep the time of BY (RFC 2852 4.1.4.2). Not kept.
  bool time_limit_lost = false;
  // Delivered into the recipient's mailbox, not to another host (RFC 3461 5.2.3). Not kept.
  bool final_delivery = false;
};

}  // namespace malleposte::mail
