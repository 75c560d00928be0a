#include "checkers.h"

namespace malleposte::sim {

void check_accounts(const Ledger& ledger, const spool::Accounts& accounts, Findings& findings) {
  const auto& a = accounts;
  const auto in = a.accepted + a.generated;
  const auto out = ended(a);
  if (in != out + a.queued)
    findings.add("accounts",
                 fmt::format("{} recipients came, {} went and {} are queued", in, out, a.queued));
  const auto b = ledger.accounts();
  if (a == b) return;
  std::uint64_t otherwise = 0;  // ended in another way
  for (const auto fate : {&spool::Accounts::delivered, &spool::Accounts::bounced,
                          &spool::Accounts::expired, &spool::Accounts::deleted})
    otherwise += a.*fate > b.*fate ? a.*fate - b.*fate : 0;
  if (a.accepted == b.accepted && a.generated == b.generated && a.queued == b.queued &&
      otherwise <= ledger.ambiguous)
    return;
  const auto line = [](const spool::Accounts& of) {
    return fmt::format(
        "accepted {} generated {} delivered {} bounced {} expired {} deleted {} discarded {} "
        "replaced {} queued {}",
        of.accepted, of.generated, of.delivered, of.bounced, of.expired, of.deleted, of.discarded,
        of.replaced, of.queued);
  };
  findings.add("accounts", "the store says:  " + line(a) + "\n    the ledger says: " + line(b));
}

}  // namespace malleposte::sim
