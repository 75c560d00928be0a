// What happened to mail, in words of everyday: for the senders of mail, who have never heard of
// status codes. What the host itself said always stands beside these words, never behind them.
// Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/time.h"
#include "mail/outcome.h"

namespace malleposte::mail {

// Whole sentences; "" where there is nothing to add to what the host said.
struct PlainWords {
  std::string_view what;    // what the answer means
  std::string_view advice;  // what the sender can do about it
};

// By the enhanced status (RFC 3463: its subject and detail; class 4 and 5 mean the same trouble)
// and, where that says nothing, by the reply code. `final`: it will not be tried again.
PlainWords plain_words(const Answer& answer, bool final);

// "5 days", "4 hours", "1 minute", "30 seconds": the largest unit that says it well, rounded down.
std::string span_of_time(Duration span);

}  // namespace malleposte::mail
