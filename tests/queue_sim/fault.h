// A fault planted into a run: one for each checker, which must find it. One that nobody finds would
// mean that the checker checks nothing.
#pragma once

#include <cstdint>

namespace malleposte::queue_sim {

enum class Fault : std::uint8_t {
  none,
  more_connections,  // the scheduler takes a site for one that may have more of them
  no_deadlines,      // it does not know that a job ends at its deadline
  lost_jobs,         // now and then it does not get one
  early_probes,      // it is told to probe a dead site at once
  no_strangers,      // it takes every site for one that has answered
  higher_rates,      // it takes a site for one that may have more in a second
  early_retries,     // a deferred job comes back too early
  many_senders,      // it takes every job for one of another sender
  missed_turns,      // mostly a site has nothing of its turn
};

}  // namespace malleposte::queue_sim
