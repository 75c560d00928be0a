// An SMTP reply as a value (RFC 5321 4.2): what the server role sends and what the client role has
// read. What a mail peer is told is always a Reply, never an Error.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/limit.h"

namespace malleposte::smtp {

struct Reply {
  int code = 0;                    // 200-599
  std::string status;              // enhanced code "2.1.0" (RFC 2034, RFC 3463), "" for none
  std::vector<std::string> lines;  // text without codes and line ends; none is one empty line

  bool operator==(const Reply&) const = default;
  bool positive() const { return code >= 200 && code < 300; }
  bool intermediate() const { return code >= 300 && code < 400; }  // 354
  bool transient() const { return code >= 400 && code < 500; }
  bool permanent() const { return code >= 500; }
};

// A reply of one line.
Reply reply(int code, std::string_view status, std::string_view text);
// The answer at this limit.
Reply reply(Limit limit);

// Appends the reply as it goes over the wire (RFC 5321 4.2.1): `code-status text` for every line
// but the last, each with CRLF; the enhanced code stands on every line (RFC 2034 4). CR, LF and
// NUL inside a text become spaces: text from elsewhere can never add a reply of its own.
void append_wire(std::string& out, const Reply& reply);
std::string to_wire(const Reply& reply);

// For logs and listings: "550 5.1.1 No such user"; lines joined by a space.
std::string to_string(const Reply& reply);

}  // namespace malleposte::smtp
