// Mailboxes on a file system, written by threads of their own, so that a sync there holds up
// neither the loop nor who reads the spool. Each root has its threads, which begin with the first
// that is asked of it: a volume that does not answer keeps nobody else waiting, and nobody for
// longer than limits::mailbox_look_timeout or mailbox_write_timeout; until it has answered what is
// asked of it is refused for now. Past limits::mailbox_volumes roots share threads. Loop thread.
#pragma once

#include <functional>
#include <memory>
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
  ~FileMailboxes() override;

  Task<smtp::Ruling> look(MailboxPath mailbox) override;
  std::unique_ptr<MailboxDelivery> begin(MailboxPath mailbox, std::string name) override;

 private:
  class Volume;
  class Delivery;
  Volume& volume(const std::string& root);

  Loop& loop_;
  const Options options_;
  std::vector<std::unique_ptr<Volume>> volumes_;
};

}  // namespace malleposte::deliver
