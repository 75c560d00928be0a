// A mail address as a value: local part and domain (RFC 5321 4.1.2, RFC 6531 3.3). One parser
// serves SMTP, the API, the command line, files and, below mail/header_addresses, header fields, so
// that no two places disagree about what an address is.
//
// `%` and `!` are characters like any other: nothing here ever takes a route out of a local part.
//
// Internationalized addresses are parsed always: UTF-8 in atoms and quoted strings, U-labels valid
// by IDNA2008 (base/idn.h). Whether one may be used is the caller's to say: Address::ascii() tells
// whether it needs SMTPUTF8. A server refuses one that came without (RFC 6531 3.5: 550 or 553, and
// 5.6.7), a client asks to_ascii() whether it can go to a host that has no SMTPUTF8.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace malleposte::mail {

struct Address {
  std::string local;   // unquoted; "" only together with an empty domain
  std::string domain;  // as written, U-labels and brackets' content untouched: "example.org",
                       // "[192.0.2.1]"; "" for the null reverse-path and for a bare local part

  // The null reverse-path `<>`.
  bool null() const { return local.empty() && domain.empty(); }
  // False: it needs SMTPUTF8.
  bool ascii() const;
  bool operator==(const Address&) const = default;
};

// The address as it is written between angle brackets: quoted where it has to be, "" for null.
// parse_address(to_string(a)) == a for every address but the null one that a parser has returned.
std::string to_string(const Address& address);

// The same mailbox in ASCII, U-labels as A-labels; empty when the local part is not ASCII, or the
// result too long (RFC 6531 3.2 lets nobody guess another local part).
std::optional<Address> to_ascii(const Address& address);

// Parses `local@domain` (RFC 5321 4.1.2 Mailbox: atoms, quoted string, address literal), the whole
// text. A bare local part ("root") is an address with an empty domain: who needs a domain looks.
// Lengths are octets, of UTF-8 too: 64 for the local part as written, 255 for the domain in either
// form, 63 for a label in ASCII form, 256 for the address with its angle brackets.
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

// The form in which domains are compared, looked up and kept in indexes: A-labels, ASCII letters in
// lower case. What is no domain is returned in lower case.
std::string canonical_domain(std::string_view domain);

// The form in which whole addresses are compared: the local part as it is, which only its own host
// may interpret (RFC 5321 2.4), and the canonical domain.
std::string canonical_address(const Address& address);

}  // namespace malleposte::mail
