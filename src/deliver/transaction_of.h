// From a stored message to the transaction that hands it to a peer. Pure.
#pragma once

#include <cstdint>
#include <vector>

#include "mail/envelope.h"
#include "smtp/transaction.h"

namespace malleposte::deliver {

// `recipients`: indexes into those of the envelope; `size`: octets of content.
smtp::Transaction transaction_of(const mail::Envelope& envelope,
                                 const std::vector<std::uint32_t>& recipients, std::uint64_t size);

}  // namespace malleposte::deliver
