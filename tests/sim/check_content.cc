#include <algorithm>

#include "checkers.h"

namespace malleposte::sim {

void check_content(const Ledger& ledger, const Kept* message, const std::string& sender,
                   const std::string& recipient, const std::string& content, Findings& findings) {
  const auto wrong = [&](std::string_view what) {
    findings.add("content", fmt::format("{} is delivered {}", recipient, what));
  };
  if (message == nullptr) return wrong("a message that was never for it");
  if (message->commit == Kept::Commit::begun) return wrong("a message that was never completed");
  if (message->commit == Kept::Commit::never) return wrong("a message that was refused");
  if (message->sender != sender) wrong("from another sender: " + sender);
  if (message->generated) {
    if (message->content != content) wrong("a notice that was changed");
    return;
  }
  if (own_content(content) != message->content) wrong("other content than was kept");
  const auto sent = ledger.sent.find(message->token);
  if (sent == ledger.sent.end()) return wrong("a message that nobody has sent");
  if (own_content(content) != sent->second.content) wrong("other content than was sent");
  if (std::find(sent->second.recipients.begin(), sent->second.recipients.end(), recipient) ==
      sent->second.recipients.end())
    wrong("although its RCPT was not accepted");
}

}  // namespace malleposte::sim
