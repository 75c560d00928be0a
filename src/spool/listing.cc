#include "spool/listing.h"

#include "spool/action.h"

namespace malleposte::spool {

std::string_view to_string(QueueState state) {
  switch (state) {
    case QueueState::active:
      return "active";
    case QueueState::deferred:
      return "deferred";
    case QueueState::held:
      return "held";
    case QueueState::scheduled:
      return "scheduled";
    case QueueState::deleting:
      return "deleting";
  }
  return "";
}

std::string_view to_string(StandingOrder::Kind kind) {
  switch (kind) {
    case StandingOrder::Kind::suspend:
      return "suspend";
    case StandingOrder::Kind::bounce:
      return "bounce";
    case StandingOrder::Kind::hold:
      return "hold";
  }
  return "";
}

}  // namespace malleposte::spool
