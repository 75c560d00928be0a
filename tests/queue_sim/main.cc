// The scheduler in simulation: runs of the model from seeds, watched by the checkers, and the
// figures of docs/scheduler.md.
//
//   malleposte_scheduler_sim [--seeds N] [--first S]   runs; 200 from 1 unless told otherwise
//   malleposte_scheduler_sim --planted [--seeds N]     for each checker a fault, until it is found
//   malleposte_scheduler_sim --figures [--plot FILE]   figures; the plot of the cost as SVG
#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string_view>

#include "figures.h"
#include "model.h"

namespace malleposte::queue_sim {
namespace {

struct Options {
  std::uint64_t seeds = 200, first = 1;
  bool figures = false, planted = false;
  const char* plot = nullptr;
};

// What the checkers have to say about the run of a seed, each with its name before it.
std::vector<std::string> run(std::uint64_t seed, std::uint64_t& jobs, Fault fault = Fault::none) {
  const auto plan = plan_of(seed);
  Model model(plan, seed, fault);
  std::vector<std::unique_ptr<Checker>> made;
  std::vector<Checker*> watchers;
  for (const auto& checker : checkers) {
    made.push_back(checker.make(plan, model.scheduler()));
    watchers.push_back(made.back().get());
  }
  model.watch(std::move(watchers));
  model.run();
  jobs += plan.arrivals.size();
  std::vector<std::string> complaints;
  for (std::size_t i = 0; i < made.size(); ++i)
    for (const auto& complaint : made[i]->complaints())
      complaints.push_back(fmt::format("{}: {}", checkers[i].name, complaint));
  return complaints;
}

int run_seeds(const Options& options) {
  std::uint64_t failed = 0, jobs = 0;
  for (auto seed = options.first; seed < options.first + options.seeds; ++seed) {
    const auto complaints = run(seed, jobs);
    if (complaints.empty()) continue;
    ++failed;
    fmt::print("seed {} failed\n", seed);
    for (const auto& complaint : complaints) fmt::print("  {}\n", complaint);
  }
  fmt::print("{} seeds, {} messages, {} checkers\n", options.seeds, jobs, std::size(checkers));
  fmt::print("sim: {} passed, {} failed\n", options.seeds - failed, failed);
  return failed == 0 ? 0 : 1;
}

// The first thing that a checker says of a fault.
std::string found(const NamedChecker& checker, const Options& options) {
  std::uint64_t jobs = 0;
  for (auto seed = options.first; seed < options.first + options.seeds; ++seed)
    for (const auto& complaint : run(seed, jobs, checker.fault))
      if (complaint.starts_with(checker.name))
        return fmt::format("found by seed {}: {}", seed, complaint);
  return {};
}

int run_planted(const Options& options) {
  std::size_t passed = 0;
  for (const auto& checker : checkers) {
    const auto finding = found(checker, options);
    passed += !finding.empty();
    fmt::print("planted for {}: {}\n", checker.name, finding.empty() ? "not found" : finding);
  }
  const auto failed = std::size(checkers) - passed;
  fmt::print("sim: {} passed, {} failed\n", passed, failed);
  return failed == 0 ? 0 : 1;
}

int show_figures(const Options& options) {
  const bool kept[] = {trickle_beside_bulk(), sick_among_healthy()};
  constexpr std::uint64_t most = 10'000'000;
  const std::vector costs{cost_of_a_message(most, 1000, 100), cost_of_a_message(most, 100, 10)};
  if (options.plot != nullptr) std::ofstream(options.plot) << drawn(costs);
  const auto passed = kept[0] + kept[1];
  fmt::print("sim: {} passed, {} failed\n", passed, 2 - passed);
  return passed == 2 ? 0 : 1;
}

int usage() {
  fmt::print(stderr,
             "usage: malleposte_scheduler_sim [--seeds N] [--first S]\n"
             "       malleposte_scheduler_sim --planted [--seeds N]\n"
             "       malleposte_scheduler_sim --figures [--plot FILE]\n");
  return 2;
}

int main(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    const char* value = i + 1 < argc ? argv[i + 1] : nullptr;
    if (word == "--figures" || word == "--planted") {
      (word == "--figures" ? options.figures : options.planted) = true;
      continue;
    }
    if (value == nullptr) return usage();
    if (word == "--seeds")
      options.seeds = std::strtoull(value, nullptr, 10);
    else if (word == "--first")
      options.first = std::strtoull(value, nullptr, 10);
    else if (word == "--plot")
      options.plot = value;
    else
      return usage();
    ++i;
  }
  if (options.figures) return show_figures(options);
  return options.planted ? run_planted(options) : run_seeds(options);
}

}  // namespace
}  // namespace malleposte::queue_sim

int main(int argc, char** argv) {
  return malleposte::queue_sim::main(argc, argv);
}
