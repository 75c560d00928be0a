// What is scheduled: the parts of messages that are due, each for one site. Numbers only.
#pragma once

#include <cstdint>

#include "base/time.h"
#include "mail/message_id.h"

namespace malleposte::queue {

using SiteId = std::uint32_t;

struct Job {
  mail::MessageId message;
  std::uint32_t part = 0;  // of the message; its meaning is the caller's
  bool operator==(const Job&) const = default;
};

// What decides about the place of a job in the line of its site.
struct Terms {
  std::uint32_t sender = 0;     // equal for equal senders
  int priority = 0;             // MT-PRIORITY (RFC 6710), -9 to 9
  bool retry = false;           // it was tried before
  SteadyTime deadline = never;  // BY= (RFC 2852)
  bool ends_then = false;       // mode R: behind the deadline it is not to be tried any more
};

// A job that was given out with a slot of its site.
struct Assignment {
  SiteId site;
  Job job;
};

}  // namespace malleposte::queue
