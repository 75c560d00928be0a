#include <algorithm>

#include "checkers.h"

namespace malleposte::sim {

void check_acknowledged(const Ledger& ledger, Findings& findings) {
  std::map<unsigned, const Kept*> accepted;
  for (const auto& [id, message] : ledger.kept)
    if (!message.generated && message.commit == Kept::Commit::durable)
      accepted[message.token] = &message;
  for (const auto& [token, sent] : ledger.sent) {
    const auto found = accepted.find(token);
    if (sent.told != Sent::Told::accepted) continue;
    if (found == accepted.end()) {
      findings.add("acknowledged",
                   fmt::format("message {} was acknowledged and the store never had it", token));
      continue;
    }
    std::vector<std::string> recipients;
    for (const auto& recipient : found->second->recipients) recipients.push_back(recipient.address);
    if (recipients != sent.recipients)
      findings.add(
          "acknowledged",
          fmt::format("message {} was kept for other recipients than were accepted", token));
  }
}

}  // namespace malleposte::sim
