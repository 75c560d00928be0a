// A queued message as the API shows it. Written by hand: a page of a thousand must not hold the
// loop. Pure; loop thread.
#pragma once

#include <string>

#include "monitor/line_text.h"
#include "spool/store.h"

namespace malleposte::admin {

// Appends {"id","sender","size","arrived","state","attempts","next_attempt","reason",
// "recipients":[{"address","state","reply"}]}; next_attempt is null when none is planned. Times are
// RFC 3339, UTC, milliseconds.
void append_message(std::string& out, const spool::ListedMessage& message,
                    monitor::ClockText& clock);

}  // namespace malleposte::admin
