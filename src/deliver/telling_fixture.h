// For tests: deliveries of which senders are told.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "deliver/delivery_fixture.h"

namespace malleposte::deliver {

class Telling : public Delivery {
 protected:
  Telling() { world.settings.delay_warning_after = 4h; }

  // The relay answers each recipient by the beginning of its name.
  void by_name() {
    relay().answer = [](const std::string& line, const std::string&) -> std::optional<Say> {
      if (line.find("<no") != std::string::npos) return say("550 5.1.1 no such user");
      if (line.find("<later") != std::string::npos) return say("450 4.2.1 busy");
      return std::nullopt;
    };
  }
  std::vector<spool::Generated>& told() { return world.store.generated; }
};

}  // namespace malleposte::deliver
