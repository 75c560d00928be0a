// A round through the mail that waits for its site (Store::pause) and is so old that its sender is
// to be told: what arrived before `expired`, and before `late` while nobody has been warned.
#pragma once

#include "base/time.h"
#include "mail/message_id.h"

namespace malleposte::spool {

struct Overdue {
  WallTime expired, late;
  mail::MessageId behind = {};  // how far it has come
  bool through = false;
};

}  // namespace malleposte::spool
