// Who brings mail to one site: takes job after job from the scheduler, delivers each, and concludes
// it, from the moment it gets a slot until there is nothing more to carry; then the slot goes back.
// There are two kinds: over a connection (deliver/smtp_carrier.h) and into mailboxes
// (deliver/mailbox_carrier.h). Loop thread.
#pragma once

#include <string>

#include "base/task.h"
#include "mail/message_id.h"
#include "queue/scheduler.h"

namespace malleposte::deliver {

class Carrier {
 public:
  virtual ~Carrier() = default;

  // Holds a slot of the site and gives it back at the end.
  virtual Task<void> run(queue::Assignment first) = 0;

  // Shutdown: ends what is under way unless a message is past its final dot.
  virtual void stop() = 0;
  virtual void abort() = 0;
  // A message is on its way whose end is not ours to choose: it may be delivered already.
  virtual bool past_final_dot() const = 0;
  // Which, and where.
  virtual mail::MessageId message() const = 0;
  virtual std::string host() const = 0;
};

}  // namespace malleposte::deliver
