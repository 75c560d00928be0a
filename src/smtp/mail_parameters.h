// The parameters of MAIL and RCPT as values (RFC 5321 4.1.1.11). Called by ServerProtocol for each
// of these commands; pure. The words themselves were cut by parse_command.
//
// A parameter of an extension that is not offered to this client is answered like one that nobody
// knows: 555 5.5.4. One whose value is wrong is answered 501 5.5.4, and the text says what it may
// be.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "mail/envelope.h"
#include "mail/requests.h"
#include "smtp/command.h"
#include "smtp/offers.h"
#include "smtp/reply.h"

namespace malleposte::smtp {

struct MailParameters {
  std::uint64_t declared_size = 0;  // SIZE= (RFC 1870), octets; 0 not given
  mail::Body body = mail::Body::seven_bit;
  mail::Requests requests;
};

struct RecipientParameters {
  mail::Notify notify;
  std::string original;  // as mail::Recipient::original
};

// `now` is when the command came: from then on the times of BY= and HOLDFOR= count. Mail to be held
// until a time that has passed is not held.
Result<MailParameters, Reply> mail_parameters(const std::vector<Parameter>& given,
                                              const Offers& offers, WallTime now);

// `smtputf8`: MAIL has said SMTPUTF8, which lets ORCPT= have any character (RFC 6533 3).
Result<RecipientParameters, Reply> recipient_parameters(const std::vector<Parameter>& given,
                                                        const Offers& offers, bool smtputf8);

}  // namespace malleposte::smtp
