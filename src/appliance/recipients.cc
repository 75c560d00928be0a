#include "appliance/recipients.h"

namespace malleposte::appliance {

bool Recipients::known(std::string_view domain) const {
  return routes_.into_mailboxes() && !routes_.plan(mail::canonical_domain(domain))->maildir.empty();
}

Task<receive::Recipients::Found> Recipients::find(mail::Address recipient) {
  const auto plan = routes_.plan(mail::canonical_domain(recipient.domain));
  if (plan->maildir.empty()) co_return Found::there;  // the routes have changed
  auto mailbox = deliver::mailbox_path(plan->maildir, recipient);
  if (!mailbox) co_return Found::nobody;
  const auto ruling = co_await mailboxes_.look(std::move(*mailbox));
  switch (ruling.verdict) {
    case smtp::Verdict::accepted:
      co_return Found::there;
    case smtp::Verdict::permanent:
      co_return Found::nobody;
    case smtp::Verdict::temporary:
      break;
  }
  co_return Found::unclear;
}

}  // namespace malleposte::appliance
