// Addresses as a delivery status names them: a type, and the address in the form that type and the
// place allow (RFC 3464 2.1.2, RFC 6533 3). Pure.
#pragma once

#include <string>
#include <string_view>

#include "mail/address.h"

namespace malleposte::mail {

// "rfc822; anna@example.org", or for a non-ASCII address "utf-8; " and the address: as it is where
// UTF-8 may stand (`utf8`), else in ASCII (the utf-8-addr-xtext form, "\x{E9}" for é).
std::string typed_address(const Address& address, bool utf8);

// The same of an ORCPT parameter, decoded: "rfc822;anna@example.org". Its address stays what the
// sender wrote, except that a line is made of it; one of the type utf-8 may come in any form.
std::string original_recipient(std::string_view orcpt, bool utf8);

// The address of a typed one in the form people read.
std::string shown_address(std::string_view typed);

}  // namespace malleposte::mail
