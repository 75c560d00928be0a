#include "mail/outcome.h"

namespace malleposte::mail {

std::string_view to_string(Fate fate) {
  switch (fate) {
    case Fate::queued:
      return "queued";
    case Fate::delivered:
      return "delivered";
    case Fate::bounced:
      return "bounced";
    case Fate::expired:
      return "expired";
    case Fate::deleted:
      return "deleted";
    case Fate::discarded:
      return "discarded";
    case Fate::replaced:
      return "replaced";
  }
  return "queued";
}

std::string describe(const Answer& answer) {
  std::string line;
  if (!answer.host.empty()) {
    line += answer.host;
    if (!answer.address.empty() && answer.address != answer.host) {
      line += '[';
      line += answer.address;
      line += ']';
    }
    line += answer.code ? " said: " : ": ";
  }
  if (answer.code) {
    line += std::to_string(answer.code);
    line += ' ';
  }
  if (!answer.status.empty()) {
    line += answer.status;
    line += ' ';
  }
  line += answer.text;
  return line;
}

}  // namespace malleposte::mail
