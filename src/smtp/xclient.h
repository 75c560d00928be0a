// What a client that speaks for another one tells of it: the attributes of XCLIENT (the session is
// that client's from now on) and XFORWARD (the next message came from there; for logs alone), as in
// Postfix's XCLIENT_README and XFORWARD_README. Whether somebody may say such a thing is decided
// elsewhere (Offers). Pure; called by ServerProtocol for each of these commands.
//
// XCLIENT takes NAME ADDR PORT PROTO HELO LOGIN DESTADDR DESTPORT, XFORWARD takes NAME ADDR PORT
// PROTO HELO SOURCE IDENT. Names in any case, values in xtext (RFC 3461 4), at most 255 octets of
// printable ASCII. [UNAVAILABLE] says that it is not known; NAME may be [TEMPUNAVAIL] too. What
// XFORWARD tells need not come from SMTP, so only its form is looked at.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace malleposte::smtp {

enum class Attribute : std::uint8_t {
  name,
  addr,
  port,
  proto,
  helo,
  login,
  destaddr,
  destport,
  source,
  ident,
};
enum class Extension : std::uint8_t { xclient, xforward };

class ClientAttributes {
 public:
  struct Told {
    bool told = false;
    std::string value;  // "" what is not told or not available; addresses without "IPV6:"
  };

  const Told& operator[](Attribute attribute) const;
  void set(Attribute attribute, std::string value);
  // What is told later replaces what was told before; the rest stays.
  void take(ClientAttributes&& later);
  bool empty() const { return told_.empty(); }

 private:
  struct Entry {
    Attribute attribute;
    Told told;
  };
  std::vector<Entry> told_;  // few, and of most sessions none
};

// What stands behind the verb. The error is a sentence for the client.
Result<ClientAttributes, std::string> parse_client_attributes(std::string_view text,
                                                              Extension extension);

// For logs: "name=client.example addr=192.0.2.1 helo=[UNAVAILABLE]".
std::string to_string(const ClientAttributes& attributes);

// The line of the answer to EHLO, without code and line end: "XFORWARD NAME ADDR ...".
std::string_view offer(Extension extension);

}  // namespace malleposte::smtp
