#include "receive/recipients.h"

namespace malleposte::receive {

policy::Verdict judge(Recipients::Found found, mail::Address recipient, const policy::Relay& relay,
                      const policy::Client& client) {
  switch (found) {
    case Recipients::Found::there:
      break;
    case Recipients::Found::nobody:
      return relay.without_mailbox(recipient);
    case Recipients::Found::unclear:
      return relay.with_unclear_mailbox(recipient, client);
  }
  return policy::Permission{std::move(recipient), policy::Because::mailbox};
}

}  // namespace malleposte::receive
