// The seam to mailboxes, which are Maildirs (cr.yp.to/proto/maildir.html): deliver/file_mailboxes.h
// is the real one, a simulation has its own. Loop thread.
//
// Nothing of a mail is seen by who reads the mailbox before all of it is on stable storage; a mail
// that is given up leaves nothing there.
#pragma once

#include <memory>
#include <string>

#include "base/task.h"
#include "deliver/mailbox_path.h"
#include "smtp/ruling.h"

namespace malleposte::deliver {

// One mail on its way into one mailbox. When it is destroyed before its end it is given up.
class MailboxDelivery {
 public:
  virtual ~MailboxDelivery() = default;

  // Writes the next octets. `accepted` with `last`: the mail and its name in the directory are on
  // stable storage. `accepted` without: go on. `permanent`: there is no such mailbox (5.1.1).
  // `temporary`: it is there, perhaps, and cannot be written, or does not answer within
  // limits::mailbox_write_timeout. Then it is sure that the mail will not be there; once it may be,
  // this waits for as long as it takes. After one of these, or after the last, it is not called
  // again.
  virtual Task<smtp::Ruling> write(std::string octets, bool last) = 0;
};

class Mailboxes {
 public:
  virtual ~Mailboxes() = default;

  // Whether there is such a mailbox: `accepted`, `permanent` or `temporary` as above, the latter
  // after limits::mailbox_look_timeout at the latest.
  virtual Task<smtp::Ruling> look(MailboxPath mailbox) = 0;

  // `name`: the mail's own among all that ever come into the mailbox, and always the same for it.
  // One that is there under this name counts as written: it was, before a crash.
  virtual std::unique_ptr<MailboxDelivery> begin(MailboxPath mailbox, std::string name) = 0;
};

// What `accepted` says of a mailbox, and `permanent`.
smtp::Ruling filed_in(const MailboxPath& mailbox);
smtp::Ruling no_mailbox();
// The volume does not answer: `temporary`, and so for all who have a mailbox there.
smtp::Ruling no_answer();
bool is_no_answer(const smtp::Ruling& ruling);

}  // namespace malleposte::deliver
