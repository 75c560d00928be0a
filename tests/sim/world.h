// One run of the simulation: our server, its clients, its next hops, the names, the operator, and
// the weather they live in; all from a seed. A run has a storm, in which everything fails that can,
// and then heals: what is left must drain.
#pragma once

#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "client.h"
#include "machine.h"
#include "next_hop.h"

namespace malleposte::sim {

class World {
 public:
  struct Options {
    std::uint64_t seed = 1;
    Planted planted = Planted::nothing;
    bool aloud = false;  // prints the trace
    std::string keep;    // a directory for what each life left on the disk; "" for nothing
  };
  struct Figures {
    std::uint64_t clock_jumps = 0, disk_errors = 0, full_disks = 0, name_failures = 0,
                  host_spells = 0, network_spells = 0, operations = 0, restored = 0, orders = 0,
                  filed = 0, mailbox_troubles = 0;
    std::uint64_t most_from_stranger = 0, most_connections = 0, read_errors = 0;
    Duration virtual_time{};
    spool::Accounts accounts;
  };

  explicit World(Options options);
  ~World();

  // The whole run; findings() says what was wrong.
  void run();

  const Findings& findings() const { return findings_; }
  const Trace& trace() const { return trace_; }
  const Figures& figures() const { return figures_; }
  const Machine::Figures& machine() const { return machine_->figures; }
  const Client::Figures& clients() const { return client_figures_; }
  const NextHop::Figures& hops() const { return hop_figures_; }
  const net::SimulatedAir& network() const { return network_.figures(); }

 private:
  // How much of what goes wrong now, each in thousandths.
  struct Weather {
    unsigned refused = 0, unanswered = 0, resets = 0, swallows = 0, slow = 0;
    unsigned write_errors = 0, sync_errors = 0, read_errors = 0;
    unsigned servfail = 0, dns_time_out = 0;
    unsigned mailbox_troubles = 0;
    unsigned acts = 0;
  };

  bool chance(unsigned thousandths) { return random_() % 1000 < thousandths; }
  Duration up_to(Duration most) {
    return Duration(
        static_cast<Duration::rep>(random_() % static_cast<std::uint64_t>(most.count() + 1)));
  }
  template <class T>
  const T& one_of(const std::vector<T>& all) {
    return all[random_() % all.size()];
  }

  // world_setup.cc
  void configure();
  void make_names();
  void make_hops();
  net::SimulatedLine line(const net::Endpoint& from, const net::Endpoint& to);
  NextHop::Script script();
  std::string notify();
  Mail make_mail();
  void took(const std::string& host, const std::string& sender, const std::string& recipient,
            const std::string& content, Take take);
  void filed(const std::string& mailbox, const std::string& content);

  // world_operator.cc
  Task<void> operate();
  Task<void> apply(spool::Filter filter, spool::Action action);
  void act();
  spool::Action draw_action();
  Task<void> give_order();
  Task<void> cancel_order(std::uint64_t number);
  Task<void> let_go();

  // world_events.cc
  Task<void> send_mail(Client& client, bool stranger);
  Task<void> change_weather();
  Task<void> bring_crashes();
  void change_names();
  void move_mailboxes();
  void heal();

  // world.cc
  bool step();
  void run_until(SteadyTime until, const std::function<bool()>& enough);
  void keep_up();
  void drain();
  bool quiet();

  Options options_;
  std::mt19937_64 random_;
  Trace trace_;
  Findings findings_;
  Figures figures_;
  SimulatedLoop outside_;
  net::SimulatedNetwork network_;
  net::SimulatedNames names_;
  config::Settings settings_;
  Ledger ledger_;
  Weather weather_;
  Duration storm_{};
  bool storming_ = true;
  Duration jumped_back_{};
  std::size_t active_ = 0;  // coroutines of ours that are under way
  unsigned last_token_ = 0;
  unsigned mails_left_ = 0;
  bool one_sender_ = false;
  SteadyTime start_again_ = never;
  std::uint64_t steps_ = 0;
  std::vector<std::string> domains_;               // where mail can be delivered
  std::vector<std::string> broken_domains_;        // where it never can
  std::vector<std::string> origins_;               // of senders
  std::map<std::string, std::string> host_names_;  // by address
  deliver::SimulatedMailVolume volume_, aside_;  // aside: mailboxes that are taken away for a while
  std::unique_ptr<Machine> machine_;
  std::vector<std::unique_ptr<net::SimulatedHost>> client_hosts_;
  Client::Figures client_figures_;
  std::vector<std::unique_ptr<Client>> clients_;
  std::unique_ptr<Client> stranger_;
  NextHop::Figures hop_figures_;
  std::vector<std::unique_ptr<NextHop>> hops_;
};

}  // namespace malleposte::sim
