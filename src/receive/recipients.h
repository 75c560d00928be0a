// Whether there is somebody by an address, asked while the client can still be told: what a session
// has to ask of those who deliver. appliance/ hands in who knows. Loop thread.
#pragma once

#include "base/task.h"
#include "mail/address.h"

namespace malleposte::receive {

class Recipients {
 public:
  virtual ~Recipients() = default;
  // Whether it can be known of recipients of this domain (as written) at all.
  virtual bool known(std::string_view domain) const = 0;
  // Whether mail to this address would find nobody; false also where nobody can tell now.
  virtual Task<bool> unknown(mail::Address recipient) = 0;
};

}  // namespace malleposte::receive
