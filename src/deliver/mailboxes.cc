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

smtp::Ruling no_answer() {
  return {smtp::Verdict::temporary, 0, "4.4.1", "the volume of the mailboxes does not answer"};
}

bool is_no_answer(const smtp::Ruling& ruling) {
  return ruling.verdict == smtp::Verdict::temporary && ruling.status == "4.4.1";
}

}  // namespace malleposte::deliver
