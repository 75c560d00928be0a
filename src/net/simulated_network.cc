#include "net/simulated_network.h"

#include <utility>

namespace malleposte::net {

// Shared with connections that are being made when the host goes.
struct SimulatedHost::State {
  State(SimulatedNetwork& of, Loop& its, std::vector<std::string> all)
      : network(of), loop(its), addresses(std::move(all)) {}

  SimulatedNetwork& network;
  Loop& loop;
  std::vector<std::string> addresses;
  bool gone = false;
  std::uint16_t last_port = 20'000;
  struct Attached {
    std::weak_ptr<SimulatedWire> wire;
    std::size_t end;
  };
  std::vector<Attached> attached;
  std::set<std::pair<std::string, std::uint16_t>> listening;

  void attach(const std::shared_ptr<SimulatedWire>& wire, std::size_t end) {
    std::erase_if(attached, [](const Attached& one) { return one.wire.expired(); });
    attached.push_back({wire, end});
  }
};

struct SimulatedNetwork::Door {
  std::shared_ptr<SimulatedHost::State> host;
  Network::Accept accept;
  bool open = true;
};

// Whoever is being let in finds it shut.
void SimulatedNetwork::close_door(const std::pair<std::string, std::uint16_t>& at) {
  const auto door = doors_.find(at);
  door->second->open = false;
  doors_.erase(door);
}

SimulatedHost::SimulatedHost(SimulatedNetwork& network, Loop& loop,
                             std::vector<std::string> addresses)
    : state_(std::make_shared<State>(network, loop, std::move(addresses))) {
  for (const auto& address : state_->addresses) network.addresses_.insert(address);
}

SimulatedHost::~SimulatedHost() {
  vanish(true);
}

void SimulatedHost::vanish(bool reset) {
  if (std::exchange(state_->gone, true)) return;
  auto& network = state_->network;
  for (const auto& address : state_->addresses)
    network.addresses_.erase(network.addresses_.find(address));
  for (const auto& at : std::exchange(state_->listening, {})) network.close_door(at);
  for (const auto& one : state_->attached)
    if (const auto wire = one.wire.lock()) wire->vanish(one.end, reset);
  state_->attached.clear();
}

Result<std::unique_ptr<Listener>> SimulatedHost::listen(const Endpoint& at, Accept accept) {
  struct SimulatedListener final : Listener {
    SimulatedListener(std::shared_ptr<State> host, Endpoint endpoint)
        : state(std::move(host)), at(std::move(endpoint)) {}
    ~SimulatedListener() override {
      if (state->listening.erase({at.address, at.port}) == 0) return;  // the host is gone
      state->network.close_door({at.address, at.port});
    }
    Endpoint local() const override { return at; }

    std::shared_ptr<State> state;
    Endpoint at;
  };
  if (state_->gone) return fail(Fault::resource, "the host is gone");
  auto& doors = state_->network.doors_;
  auto door = std::make_shared<SimulatedNetwork::Door>(state_, std::move(accept));
  if (!doors.try_emplace({at.address, at.port}, std::move(door)).second)
    return fail(Fault::configuration, to_string(at) + ": Address already in use");
  state_->listening.insert({at.address, at.port});
  return std::make_unique<SimulatedListener>(state_, at);
}

Result<std::unique_ptr<Listener>> SimulatedHost::listen_unix(const std::string& path, Accept) {
  return fail(Fault::configuration, path + ": there are no Unix sockets here");
}

Task<Result<std::unique_ptr<Stream>>> SimulatedHost::connect(const Endpoint& to,
                                                             const std::string& source,
                                                             SteadyTime deadline) {
  return connect(state_, to, source, deadline);
}

Task<Result<std::unique_ptr<Stream>>> SimulatedHost::connect(std::shared_ptr<State> state,
                                                             Endpoint to, std::string source,
                                                             SteadyTime deadline) {
  using Made = Result<std::unique_ptr<Stream>>;
  const std::string what = "connect to " + to_string(to);
  if (state->gone) co_return Made(fail(Fault::resource, "the host is gone"));
  auto& network = state->network;
  auto& loop = state->loop;
  const Endpoint from{source.empty() ? state->addresses.front() : source, ++state->last_port};
  if (state->last_port == UINT16_MAX) state->last_port = 20'000;
  const auto line = network.line ? network.line(from, to) : SimulatedLine{};
  ++network.air_->connections;
  const auto answered = loop.steady() + 2 * line.delay;
  if (line.begin == SimulatedLine::Begin::unanswered || !network.addresses_.contains(to.address) ||
      answered >= deadline) {
    ++network.air_->unanswered;
    co_await sleep_until(loop, deadline);
    co_return Made(fail(Fault::deadline, what + ": Connection timed out"));
  }
  co_await sleep_until(loop, answered);
  if (state->gone) co_return Made(fail(Fault::resource, "the host is gone"));
  const auto found = network.doors_.find({to.address, to.port});
  if (line.begin == SimulatedLine::Begin::refused || found == network.doors_.end()) {
    ++network.air_->refused;
    co_return Made(fail(Fault::peer, what + ": Connection refused"));
  }
  const auto door = found->second;
  const auto wire = std::make_shared<SimulatedWire>(network.air_, line);
  wire->ends[0].loop = &loop;
  wire->ends[0].address = from;
  wire->ends[1].loop = &door->host->loop;
  wire->ends[1].address = to;
  state->attach(wire, 0);
  door->host->attach(wire, 1);
  door->host->loop.post([door, wire] {
    auto stream = std::make_unique<SimulatedStream>(wire, 1);
    if (door->open) door->accept(std::move(stream));
  });
  co_return Made(std::make_unique<SimulatedStream>(wire, 0));
}

std::vector<SimulatedHost::Open> SimulatedHost::begun() const {
  std::vector<Open> open;
  for (const auto& one : state_->attached) {
    const auto wire = one.wire.lock();
    if (wire && one.end == 0 && !wire->ends[0].closed)
      open.push_back({wire->ends[1].address, wire->ends[0].last_words});
  }
  return open;
}

}  // namespace malleposte::net
