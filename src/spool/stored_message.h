// A message read back from the log. Loop thread.
#pragma once

#include <functional>
#include <memory>

#include "spool/record_access.h"

namespace malleposte::spool {

// Opens a message of the index; its segments stay as long as it is open. `unpinned` is called when
// that may have kept one from being retired, `damaged` when it or its content is found so, now or
// when it is read. Errors: Fault::damage, Fault::disk, Fault::resource when there is no such
// message.
Task<Result<std::unique_ptr<StoredMessage>>> open_message(
    SpoolState& state, MessageId id, std::function<void()> unpinned,
    std::function<void(const Error&)> damaged);

// The envelope as an item holds it.
mail::Envelope envelope_of(const MessageItem& item);

}  // namespace malleposte::spool
