// A queued message as the API shows it. Written by hand: a page of a thousand must not hold the
// loop. Pure; loop thread.
#pragma once

#include <string>
#include <vector>

#include "monitor/line_text.h"
#include "spool/store.h"

namespace malleposte::admin {

// Appends {"id","sender","size","arrived","state","attempts","next_attempt","reason",
// "recipients":[{"address","state","reply","class"}]}; next_attempt is null when none is planned.
// With `attempts` the message has also "next_hop" and "lifetime" (seconds), those that an operator
// has given it, "" and null for none; and each recipient has "attempts", "attempts_left_out" and
// "history":
// [{"began","ended","host","address","code","status","text","class"}], oldest first. Times are RFC
// 3339, UTC, milliseconds.
void append_message(std::string& out, const spool::ListedMessage& message,
                    monitor::ClockText& clock,
                    const std::vector<spool::RecipientAttempts>* attempts = nullptr);

}  // namespace malleposte::admin
