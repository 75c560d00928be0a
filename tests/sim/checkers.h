// The checkers, one file each: what is promised, and whether it held. Each adds what is wrong to
// the findings.
#pragma once

#include "config/settings.h"
#include "deliver/simulated_mailboxes.h"
#include "ledger.h"

namespace malleposte::sim {

class Machine;
class World;

// Nothing acknowledged is lost, nothing refused is kept: clients against the store. (What the store
// itself holds after each start is compared in Ledger::reconcile.) At the end of a run.
void check_acknowledged(const Ledger& ledger, Findings& findings);

// Nothing is dropped silently: every recipient ends delivered, named in a notice to its sender
// (or, when that was gathered, in the report that takes its place), ended by the operator, or is
// queued. `root` is root_address, which is told of notices that failed; "" without one. At the end
// of a run.
void check_silent(const Ledger& ledger, const std::string& root, Findings& findings);

// A mail is once in a mailbox, whatever crashed meanwhile. At the end of a run.
void check_mailboxes(const deliver::SimulatedMailVolume& volume, Findings& findings);

// A next hop is given a message twice only if what it said about the first was lost: on its way to
// us, or by a crash before we had it on disk. For each take, before it is added to the recipient's.
void check_duplicate(const Ledger& ledger, const Recipient& recipient, const Take& take,
                     Findings& findings);

// What is delivered is what was sent, by whom and to whom it was sent. For each take; null when no
// message has that recipient.
void check_content(const Ledger& ledger, const Kept* message, const std::string& sender,
                   const std::string& recipient, const std::string& content, Findings& findings);

// accepted + generated = delivered + bounced + expired + deleted + discarded + replaced + queued,
// and each of them what the ledger says. When nothing is on its way to the disk.
void check_accounts(const Ledger& ledger, const spool::Accounts& accounts, Findings& findings);

// Connections of each site, for each next hop and in all, sessions of a stranger, buffers. At any
// time. `names`: of hosts, by address. Returns how many connections the most visited next hop has.
std::size_t check_limits(Machine& machine, const config::Settings& settings,
                         const std::map<std::string, std::string>& names,
                         std::size_t stranger_sessions, Findings& findings);

// Every operation of the operator that was answered is in force, after every start: messages are
// held, removed, sent elsewhere and kept as long as was said, and the orders are there. When
// nothing is on its way to the disk.
void check_operations(const Ledger& ledger, const Holdings& holdings,
                      const std::vector<spool::StandingOrder>& orders, SteadyTime now,
                      Findings& findings);

// The same of what is given out for delivery.
void check_lease(const Ledger& ledger, const spool::Lease& lease, SteadyTime now,
                 Findings& findings);

// Nothing is delivered to a destination while an order suspends it, and no mail of a sender that an
// order holds. For each take.
void check_orders_kept(const Ledger& ledger, const Kept& message, const std::string& recipient,
                       Findings& findings);

// All has healed and the time is over: nothing is queued but what is held.
void check_drained(const Holdings& holdings, Findings& findings);

}  // namespace malleposte::sim
