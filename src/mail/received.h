// The trace that every relay stamps on a message (RFC 5321 4.4). Pure; receive/ calls it for each
// message it takes. What the stamps tell of loops: mail/loop_detector.h.
#pragma once

#include <string>
#include <string_view>

#include "base/ip_address.h"
#include "base/time.h"
#include "mail/address.h"
#include "mail/message_id.h"

namespace malleposte::mail {

// How the message came, as far as the keyword behind "with" tells it (RFC 3848, RFC 6531 4.3).
struct Protocol {
  bool esmtp = false;          // greeted by EHLO; the others need it
  bool tls = false;            // STARTTLS, or TLS from the start
  bool authenticated = false;  // AUTH
  bool utf8 = false;           // the transaction has SMTPUTF8
};

// "SMTP", "ESMTPSA", "UTF8SMTPS", ...
std::string protocol_keyword(const Protocol& protocol);

struct Trace {
  std::string_view helo;         // as the client said it: anything
  std::string_view client_name;  // its reverse name, which its address has again; "" unknown
  IpAddress client_address{};
  std::string_view hostname;  // ours
  Protocol protocol;
  MessageId id;
  const Address* only_recipient = nullptr;  // null with several: they must not see each other
  int priority = 0;                         // RFC 6710 4.1: named if it is not the ordinary one
  WallTime when{};
};

// The Received field, folded, with CRLF at its end. Whatever the client said can add no line, no
// comment and no field: characters that no host name or address literal has become `?`. A recipient
// outside ASCII is named only in a transaction with SMTPUTF8.
std::string received_field(const Trace& trace);

// "Thu, 21 May 2026 05:33:29 +0000" (RFC 5322 3.3), always in UTC.
std::string date_time(WallTime when);

}  // namespace malleposte::mail
