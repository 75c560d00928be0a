// Makes a connection along a plan: the next hops in order, of each its hosts in order, until one
// greets us and answers EHLO. Loop thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "deliver/connection.h"
#include "deliver/host_memory.h"
#include "deliver/route_table.h"
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
  // The connection is to a host that cannot be given the message, nor can any other (too large, RFC
  // 1870; SMTPUTF8, RFC 6531 3.2). Permanent when that is so for all hosts that were tried; while
  // one of them could not be asked it is temporary.
  std::optional<Unreachable> unfit;
};

// A host that cannot be reached, or that refuses at the greeting or EHLO with whatever code, lets
// the next one be tried; limits::addresses_per_next_hop of each next hop. What all have refused is
// temporary all the same when a limit kept others from being tried. The failure of a configured
// next hop is never permanent: the operator can repair it.
// `unfit`: why a host that has answered EHLO cannot be given the message that is to go first. It
// may restrict what the protocol makes use of.
using Unfit = std::function<std::optional<smtp::Ruling>(smtp::ClientProtocol&)>;
// `mx`: the hosts of the plan's one next hop, where they are known. Hosts that `memory` knows to
// have failed just now are tried last.
Task<Connected> connect(const Surroundings& with, std::shared_ptr<const Plan> plan,
                        std::optional<net::MxAnswer> mx, HostMemory& memory, Unfit unfit);

}  // namespace malleposte::deliver
