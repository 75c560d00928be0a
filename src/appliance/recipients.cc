#include "appliance/recipients.h"

#include "base/limits.h"

namespace malleposte::appliance {
namespace {

// One look-up that somebody waits for, and no longer than he wants to.
struct Look {
  OneShot<bool> unknown;
  void answer(bool value) {
    if (!unknown.ready()) unknown.set(value);
  }
};

Task<void> look(deliver::Mailboxes& mailboxes, deliver::MailboxPath mailbox,
                std::shared_ptr<Look> into, std::shared_ptr<std::size_t> looking) {
  ++*looking;
  const auto ruling = co_await mailboxes.look(std::move(mailbox));
  --*looking;
  into->answer(ruling.verdict == smtp::Verdict::permanent);
}

}  // namespace

bool Recipients::known(std::string_view domain) const {
  return routes_.into_mailboxes() && !routes_.plan(mail::canonical_domain(domain))->maildir.empty();
}

Task<bool> Recipients::unknown(mail::Address recipient) {
  const auto plan = routes_.plan(mail::canonical_domain(recipient.domain));
  if (plan->maildir.empty()) co_return false;  // the routes have changed
  auto mailbox = deliver::mailbox_path(plan->maildir, recipient);
  if (!mailbox) co_return true;
  if (*looking_ >= limits::mailbox_looks) co_return false;
  const auto answer = std::make_shared<Look>();
  spawn(look(mailboxes_, std::move(*mailbox), answer, looking_));
  const auto timer = loop_.call_at(loop_.steady() + limits::mailbox_look_timeout,
                                   [answer] { answer->answer(false); });
  const bool unknown = co_await answer->unknown;
  loop_.cancel(timer);
  co_return unknown;
}

}  // namespace malleposte::appliance
