// A message read back from the log. Loop thread.
#pragma once

#include <functional>
#include <memory>

#include "spool/record_access.h"

namespace malleposte::spool {

// Opens a message of the index; its segments stay as long as it is open. `unpinned` is called when
// that may have kept one from being retired. Errors: Fault::disk when the record is damaged,
// Fault::resource when there is no such message.
Task<Result<std::unique_ptr<StoredMessage>>> open_message(SpoolState& state, MessageId id,
                                                          std::function<void()> unpinned);

// The envelope as an item holds it.
mail::Envelope envelope_of(const MessageItem& item);

}  // namespace malleposte::spool
