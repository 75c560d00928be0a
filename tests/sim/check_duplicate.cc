#include "checkers.h"

namespace malleposte::sim {

namespace {

// It was stopped in order, and could write outcomes until then: what was heard is kept. How long
// before a crash a 250 was heard cannot be told here (it may come octet by octet); tests/crash
// bounds that.
bool kept_to_its_end(const Ledger& ledger, const Take& before) {
  const auto stopped = ledger.stopped.find(before.life);
  if (stopped == ledger.stopped.end()) return false;
  const auto failed = ledger.not_kept.lower_bound(before.at);
  return failed == ledger.not_kept.end() || *failed > stopped->second;
}

}  // namespace

void check_duplicate(const Ledger& ledger, const Recipient& recipient, const Take& take,
                     Findings& findings) {
  const auto wrong = [&](std::string_view why) {
    findings.add(
        "duplicate",
        fmt::format("{} is delivered to {} once more, begun at {:.6f}, {}", recipient.address,
                    take.host, static_cast<double>(take.begun.time_since_epoch().count()) / 1e6,
                    why));
  };
  if (recipient.fate != Fate::queued && take.begun > recipient.final_since)
    wrong(fmt::format("after it was durably {}", to_string(recipient.fate)));
  for (const auto& before : recipient.takes) {
    if (take.begun <= before.at || !before.heard()) continue;
    const auto heard = "although the 250 of " + before.host + " was heard ";
    if (before.life == take.life)
      wrong(heard + "in the same life");
    else if (kept_to_its_end(ledger, before))
      wrong(heard + "before an orderly stop");
  }
}

}  // namespace malleposte::sim
