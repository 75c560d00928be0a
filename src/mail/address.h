// A mail address as a value: local part and domain (RFC 5321 4.1.2). One parser serves SMTP, the
// API, the command line and files, so that no two places disagree about what an address is.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace malleposte::mail {

struct Address {
  std::string local;   // unquoted; "" only together with an empty domain, or for <Postmaster>
  std::string domain;  // as written, without brackets' content being touched: "example.org" or
                       // "[192.0.2.1]"; "" for the null reverse-path and for a bare local part

  // The null reverse-path `<>`.
  bool null() const { return local.empty() && domain.empty(); }
  bool operator==(const Address&) const = default;
};

// The address as it is written between angle brackets: quoted where it has to be, "" for null.
// parse_address(to_string(a)) == a for every address the parser has returned.
std::string to_string(const Address& address);

// Parses `local@domain` (RFC 5321 4.1.2 Mailbox: atoms, quoted string, address literal), the whole
// text. Errors (Fault::peer) say what is wrong and where.
Result<Address> parse_address(std::string_view text);

// Lower-case ASCII: the form in which domains are compared and kept in indexes.
std::string canonical_domain(std::string_view domain);

}  // namespace malleposte::mail
