#include "appliance/recipients.h"

namespace malleposte::appliance {

bool Recipients::known(std::string_view domain) const {
  return routes_.into_mailboxes() && !routes_.plan(mail::canonical_domain(domain))->maildir.empty();
}

Task<bool> Recipients::unknown(mail::Address recipient) {
  const auto plan = routes_.plan(mail::canonical_domain(recipient.domain));
  if (plan->maildir.empty()) co_return false;  // the routes have changed
  auto mailbox = deliver::mailbox_path(plan->maildir, recipient);
  if (!mailbox) co_return true;
  const auto ruling = co_await mailboxes_.look(std::move(*mailbox));
  co_return ruling.verdict == smtp::Verdict::permanent;
}

}  // namespace malleposte::appliance
