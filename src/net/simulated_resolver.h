// The resolver's twin: names from a table that may change at any time, with answers that come late,
// fail or never come, as somebody decides. For tests and the simulator.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/loop.h"
#include "net/resolver.h"

namespace malleposte::net {

// What the world knows of names; all resolvers ask it.
struct SimulatedNames {
  struct Name {
    std::optional<std::vector<Mx>> mx;
    std::vector<std::string> addresses;
  };
  std::map<std::string, Name> names;           // canonical; a name that is not here does not exist
  std::map<std::string, std::string> reverse;  // by address

  struct Trouble {
    enum class Kind : std::uint8_t { none, servfail, time_out };
    Kind kind = Kind::none;
    Duration delay{1000};  // of the answer
  };
  // Asked for every look-up; none: all is well.
  std::function<Trouble(const std::string& name)> trouble;
};

class SimulatedResolver final : public Resolver {
 public:
  // Both outlive it and its answers.
  SimulatedResolver(Loop& loop, const SimulatedNames& names) : loop_(loop), names_(names) {}

  Task<MxAnswer> mx(std::string name, SteadyTime deadline) override;
  Task<AddressAnswer> addresses(std::string name, SteadyTime deadline) override;
  Task<NameAnswer> reverse(std::string address, SteadyTime deadline) override;

 private:
  Loop& loop_;
  const SimulatedNames& names_;
};

}  // namespace malleposte::net
