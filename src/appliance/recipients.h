// Which recipients there are, where their mail goes into mailboxes of ours. Loop thread.
#pragma once

#include "deliver/mailboxes.h"
#include "deliver/route_table.h"
#include "receive/recipients.h"

namespace malleposte::appliance {

class Recipients final : public receive::Recipients {
 public:
  // Both outlive it; the routes are the ones in force when it is asked.
  Recipients(const deliver::RouteTable& routes, deliver::Mailboxes& mailboxes)
      : routes_(routes), mailboxes_(mailboxes) {}

  bool known(std::string_view domain) const override;
  Task<Found> find(mail::Address recipient) override;

 private:
  const deliver::RouteTable& routes_;
  deliver::Mailboxes& mailboxes_;
};

}  // namespace malleposte::appliance
