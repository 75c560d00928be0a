// A mail transaction as the client is to carry it out: the envelope in the words of MAIL and RCPT,
// and what is known of the content before it is sent. Plain values; deliver::Carrier fills one in,
// smtp::ClientProtocol begins it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/time.h"
#include "mail/envelope.h"

namespace malleposte::smtp {

// A recipient, and what the peer is asked about it when it offers DSN.
struct ForwardPath {
  std::string path;  // as between the angle brackets
  mail::Notify notify{};
  std::string original{};  // ORCPT decoded, "rfc822;anna@example.org"; "" for none
};

struct Transaction {
  std::string reverse_path;             // as between the angle brackets, "" for null
  std::vector<ForwardPath> recipients;  // at least one
  std::uint64_t size = 0;               // octets of content, exactly
  mail::Body body = mail::Body::seven_bit;
  mail::Requests requests{};
  // When it is begun: what is left of BY and HOLDFOR is counted from here.
  WallTime now{};
};

// Whether MAIL has to say SMTPUTF8 (RFC 6531 3.4): it was asked for, or an address is not ASCII.
bool needs_smtputf8(const Transaction& transaction);

}  // namespace malleposte::smtp
