// Makes a connection along a plan: the next hops in order, of each its hosts in order, until one
// greets us and answers EHLO. Loop thread.
#pragma once

#include <memory>
#include <optional>

#include "deliver/connection.h"
#include "deliver/surroundings.h"

namespace malleposte::deliver {

// Why no host of a plan takes mail now (temporary) or at all (permanent).
struct Unreachable {
  smtp::Ruling ruling;
  std::optional<Target> target;  // the host that said so, when one was reached for
};

struct Connected {
  std::unique_ptr<Connection> connection;  // its protocol can begin a transaction; or null, and
  Unreachable unreachable;
  // The connection is to a host that takes no message of that size, nor does any other (RFC 1870).
  // Permanent when all hosts said so; while one of them could not be asked it is temporary.
  std::optional<Unreachable> too_large;
};

// A host that cannot be reached, or that refuses at the greeting or EHLO with whatever code, lets
// the next one be tried; limits::addresses_per_next_hop of each next hop. The failure of a
// configured next hop is never permanent: the operator can repair it.
// `size`: of the message that is to go first, in octets.
Task<Connected> connect(const Surroundings& with, std::shared_ptr<const Plan> plan,
                        std::uint64_t size);

}  // namespace malleposte::deliver
