// Power cuts. A run of the store on a simulated disk is recorded; then, for every operation of it,
// the disk is put into the states that a power cut right there could leave, the store is started
// from each of them (and cut off again while it recovers and cleans), and what it then holds is
// compared with a ledger kept outside of it.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <random>

#include "spool/crash_holdings.h"
#include "spool/recorded_run.h"
#include "spool/recovery.h"
#include "spool/summary.h"

namespace malleposte::spool {
namespace {

std::uint64_t newest_epoch(const DiskImage& image) {
  std::uint64_t newest = 0;
  for (const auto& [name, content] : image) {
    if (!name.starts_with("segment-")) continue;
    const auto header = decode_segment_header(content.substr(0, segment_header_octets));
    if (header.state == HeaderState::used) newest = std::max(newest, header.header.epoch);
  }
  return newest;
}

// Starts a store from what a power cut left and says what is wrong with it; cuts it off again while
// it recovers and cleans, and looks at what that leaves, too. `written` is the disk as it would be
// with all that was written.
std::string verdict(const CrashLedger& ledger, const DiskImage& image, const DiskImage& written,
                    std::size_t operations, std::mt19937_64& random, bool again,
                    WallTime seen = {}) {
  Instance instance(random(), image);
  if (!instance.store) return "does not start: " + instance.error;
  if (instance.store->counters().damaged_records > 0) return "reports damage";
  const auto holdings = holdings_of(instance);
  if (!holdings.error.empty()) return holdings.error;
  auto wrong = ledger.check(*instance.store, holdings, operations, seen);
  if (!wrong.empty() || !again) return wrong;
  instance.loop.run_for(10s);  // cleaning, retiring
  PowerCut cut(instance.disk->start(), instance.disk->operations());
  auto until = random() % (instance.disk->operations().size() + 1);
  while (cut.at() < until) cut.advance();
  auto second = verdict(ledger, random() % 2 ? cut.all() : cut.some(random), cut.all(), operations,
                        random, false, instance.loop.wall());
  if (!second.empty()) return "after a second crash at " + std::to_string(until) + ": " + second;
  const auto used = newest_epoch(written);
  instance.send("one more");
  if (newest_epoch(instance.disk->files()) > used) return {};
  return "epoch " + std::to_string(used) + " is used again";
}

// A summary is a hint: what is found must be the same without it.
bool has_summary(const DiskImage& image) {
  return std::any_of(image.begin(), image.end(),
                     [](const auto& file) { return file.first.starts_with(summary_prefix); });
}

std::string difference_without_summaries(DiskImage image, std::uint64_t seed) {
  Instance with(seed, image);
  std::erase_if(image, [](const auto& file) { return file.first.starts_with(summary_prefix); });
  Instance without(seed, image);
  if (!with.store || !without.store) return "does not start";
  const auto one = with.everything(), other = without.everything();
  return one == other ? "" : "with summaries:\n" + one + "\nand without:\n" + other;
}

struct Findings {
  std::size_t states = 0;
  std::size_t with_summaries = 0;
  std::vector<std::string> wrong;
};

Findings cut_everywhere(RecordedRun& run, std::uint64_t seed, unsigned subsets) {
  Findings findings;
  std::mt19937_64 random(seed);
  PowerCut cut(run.disk().start(), run.disk().operations());
  auto examine = [&](const DiskImage& image, const char* how) {
    ++findings.states;
    auto wrong = verdict(run.ledger, image, cut.all(), cut.at(), random, findings.states % 4 == 0);
    if (wrong.empty() && has_summary(image) && ++findings.with_summaries % 4 == 0)
      wrong = difference_without_summaries(image, seed);
    if (!wrong.empty())
      findings.wrong.push_back("operation " + std::to_string(cut.at()) + " (" + how +
                               "): " + wrong);
  };
  bool changed = true;  // since the last look: a sync changes nothing of what can be read
  while (!cut.at_end() && findings.wrong.size() < 5) {
    if (changed) examine(cut.all(), "prefix");
    changed = cut.next().kind != DiskOperation::Kind::sync;
    if (cut.next().kind == DiskOperation::Kind::sync)
      for (unsigned i = 0; i < subsets; ++i) examine(cut.some(random), "subset");
    cut.advance();
  }
  if (findings.wrong.empty()) examine(cut.all(), "end");
  return findings;
}

unsigned scale() {  // MALLEPOSTE_CRASH_RUNS: more runs for a long test
  const char* text = std::getenv("MALLEPOSTE_CRASH_RUNS");
  return text ? static_cast<unsigned>(std::atoi(text)) : 2;
}

// clause: 5321-6.1-a
TEST(LogStoreCrash, EveryPowerCutKeepsEveryPromise) {
  std::size_t states = 0, with_summaries = 0;
  std::uint64_t cleaned = 0, operations = 0;
  std::size_t warnings = 0, reported = 0, came_back = 0;
  for (std::uint64_t seed = 1; seed <= scale(); ++seed) {
    // One that has been used: the free segments are full of what they held before; and a new one,
    // on which segments are made.
    RecordedRun run(seed, 110, seed % 2 == 1 ? used_disk(seed) : DiskImage{});
    cleaned += run.store().counters().cleaned_segments;
    operations += run.disk().operations().size();
    warnings += run.warnings;
    reported += run.reported;
    came_back += run.ledger.earlier.size();
    auto findings = cut_everywhere(run, seed, 20);
    states += findings.states;
    with_summaries += findings.with_summaries;
    for (const auto& wrong : findings.wrong) ADD_FAILURE() << "seed " << seed << ": " << wrong;
    if (!findings.wrong.empty()) return;
  }
  EXPECT_GT(cleaned, 0u) << "the runs are too short to clean anything";
  EXPECT_GT(with_summaries, 100u);
  EXPECT_GT(warnings, 10u);
  EXPECT_GT(reported, 10u);
  EXPECT_GT(came_back, 10u);
  std::printf(
      "%zu states after power cuts examined, %zu of them with summaries, of %zu disk operations, "
      "%zu segments cleaned, with %zu warnings, %zu notices gathered into reports and %zu messages "
      "that came back\n",
      states, with_summaries, static_cast<std::size_t>(operations),
      static_cast<std::size_t>(cleaned), warnings, reported, came_back);
}

// The same test must find it when a kind of sync is missing, each alone: otherwise it tests
// nothing.
struct Missing {
  const char* what;
  bool (*of)(const DiskOperation&);
};

class AMissingSync : public testing::TestWithParam<Missing> {};

TEST_P(AMissingSync, IsFound) {
  std::size_t examined = 0, wrong = 0;
  std::string first;
  for (std::uint64_t seed = 7; seed < 11; ++seed) {
    // One disk is new, so that segments are made; the others have been used.
    RecordedRun run(seed, 60, seed == 7 ? DiskImage{} : used_disk(seed), GetParam().of);
    std::mt19937_64 random(seed);
    for (PowerCut cut(run.disk().start(), run.disk().operations()); !cut.at_end(); cut.advance()) {
      ++examined;
      // Where a sync is to come or should have been.
      const bool again = !cut.at_end() && cut.next().kind != DiskOperation::Kind::write;
      const auto found = verdict(run.ledger, cut.some(random), cut.all(), cut.at(), random, again);
      if (!found.empty() && wrong++ == 0) first = found;
    }
  }
  EXPECT_GT(wrong, 0u);
  std::printf("without %s %zu of %zu states are found wrong, the first: %s\n", GetParam().what,
              wrong, examined, first.c_str());
}

bool of_a_file(const DiskOperation& operation) {
  return operation.kind == DiskOperation::Kind::sync;
}

INSTANTIATE_TEST_SUITE_P(
    LogStoreCrash, AMissingSync,
    testing::Values(
        Missing{"any", [](const auto&) { return true; }},
        Missing{"what_is_written_durably",
                [](const auto& one) { return of_a_file(one) && one.octets != 0; }},
        Missing{"those_of_whole_segments",
                [](const auto& one) {
                  return of_a_file(one) && one.octets == 0 && one.name != epochs_name;
                }},
        Missing{"those_of_the_epochs",
                [](const auto& one) { return of_a_file(one) && one.name == epochs_name; }},
        Missing{"those_of_the_directory", [](const auto& one) { return !of_a_file(one); }}),
    [](const auto& info) { return std::string(info.param.what); });

}  // namespace
}  // namespace malleposte::spool
