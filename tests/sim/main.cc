// malleposte_sim: runs the simulation for many seeds and says what was found.
//
//   malleposte_sim [--seeds N] [--first S]   the kept seeds, then N seeds from S on
//   malleposte_sim --seed S [--trace] [--keep DIR]   one seed, with all that happened, and with
//   what
//                                            each life left on the disk, for `malleposte spool
//                                            dump`
//   malleposte_sim --planted sync|outcome|silence   seeds until the planted fault is found
//   malleposte_sim --same N                  N seeds twice: each must be the same run
//
// The last line counts: `sim: N passed, M failed`; the exit status is 0 when nothing failed.
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>

#include "world.h"

namespace malleposte::sim {
namespace {

struct Totals {
  std::uint64_t seeds = 0, hours = 0, sessions = 0, acknowledged = 0, refused = 0, deliveries = 0,
                notices = 0, lives_crashed = 0, crashed_in_recovery = 0, stopped = 0;
  std::uint64_t resets = 0, swallowed = 0, refused_connects = 0, unanswered = 0, left = 0;
  std::uint64_t disk_errors = 0, full_disks = 0, name_failures = 0, clock_jumps = 0, acts = 0;
  std::uint64_t cleaned = 0, operations = 0, restored = 0, orders = 0, read_errors = 0, filed = 0,
                mailbox_troubles = 0;
  std::uint64_t bounced = 0, expired = 0, told_of_success = 0, deleted = 0, replaced = 0,
                from_stranger = 0, connections = 0;
  double virtual_hours = 0;

  void add(const World& world) {
    ++seeds;
    virtual_hours += static_cast<double>(world.figures().virtual_time.count()) / 3.6e9;
    sessions += world.clients().sessions;
    acknowledged += world.clients().accepted;
    refused += world.clients().refused;
    left += world.clients().left;
    deliveries += world.hops().recipients;
    acts += world.hops().acts;
    notices += world.figures().accounts.generated;
    resets += world.network().resets;
    swallowed += world.network().swallowed;
    refused_connects += world.network().refused;
    unanswered += world.network().unanswered;
    disk_errors += world.figures().disk_errors;
    full_disks += world.figures().full_disks;
    name_failures += world.figures().name_failures;
    clock_jumps += world.figures().clock_jumps;
    operations += world.figures().operations;
    restored += world.figures().restored;
    orders += world.figures().orders;
    read_errors += world.figures().read_errors;
    filed += world.figures().filed;
    mailbox_troubles += world.figures().mailbox_troubles;
    bounced += world.figures().accounts.bounced;
    expired += world.figures().accounts.expired;
    deleted += world.figures().accounts.deleted;
    replaced += world.figures().accounts.replaced;
    from_stranger = std::max(from_stranger, world.figures().most_from_stranger);
    connections = std::max(connections, world.figures().most_connections);
    lives_crashed += world.machine().crashes;
    crashed_in_recovery += world.machine().crashes_in_recovery;
    stopped += world.machine().stops;
    told_of_success += world.machine().told_of_success;
    cleaned += world.machine().cleaned_segments;
  }

  void print(double seconds) const {
    fmt::print(
        "{} seeds, {:.0f} virtual hours, {} sessions, {} messages acknowledged, {} refused\n",
        seeds, virtual_hours, sessions, acknowledged, refused);
    fmt::print(
        "recipients: {} deliveries to hosts, {} into mailboxes, {} bounced, {} expired, {} "
        "deleted; {} DSNs, {} of them of success, {} gathered\n",
        deliveries, filed, bounced, expired, deleted, notices, told_of_success, replaced);
    fmt::print(
        "{} crashes ({} of them in a recovery), {} orderly stops, {} segments cleaned; {} "
        "operator actions ({} removals taken back), {} standing orders\n",
        lives_crashed, crashed_in_recovery, stopped, cleaned, operations, restored, orders);
    fmt::print(
        "faults: {} connections reset, {} half-open, {} refused, {} unanswered; {} clients left; "
        "{} acts of next hops; {} failed writes and syncs, {} failed reads, {} full disks; {} "
        "failed look-ups, {} failed writes of mailboxes; {} clock jumps\n",
        resets, swallowed, refused_connects, unanswered, left, acts, disk_errors, read_errors,
        full_disks, name_failures, mailbox_troubles, clock_jumps);
    fmt::print("at most: {} sessions of one stranger, {} connections to one host\n", from_stranger,
               connections);
    fmt::print("{:.1f} s\n", seconds);
  }
};

void tell(const World& world, std::uint64_t seed) {
  fmt::print("seed {} failed:\n", seed);
  for (const auto& finding : world.findings().all())
    fmt::print("  {}: {}\n", finding.checker, finding.text);
  fmt::print("the last that happened:\n");
  for (const auto& line : world.trace().last()) fmt::print("  {}\n", line);
  fmt::print("reproduce: ./dev sim --seed {}\n", seed);
}

std::vector<std::uint64_t> kept_seeds(const std::string& file) {
  std::vector<std::uint64_t> seeds;
  std::ifstream lines(file);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::uint64_t seed = 0;
    if (words >> seed) seeds.push_back(seed);
  }
  return seeds;
}

struct Arguments {
  std::uint64_t seeds = 20, first = 1, same = 0;
  std::optional<std::uint64_t> seed;
  std::string planted, keep;
  bool trace = false;
};

int usage() {
  fmt::print(stderr,
             "malleposte_sim [--seeds N] [--first S] | --seed S [--trace] [--keep DIR] | --planted "
             "sync|outcome|silence | --same N\n");
  return 2;
}

int finish(unsigned passed, unsigned failed) {
  fmt::print("sim: {} passed, {} failed\n", passed, failed);
  return failed == 0 ? 0 : 1;
}

int run_seeds(const std::vector<std::uint64_t>& seeds, bool aloud, const std::string& keep) {
  Totals totals;
  unsigned passed = 0, failed = 0;
  std::uint64_t hash = 0;
  const auto start = std::chrono::steady_clock::now();
  for (const auto seed : seeds) {
    World world({seed, Planted::nothing, aloud, keep});
    world.run();
    totals.add(world);
    hash = world.trace().hash();
    if (world.findings().empty()) {
      ++passed;
    } else {
      ++failed;
      tell(world, seed);
    }
    std::fflush(stdout);
  }
  if (seeds.size() == 1) fmt::print("seed {}: trace {:016x}\n", seeds.front(), hash);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  totals.print(seconds.count());
  return finish(passed, failed);
}

// A fault that nobody finds would mean that the checkers check nothing.
int run_planted(Planted planted, std::string_view name, std::uint64_t seeds) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    World world({seed, planted, false, ""});
    world.run();
    if (world.findings().empty()) continue;
    const auto& finding = world.findings().all().front();
    fmt::print("planted {}: found by seed {}: {}: {}\n", name, seed, finding.checker, finding.text);
    return finish(1, 0);
  }
  fmt::print("planted {}: not found by {} seeds\n", name, seeds);
  return finish(0, 1);
}

int run_twice(std::uint64_t seeds, std::uint64_t first) {
  unsigned passed = 0, failed = 0;
  for (std::uint64_t seed = first; seed < first + seeds; ++seed) {
    std::uint64_t hashes[2], lines[2];
    for (int i = 0; i < 2; ++i) {
      World world({seed, Planted::nothing, false, ""});
      world.run();
      hashes[i] = world.trace().hash();
      lines[i] = world.trace().lines();
    }
    if (hashes[0] == hashes[1]) {
      ++passed;
    } else {
      ++failed;
      fmt::print("seed {} is not the same twice: {} and {} lines\n", seed, lines[0], lines[1]);
    }
  }
  return finish(passed, failed);
}

int run(int count, char** words) {
  Arguments arguments;
  for (int i = 1; i < count; ++i) {
    const std::string word = words[i];
    if (word == "--trace") {
      arguments.trace = true;
      continue;
    }
    if (i + 1 == count) return usage();
    const char* value = words[++i];
    if (word == "--keep") {
      arguments.keep = value;
      continue;
    }
    if (word == "--planted") {
      arguments.planted = value;
      continue;
    }
    char* end = nullptr;
    const auto number = std::strtoull(value, &end, 10);
    if (*value == '\0' || *end != '\0') return usage();
    if (word == "--seeds")
      arguments.seeds = number;
    else if (word == "--first")
      arguments.first = number;
    else if (word == "--seed")
      arguments.seed = number;
    else if (word == "--same")
      arguments.same = number;
    else
      return usage();
  }
  if (arguments.planted == "sync")
    return run_planted(Planted::missing_sync, "missing sync", arguments.seeds);
  if (arguments.planted == "outcome")
    return run_planted(Planted::lost_outcome, "lost outcome", arguments.seeds);
  if (arguments.planted == "silence")
    return run_planted(Planted::silent_engine, "silent engine", arguments.seeds);
  if (!arguments.planted.empty()) return usage();
  if (arguments.same > 0) return run_twice(arguments.same, arguments.first);
  if (arguments.seed) return run_seeds({*arguments.seed}, arguments.trace, arguments.keep);
  auto seeds = kept_seeds(MALLEPOSTE_SOURCE_DIR "/tests/sim/seeds.txt");
  for (std::uint64_t i = 0; i < arguments.seeds; ++i) seeds.push_back(arguments.first + i);
  return run_seeds(seeds, arguments.trace, arguments.keep);
}

}  // namespace
}  // namespace malleposte::sim

int main(int count, char** words) {
  return malleposte::sim::run(count, words);
}
