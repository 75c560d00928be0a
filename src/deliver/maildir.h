// A Maildir on a file system, and one mail that is written into it (cr.yp.to/proto/maildir.html):
// into tmp/, synced, linked into new/, new/ synced. Blocking: called from helper threads, a Maildir
// from one at a time.
//
// Whoever the mailbox belongs to may change its directories while we are at work, so they are
// opened once, without following any link below the root, and used by their descriptors, and
// so is the file that we write (by /proc). Where we are root the mail belongs to the mailbox's
// owner.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "deliver/mailbox_path.h"
#include "net/file_descriptor.h"
#include "smtp/ruling.h"

namespace malleposte::deliver {

class Maildir {
 public:
  explicit Maildir(MailboxPath path) : path_(std::move(path)) {}

  // `accepted`; `permanent` (5.1.1) when there is no such directory; `temporary` when that cannot
  // be told: the root is not there, or what there is on the way is empty or cannot be listed. Empty
  // is what a volume looks like that is not mounted.
  smtp::Ruling open();

  // After open(). Begins a mail under this name; what lies in tmp/ by that name is from an attempt
  // that was cut off, and is removed.
  smtp::Ruling begin(const std::string& name);
  smtp::Ruling write(std::string_view octets);
  // On stable storage, and in new/; `accepted` too when one by this name is there already. `may` is
  // asked right before it may be there: when it says no, it will not be (`temporary`).
  smtp::Ruling commit(const std::function<bool()>& may);
  // Leaves nothing of a mail that was begun and not committed.
  void give_up();

 private:
  smtp::Ruling failed(std::string_view what) const;

  MailboxPath path_;
  net::FileDescriptor directory_, tmp_, new_, file_;
  std::string name_;
};

}  // namespace malleposte::deliver
