// MAIL and RCPT as the client says them: the path, and of the parameters those that the peer offers
// to understand. What it does not offer is left out; whether the message may go to it then is
// peer_fit's question. Pure.
#pragma once

#include <string>

#include "smtp/ehlo_answer.h"
#include "smtp/transaction.h"

namespace malleposte::smtp {

// Adds the command with its CRLF to `to`.
// SIZE (RFC 1870), BODY (RFC 6152, 3030), SMTPUTF8 (RFC 6531), RET and ENVID as they were given to
// us (RFC 3461 5.2.1), BY with the time that is left, negative when it has passed (RFC 2852 4),
// HOLDFOR while there is something to wait for and no longer than the peer holds (RFC 4865),
// MT-PRIORITY (RFC 6710).
void append_mail(std::string& to, const EhloAnswer& offers, const Transaction& transaction);

// NOTIFY and ORCPT as they were given to us; with BY and mode N, to a peer without DELIVERBY,
// delays are to be told of too (RFC 2852 4.1.4.2). Where no ORCPT was, none is added (RFC
// 3461 5.2.1, d leaves it open): we change no address, so the peer sees the original one.
void append_rcpt(std::string& to, const EhloAnswer& offers, const Transaction& transaction,
                 const ForwardPath& recipient);

}  // namespace malleposte::smtp
