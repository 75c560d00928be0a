// From what a peer ruled to what becomes of a recipient: delivered, deferred to a time, bounced, or
// expired. Pure.
#pragma once

#include <cstdint>

#include "base/result.h"
#include "deliver/candidates.h"
#include "mail/outcome.h"
#include "queue/retry_schedule.h"
#include "smtp/client_protocol.h"

namespace malleposte::deliver {

// `target`: the host that was spoken to, null when none was.
mail::Answer answer_of(const smtp::Ruling& ruling, const Target* target);

// Of a message that the spool does not give us.
smtp::Ruling unreadable(const Error& error);

// When it is, how long the recipient has waited, and how often it was tried.
struct Attempt {
  WallTime now, arrived;
  WallTime began;        // the conversation about the message, or the connection made for it
  std::uint32_t before;  // attempts before this one
  std::uint64_t random;
  WallTime deadline = WallTime::max();  // BY= (RFC 2852)
};

mail::Outcome outcome_of(const smtp::Ruling& ruling, const Target* target, std::uint32_t recipient,
                         const queue::RetrySchedule& schedule, const Attempt& attempt);

}  // namespace malleposte::deliver
