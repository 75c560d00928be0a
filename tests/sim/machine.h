// Our server in the simulation: the real engine on a simulated machine, life after life. A life
// begins with a start from what the disk holds and ends in a crash (anywhere, also in the middle of
// a write or of a recovery) or in an orderly stop. Dead lives are run to their end where nobody
// sees it, so that nothing of them stays behind.
#pragma once

#include <functional>
#include <memory>
#include <random>
#include <string>

#include "appliance/engine.h"
#include "base/simulated_loop.h"
#include "deliver/simulated_mailboxes.h"
#include "forgetful_store.h"
#include "ledger.h"
#include "net/simulated_network.h"
#include "net/simulated_resolver.h"
#include "spool/simulated_disk.h"
#include "watched_store.h"

namespace malleposte::sim {

// Faults that were put in on purpose.
enum class Planted : std::uint8_t {
  nothing,
  missing_sync,   // each seventh sync only says that it has synced
  lost_outcome,   // outcomes that are answered for and not written
  silent_engine,  // outcomes that the store is never given
};

class Machine {
 public:
  struct Surroundings {
    net::SimulatedNetwork& network;
    const net::SimulatedNames& names;
    Ledger& ledger;
    Trace& trace;
    Findings& findings;
    const config::Settings& settings;
    deliver::SimulatedMailVolume& volume;
    Planted planted;
    std::string address;
    std::string keep;  // a directory for what each life left on the disk; "" for nothing
  };
  // Failures of the disk: asked before each operation of the log.
  std::function<Result<void>(const spool::DiskOperation&)> disk_fault;
  std::function<bool()> read_fails;
  // Of mailboxes: asked before each write, and told of each mail that is there.
  std::function<std::optional<smtp::Ruling>()> mailbox_trouble;
  std::function<void(const std::string& mailbox, const std::string& content)> filed;
  void set_disk_capacity(std::uint64_t octets);
  std::uint64_t disk_used() const;  // 0 while it is down

  Machine(Surroundings with, std::uint64_t seed);
  ~Machine();

  // Starts from the disk, checks what is there against the ledger, listens and delivers. False:
  // it did not start (the disk failed, or it crashed meanwhile), and is down.
  bool start(SteadyTime now);
  // Ends this life at once, as a power cut does.
  void crash();
  // The same before the `operations`-th operation of the disk from now on.
  void crash_in(unsigned operations) { crash_in_ = operations; }
  // As SIGTERM; the life ends when that is done.
  void stop();

  // The end of the simulation.
  void end();

  // Whether there is a life: a loop to be run. After each step reap() must be called: it removes
  // what has died and returns true when it did.
  bool up() const { return life_ != nullptr; }
  bool running() const { return up() && serving_; }
  SimulatedLoop& loop();
  bool reap();
  SteadyTime now() const;

  appliance::Engine& engine();
  spool::Store& store();
  net::SimulatedHost& host();
  unsigned life() const { return lives_; }
  // Sessions that our server says are open, from this address.
  std::size_t sessions_from(const std::string& address) const;
  void set_wall_by(Duration jump);

  // What the store holds now. Nothing else may be under way.
  Holdings read_all();
  // Compares the store with the ledger; nothing may be on its way to the disk.
  void compare();

  struct Figures {
    std::uint64_t crashes = 0, crashes_in_recovery = 0, stops = 0, failed_starts = 0;
    std::uint64_t cleaned_segments = 0, sync_failures = 0, events = 0, outcomes = 0, notices = 0;
    std::uint64_t told_of_success = 0;  // of the notices
  } figures;

 private:
  struct Life;
  void die();
  void keep_image() const;
  void bury(std::unique_ptr<Life> life);
  std::unique_ptr<spool::SimulatedDisk> make_disk();

  Surroundings with_;
  std::mt19937_64 random_;
  Duration wall_ahead_{};  // set by jumps
  std::uint64_t disk_capacity_ = UINT64_MAX;
  spool::DiskImage image_;  // what the disk holds while it is down
  unsigned lives_ = 0;
  unsigned crash_in_ = 0;
  bool serving_ = false;
  bool looking_ = false;  // it is us who read
  std::unique_ptr<Life> life_;
};

}  // namespace malleposte::sim
