// What a message needs that a peer does not offer: asked before a transaction begins, so that
// nothing is tried that cannot be, and what can be helped by converting the content is. Pure.
#pragma once

#include <optional>

#include "smtp/ehlo_answer.h"
#include "smtp/ruling.h"
#include "smtp/transaction.h"

namespace malleposte::smtp {

struct Lack {
  // BODY=8BITMIME or BINARYMIME, and the peer takes 7-bit content only (RFC 6152 3).
  bool seven_bit_content = false;
  // BODY=BINARYMIME, and the peer takes lines only (RFC 3030 3). With 8BITMIME they may be 8-bit.
  bool lines_only = false;
  // SMTPUTF8 was asked for or an address is not ASCII, and the peer knows neither (RFC 6531 3.2).
  bool ascii_only = false;

  bool nothing() const { return !seven_bit_content && !lines_only && !ascii_only; }
  bool operator==(const Lack&) const = default;
};

Lack lacking(const EhloAnswer& offers, const Transaction& transaction);

// Why a message is not sent to a peer that lacks so much, when the content cannot be converted:
// 5.6.7 (SMTPUTF8), 5.6.1 (binary), 5.6.3 (8-bit). `lack` is not nothing.
Ruling refusal_for(const Lack& lack);

// Why the message is not tried any more: it is to come back undelivered at a time (BY with mode R,
// RFC 2852), which has come or is not a second away (5.4.7).
std::optional<Ruling> time_is_over(const Transaction& transaction);

// Why the message is not sent to this host nor to another one of its domain: it is to come back
// undelivered at a time (BY with mode R), which has passed (5.4.7), or which the host does not
// promise to keep (5.3.3). Hosts are not tried one by one for that (RFC 2852 4.1.4.1, 7).
std::optional<Ruling> cannot_return_in_time(const EhloAnswer& offers,
                                            const Transaction& transaction);

// Why no content would make this peer take the message: it is larger than the peer takes (5.3.4,
// RFC 1870 6.1). Another host may take it.
std::optional<Ruling> refusal_of(const EhloAnswer& offers, const Transaction& transaction);

// Too large, or something lacks: why the message cannot go to this peer as it is.
std::optional<Ruling> unfit(const EhloAnswer& offers, const Transaction& transaction);

}  // namespace malleposte::smtp
