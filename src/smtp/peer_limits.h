// The limits that a peer tells with LIMITS (RFC 9422), obeyed over one session: how many
// transactions it takes, how many recipients each, and recipients of how many domains in all.
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <vector>

#include "smtp/ehlo_answer.h"
#include "smtp/transaction.h"

namespace malleposte::smtp {

class PeerLimits {
 public:
  // Positions, ascending, of the recipients that have no place in this session's next transaction:
  // they need a further one. All of them: they need another session. In a new session the first
  // recipient has always a place.
  std::vector<std::size_t> beyond(const EhloAnswer& offers,
                                  const std::vector<ForwardPath>& recipients) const;
  // No further transaction in this session.
  bool exhausted(const EhloAnswer& offers) const {
    return offers.mails_max > 0 && mails_ >= offers.mails_max;
  }
  void begun(const Transaction& transaction);

 private:
  std::size_t mails_ = 0;
  std::set<std::string> domains_;  // canonical
};

}  // namespace malleposte::smtp
