#include <algorithm>

#include "checkers.h"

namespace malleposte::sim {
namespace {

std::string domain_of(const std::string& address) {
  return address.substr(address.rfind('@') + 1);
}

}  // namespace

void check_operations(const Ledger& ledger, const Holdings& holdings,
                      const std::vector<spool::StandingOrder>& orders, SteadyTime now,
                      Findings& findings) {
  const auto& words = ledger.words;
  if (const auto wrong = words.wrong_orders(orders, now); !wrong.empty())
    findings.add("operations", wrong);
  for (const auto& [id, held] : holdings.messages) {
    const auto known = ledger.kept.find(id);
    if (known == ledger.kept.end()) continue;  // the ledger has said so
    const auto& message = known->second;
    const auto& listed = held.listed;
    const auto wrong = [&](std::string_view what) {
      findings.add("operations",
                   fmt::format("{} (message {}) {}", to_string(message.id), message.token, what));
    };
    const bool removed = listed.state == spool::QueueState::deleting;
    if (!words.removed(message).contains(removed))
      wrong(removed ? "is removed and nobody has said so" : "was removed and is not");
    const bool is_held = listed.state == spool::QueueState::held;
    if (!removed && !words.held(message).contains(is_held))
      wrong(is_held ? "is held and nobody has said so" : "was held and is not");
    if (!words.next_hops(message).contains(listed.next_hop))
      wrong("goes to '" + listed.next_hop + "'");
    if (!words.lifetimes(message).contains(listed.lifetime)) wrong("has another lifetime");
  }
}

void check_lease(const Ledger& ledger, const spool::Lease& lease, SteadyTime now,
                 Findings& findings) {
  using Kind = spool::StandingOrder::Kind;
  for (const auto& recipient : lease.recipients) {
    const auto wrong = [&](std::string_view what) {
      findings.add("operations", fmt::format("{}: a recipient at {} {}", to_string(lease.id),
                                             recipient.domain, what));
    };
    if (ledger.words.surely(Kind::suspend, recipient.domain, now, now))
      wrong("is given out although that is suspended");
    if (ledger.words.surely(Kind::bounce, recipient.domain, now, now) && recipient.bounced_by == 0)
      wrong("is given out although it is to be bounced");
  }
  const auto known = ledger.kept.find(lease.id.value);
  if (known == ledger.kept.end()) return;
  if (!ledger.words.next_hops(known->second).contains(lease.next_hop))
    findings.add("operations", to_string(lease.id) + " is given out for " + lease.next_hop);
  if (!ledger.words.lifetimes(known->second).contains(lease.lifetime))
    findings.add("operations", to_string(lease.id) + " is given out with another lifetime");
}

void check_orders_kept(const Ledger& ledger, const Kept& message, const std::string& recipient,
                       Findings& findings) {
  if (ledger.words.surely_held(message))
    findings.add("operations", recipient + " is delivered although its sender's mail is held");
  // When the store was asked for the last time whether it should go out. With several domains that
  // may have been for another of them.
  const auto domain = domain_of(recipient);
  const auto asked = ledger.wanted.find(message.id.value);
  const bool one_domain =
      std::all_of(message.recipients.begin(), message.recipients.end(),
                  [&](const auto& one) { return domain_of(one.address) == domain; });
  if (one_domain && asked != ledger.wanted.end() &&
      ledger.words.surely(spool::StandingOrder::Kind::suspend, domain, asked->second,
                          asked->second))
    findings.add("operations", recipient + " is delivered although its domain is suspended");
}

}  // namespace malleposte::sim
