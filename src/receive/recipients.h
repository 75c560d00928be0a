// Whether there is somebody by an address, asked while the client can still be told: what a session
// has to ask of those who deliver. appliance/ hands in who knows. Loop thread.
#pragma once

#include <cstdint>

#include "base/task.h"
#include "mail/address.h"
#include "policy/relay.h"

namespace malleposte::receive {

class Recipients {
 public:
  enum class Found : std::uint8_t { there, nobody, unclear };

  virtual ~Recipients() = default;
  // Whether it can be known of recipients of this domain (as written) at all.
  virtual bool known(std::string_view domain) const = 0;
  // Unclear: nobody can tell now. Answers within seconds.
  virtual Task<Found> find(mail::Address recipient) = 0;
};

// What is to be done with a recipient that was permitted and looked for.
policy::Verdict judge(Recipients::Found found, mail::Address recipient, const policy::Relay& relay,
                      const policy::Client& client);

}  // namespace malleposte::receive
