// The network's twin in memory, on virtual time: hosts with addresses, and connections between them
// (net/simulated_stream.h). What a connection is like is asked when it begins. For tests and the
// simulator; each host has a loop of its own, all of one common time.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "net/simulated_stream.h"

namespace malleposte::net {

class SimulatedNetwork {
 public:
  explicit SimulatedNetwork(std::uint64_t seed) { air_->random.seed(seed); }
  SimulatedNetwork(const SimulatedNetwork&) = delete;
  SimulatedNetwork& operator=(const SimulatedNetwork&) = delete;

  // Asked for every connection; none: all are good.
  std::function<SimulatedLine(const Endpoint& from, const Endpoint& to)> line;

  // What happened so far, counted.
  const SimulatedAir& figures() const { return *air_; }

 private:
  friend class SimulatedHost;
  struct Door;  // something that listens
  void close_door(const std::pair<std::string, std::uint16_t>& at);

  std::shared_ptr<SimulatedAir> air_ = std::make_shared<SimulatedAir>();
  std::map<std::pair<std::string, std::uint16_t>, std::shared_ptr<Door>> doors_;
  std::multiset<std::string> addresses_;  // of hosts that are up
};

// A machine on it. Outlived by the network and its loop.
class SimulatedHost final : public Network {
 public:
  // The first of the addresses is where its connections come from.
  SimulatedHost(SimulatedNetwork& network, Loop& loop, std::vector<std::string> addresses);
  ~SimulatedHost() override;  // as vanish(true)

  // The host is gone: nothing it does reaches anybody any more, and all its own ends see a reset.
  // With `reset` the others see one too, else they hear nothing until they give up.
  void vanish(bool reset);

  Result<std::unique_ptr<Listener>> listen(const Endpoint& at, Accept accept) override;
  Result<std::unique_ptr<Listener>> listen_unix(const std::string& path, Accept accept) override;
  // `source` is "", or another address to come from.
  Task<Result<std::unique_ptr<Stream>>> connect(const Endpoint& to, const std::string& source,
                                                SteadyTime deadline) override;

  // Connections that this host has begun and not closed: where to, and the end of what it wrote.
  struct Open {
    Endpoint to;
    std::string last_words;
  };
  std::vector<Open> begun() const;

 private:
  friend class SimulatedNetwork;
  struct State;
  static Task<Result<std::unique_ptr<Stream>>> connect(std::shared_ptr<State> state, Endpoint to,
                                                       std::string source, SteadyTime deadline);
  std::shared_ptr<State> state_;
};

}  // namespace malleposte::net
