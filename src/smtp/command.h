// One command line of an SMTP client as a value (RFC 5321 4.1). Called by ServerProtocol for each
// line; pure. The views in a Command point into the line and live as long as it does.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mail/address.h"

namespace malleposte::smtp {

enum class Verb : std::uint8_t {
  helo,
  ehlo,
  mail,
  rcpt,
  data,
  bdat,
  rset,
  noop,
  quit,
  vrfy,
  expn,
  help,
  etrn,
  known,  // SMTP, but not offered here: AUTH, STARTTLS, TURN, ...
  http,   // a browser, or somebody who makes one talk to us
  unknown,
};

// RFC 5321 4.1.2 esmtp-param: KEY or KEY=VALUE.
struct Parameter {
  std::string_view key;  // as written: compare without case
  std::string_view value;
  bool operator==(const Parameter&) const = default;
};

struct Command {
  Verb verb = Verb::unknown;
  std::string_view argument;          // what follows the verb, without blanks at either end
  mail::Address address;              // of MAIL and RCPT; null() for `<>`
  std::vector<Parameter> parameters;  // of MAIL and RCPT
  // Of BDAT (RFC 3030 2); no number: nobody knows how many octets follow.
  std::optional<std::uint64_t> chunk_octets;
  bool last_chunk = false;
  // What is wrong with the arguments, in one sentence; "" nothing. The verb is right anyway.
  std::string problem;
  bool address_problem = false;  // the problem lies in the address: 5.1.x instead of 5.5.4
};

// Parses a line without its line end into `into`, whose storage is used again. Verbs, keys and
// `FROM:`/`TO:` in any case; blanks between a colon and an address are taken, as people type them.
void parse_command(std::string_view line, Command& into);

// Equality of ASCII texts without case.
bool same_text(std::string_view a, std::string_view b);

}  // namespace malleposte::smtp
