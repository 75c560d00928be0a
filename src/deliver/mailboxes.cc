#include "deliver/mailboxes.h"

namespace malleposte::deliver {

smtp::Ruling filed_in(const MailboxPath& mailbox) {
  smtp::Ruling ruling{smtp::Verdict::accepted, 0, "2.0.0", "in the mailbox " + to_string(mailbox)};
  ruling.final_delivery = true;
  return ruling;
}

smtp::Ruling no_mailbox() {
  return {smtp::Verdict::permanent, 0, "5.1.1", "there is no such mailbox"};
}

}  // namespace malleposte::deliver
