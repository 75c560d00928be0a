// The engine: everything between a session that brings mail and a delivery that takes it away, put
// together over the four seams (loop, disk, network, names). It knows nothing of the machine it
// runs on: no process, signal, port below 1024, file or log. `Appliance` runs it on the real world,
// the simulator (tests/sim) on a simulated one; so both have the same wiring. Loop thread.
//
// In order: recover(), compose(), open(), start(); at the end stop(), drain(), let_go().
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "appliance/recipients.h"
#include "base/ip_address.h"
#include "config/settings.h"
#include "deliver/dispatcher.h"
#include "deliver/own_addresses.h"
#include "deliver/route_table.h"
#include "monitor/traffic.h"
#include "net/resolver.h"
#include "net/stream.h"
#include "receive/front_door.h"
#include "spool/log_store.h"

namespace malleposte::appliance {

class Engine {
 public:
  // `record` is told what happens, after it was counted. The settings are read at compose(), and by
  // deliveries all the time. All of them outlive the engine.
  Engine(Loop& loop, monitor::Record& record, const config::Settings& settings);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // Recovers what the disk holds; blocking, before the loop runs. Errors as LogStore::open. A
  // message of more than `inline_most` octets streams out as CHUNKs; 0: as LogStoreOptions says.
  Result<void> recover(std::unique_ptr<spool::Disk> disk, std::size_t inline_most = 0);

  // Makes the parts. `store` is what they keep mail in: store(), or something in front of it.
  // `machine`: the addresses of this machine's interfaces.
  void compose(net::Network& network, net::Resolver& resolver, spool::Store& store,
               deliver::Mailboxes& mailboxes, std::vector<IpAddress> machine);

  // Listens; the Error says which address cannot be listened at.
  Result<void> open() { return door_->open(); }
  // Begins to deliver.
  void start() { dispatcher_->start(); }
  // Sessions and deliveries that begin from now on follow the settings as they are now.
  void reload(std::vector<IpAddress> machine);

  // The orderly end: no new sessions, those that are open get 421 or the answer to their message
  // (limits::session_grace); at the same time deliveries past their final dot are waited for
  // (limits::delivery_grace), then what became of them is written down (limits::outcome_grace).
  // Says what it waits for. Returns once there is neither session nor delivery, after little more
  // than the last two together at the latest.
  Task<void> stop();
  // While it stops: ends what may be ended now. Mail without a 250 stays with its client, a
  // delivery without an answer stays in the queue; what was answered is still written down.
  void hasten();
  // Returns once nothing is on its way to the disk; behind stop(), or a start that failed halfway.
  Task<void> drain() { return store_->drain(); }
  // The system had no descriptor for a connection.
  void out_of_descriptors();
  // Cuts off all sessions now.
  void abort();
  // Ends sessions and deliveries for good, once nothing runs any more that could come back to them.
  // The store stays, since a lane may be making its next segment: let that end before the
  // destructor.
  void let_go();

  bool recovered() const { return store_ != nullptr; }
  spool::LogStore& store() { return *store_; }
  const spool::LogStore& store() const { return *store_; }
  receive::FrontDoor& door() { return *door_; }
  const receive::FrontDoor& door() const { return *door_; }
  deliver::Dispatcher& dispatcher() { return *dispatcher_; }
  const deliver::Dispatcher& dispatcher() const { return *dispatcher_; }
  monitor::Traffic& traffic() { return traffic_; }
  // Behind compose(); always the ones in force.
  const deliver::OwnAddresses& own() const { return *own_; }
  const deliver::RouteTable& routes() const { return *routes_; }

 private:
  void say(const std::string& text);
  void warn(const std::string& text);

  Loop& loop_;
  const config::Settings& settings_;
  monitor::Traffic traffic_;
  std::unique_ptr<spool::LogStore> store_;
  std::optional<deliver::OwnAddresses> own_;
  std::optional<deliver::RouteTable> routes_;
  std::optional<Recipients> recipients_;
  std::unique_ptr<deliver::Dispatcher> dispatcher_;
  std::unique_ptr<receive::FrontDoor> door_;
};

}  // namespace malleposte::appliance
