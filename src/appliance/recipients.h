// Which recipients there are, where their mail goes into mailboxes of ours. Where a volume does not
// answer in time nobody is unknown: the mail is taken, and waits. Loop thread.
#pragma once

#include <memory>

#include "base/loop.h"
#include "deliver/mailboxes.h"
#include "deliver/route_table.h"
#include "receive/recipients.h"

namespace malleposte::appliance {

class Recipients final : public receive::Recipients {
 public:
  // All outlive it; the routes are the ones in force when it is asked.
  Recipients(Loop& loop, const deliver::RouteTable& routes, deliver::Mailboxes& mailboxes)
      : loop_(loop), routes_(routes), mailboxes_(mailboxes) {}

  bool known(std::string_view domain) const override;
  Task<bool> unknown(mail::Address recipient) override;

 private:
  Loop& loop_;
  const deliver::RouteTable& routes_;
  deliver::Mailboxes& mailboxes_;
  std::shared_ptr<std::size_t> looking_ = std::make_shared<std::size_t>(0);
};

}  // namespace malleposte::appliance
