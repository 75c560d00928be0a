#include "checkers.h"

namespace malleposte::sim {

void check_duplicate(const Recipient& recipient, const Take& take, Findings& findings) {
  const auto wrong = [&](std::string_view why) {
    findings.add(
        "duplicate",
        fmt::format("{} is delivered to {} once more, begun at {:.6f}, {}", recipient.address,
                    take.host, static_cast<double>(take.begun.time_since_epoch().count()) / 1e6,
                    why));
  };
  if (recipient.fate != Fate::queued && take.begun > recipient.final_since)
    wrong(fmt::format("after it was durably {}", to_string(recipient.fate)));
  for (const auto& before : recipient.takes)
    if (before.life == take.life && take.begun > before.at && before.heard())
      wrong("although the 250 of " + before.host + " was heard in the same life");
}

}  // namespace malleposte::sim
