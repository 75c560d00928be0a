// The part of a notice that is for people: what happened, at which host, in its own words and in
// plain ones, and what can be done. Recipients with whom the same happened stand together. Pure.
#pragma once

#include <cstddef>
#include <string>

#include "mail/dsn.h"
#include "mail/language.h"

namespace malleposte::mail {

// UTF-8, short lines with CRLF. `whole`: all of the message is returned, not just its header. What
// hosts said stays as it is in every language; a double bounce is told in English.
std::string dsn_text(const DsnCase& about, bool whole, Language language);

// What the answer said on one line, its codes first when it was a reply: "550 5.1.1 No such user".
std::string reply_line(const Answer& answer, std::size_t most);

// Of many recipients each gets a shorter share, so that the notice fits in one record of the spool.
std::size_t reply_share(std::size_t recipients);

}  // namespace malleposte::mail
