// For unit tests: names of which one way is known.
#pragma once

#include <string>
#include <vector>

#include "admin/names.h"

namespace malleposte::admin {

class FakeNames final : public Names {
 public:
  Task<Way> way(std::string domain) override {
    asked.push_back(domain);
    Way way;
    way.domain = std::move(domain);
    way.rule = "MX";
    way.next_hops.push_back({"example.org",
                             {{10, "a.example.org", "192.0.2.1:25", ""}},
                             {{20, "b.example.org", "", "does not exist"}},
                             std::nullopt});
    way.next_hops.push_back(
        {"[gone.example]", {}, {}, Way::Failure{"5.4.4", "no \"host\"", false}});
    co_return way;
  }
  Result<void> flush() override {
    if (busy) return fail(Fault::resource, "Try again.");
    ++flushes;
    return {};
  }
  std::vector<std::string> asked;
  bool busy = false;
  int flushes = 0;
};

}  // namespace malleposte::admin
