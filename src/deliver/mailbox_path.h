// Where the mailbox of a recipient is: the pattern of its route (config/maildir_pattern.h) with the
// address in place. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "mail/address.h"

namespace malleposte::deliver {

// In two parts, as they are not trusted alike. The root is the operator's: it has to be there, and
// may lead through symbolic links. What is below it has parts of an address in it, and belongs to
// whom the mailbox belongs to: nothing there is followed.
struct MailboxPath {
  std::string root;   // "/srv/mail"
  std::string below;  // "example.org/anna"; "": the root is the mailbox
  bool operator==(const MailboxPath&) const = default;
};

// "/srv/mail/example.org/anna".
std::string to_string(const MailboxPath& path);

// Letters are in lower case: the domain's in its canonical form, and the local part's (ASCII),
// since nobody tells apart two mailboxes by that. Empty: no mailbox can have this name, as a part
// of it would be empty, begin with a dot, have a slash or a control character, or be longer than
// 255 octets.
std::optional<MailboxPath> mailbox_path(std::string_view pattern, const mail::Address& recipient);

}  // namespace malleposte::deliver
