// Mailboxes on a file system, written by threads of their own, so that a sync there holds up
// neither the loop nor who reads the spool. Each root has its threads, which begin with the first
// that is asked of it, so that a volume that does not answer keeps nobody else waiting; roots past
// limits::mailbox_volumes share those of others. Who asks such a volume waits for limits::
// mailbox_look_timeout or mailbox_write_timeout, and then nobody asks that thread until it has
// answered. Loop thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/limits.h"
#include "base/loop.h"
#include "deliver/mailboxes.h"

namespace malleposte::deliver {

class FileMailboxes final : public Mailboxes {
 public:
  struct Options {
    Duration look_timeout = limits::mailbox_look_timeout;
    Duration write_timeout = limits::mailbox_write_timeout;
    std::function<void()> before_work = {};  // for tests: on the thread that does it
  };
  // The loop outlives it.
  explicit FileMailboxes(Loop& loop) : FileMailboxes(loop, Options()) {}
  FileMailboxes(Loop& loop, Options options);
  // What is under way is finished first.
  ~FileMailboxes() override;

  Task<smtp::Ruling> look(MailboxPath mailbox) override;
  std::unique_ptr<MailboxDelivery> begin(MailboxPath mailbox, std::string name) override;

 private:
  class Worker;
  class Delivery;
  struct Volume;
  Volume& volume(const std::string& root);

  Loop& loop_;
  const Options options_;
  std::vector<std::unique_ptr<Volume>> volumes_;
  std::map<std::string, Volume*> by_root_;
};

}  // namespace malleposte::deliver
