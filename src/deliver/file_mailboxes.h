// Mailboxes on a file system, written by threads of their own: a sync there holds up neither the
// loop nor who reads the spool. The threads begin with the first that is asked. Loop thread.
#pragma once

#include <memory>
#include <vector>

#include "base/loop.h"
#include "deliver/mailboxes.h"
#include "net/work_lane.h"

namespace malleposte::deliver {

class FileMailboxes final : public Mailboxes {
 public:
  // The loop outlives it.
  explicit FileMailboxes(Loop& loop) : loop_(loop) {}

  Task<smtp::Ruling> look(MailboxPath mailbox) override;
  std::unique_ptr<MailboxDelivery> begin(MailboxPath mailbox, std::string name) override;

 private:
  std::unique_ptr<net::WorkLane> make_lane();
  net::WorkLane& writer();

  Loop& loop_;
  std::unique_ptr<net::WorkLane> looker_;  // who asks at RCPT does not wait for syncs
  std::vector<std::unique_ptr<net::WorkLane>> writers_;
  std::size_t turn_ = 0;
};

}  // namespace malleposte::deliver
