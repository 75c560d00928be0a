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

}  // namespace malleposte::mail
