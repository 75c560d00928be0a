// A mail address as a value: local part and domain (RFC 5321 4.1.2). One parser serves SMTP, the
// API, the command line and files, so that no two places disagree about what an address is.
//
// `%` and `!` are characters like any other: nothing here ever takes a route out of a local part.
// Non-ASCII addresses (SMTPUTF8) are refused for now, with a text that says so.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace malleposte::mail {

struct Address {
  std::string local;   // unquoted; "" only together with an empty domain
  std::string domain;  // as written, without brackets' content being touched: "example.org" or
                       // "[192.0.2.1]"; "" for the null reverse-path and for a bare local part

  // The null reverse-path `<>`.
  bool null() const { return local.empty() && domain.empty(); }
  bool operator==(const Address&) const = default;
};

// The address as it is written between angle brackets: quoted where it has to be, "" for null.
// parse_address(to_string(a)) == a for every address but the null one that a parser has returned.
std::string to_string(const Address& address);

// Parses `local@domain` (RFC 5321 4.1.2 Mailbox: atoms, quoted string, address literal), the whole
// text. A bare local part ("root") is an address with an empty domain: who needs a domain looks.
// Errors (Fault::peer) say in one sentence what is wrong.
Result<Address> parse_address(std::string_view text);

// An address as MAIL and RCPT carry it, and what follows it.
struct Path {
  Address address;        // null() for `<>`
  std::string_view rest;  // the parameters, without blanks at either end; a part of the input
};

// Parses a path at the start of what stands behind `MAIL FROM:` or `RCPT TO:` (RFC 5321 4.1.2):
// `<local@domain>`, `<>`, `<Postmaster>`, a source route, which is dropped (RFC 5321 4.1.1.3), and
// as people type it `local@domain` without brackets. Blanks before it are skipped. Errors as
// parse_address.
Result<Path> parse_path(std::string_view text);

// Lower-case ASCII: the form in which domains are compared and kept in indexes.
std::string canonical_domain(std::string_view domain);

}  // namespace malleposte::mail
