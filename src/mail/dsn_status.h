// The part of a notice that is for programs: the fields of RFC 3464, of the message and of each
// recipient. Pure.
#pragma once

#include <string>

#include "mail/dsn.h"

namespace malleposte::mail {

// `utf8`: it goes out as message/global-delivery-status, so that addresses may stand as they are;
// else it is ASCII. With CRLF, no field longer than a line may be.
std::string dsn_status(const DsnCase& about, bool utf8);

}  // namespace malleposte::mail
