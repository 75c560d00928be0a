// How long recovery takes and what memory it needs, with a million deferred messages on a real
// disk. Not part of a normal run: MALLEPOSTE_BENCH_DIRECTORY=/somewhere/large
//   spool_test --gtest_also_run_disabled_tests --gtest_filter='*RecoveryBench*'
// fills that directory (MALLEPOSTE_BENCH_MESSAGES says with how many,
// MALLEPOSTE_BENCH_RECIPIENTS to how many each), or takes what is there.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/simulated_loop.h"
#include "spool/file_disk.h"
#include "spool/log_store.h"

namespace malleposte::spool {
namespace {

using namespace std::chrono_literals;
constexpr std::size_t at_once = 500;

std::size_t number_in(const char* name, std::size_t otherwise) {
  const char* text = std::getenv(name);
  return text != nullptr ? std::strtoull(text, nullptr, 10) : otherwise;
}

std::size_t recipients_each() {
  static const auto number = number_in("MALLEPOSTE_BENCH_RECIPIENTS", 1);
  return number;
}

std::string status_of(std::string_view field) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with(field)) return line.substr(field.size() + 1);
  return {};
}

Task<void> send(LogStore& store, WallTime now, std::size_t number, const std::string& content,
                std::size_t& left) {
  mail::Envelope envelope;
  envelope.reverse_path = {"sender", "s" + std::to_string(number) + ".example.org"};
  envelope.arrived = now;
  envelope.client_address = "192.0.2.17";
  envelope.client_name = "client.example.org";
  envelope.helo = "client.example.org";
  for (std::size_t i = 0; i < recipients_each(); ++i) {
    const auto one = number * recipients_each() + i;
    envelope.recipients.push_back(
        {"user" + std::to_string(one), "d" + std::to_string(one % 100'000) + ".example.net"});
  }
  auto incoming = store.begin(envelope, content.size());
  EXPECT_TRUE(incoming);
  EXPECT_TRUE(co_await (*incoming)->append(content));
  EXPECT_EQ((co_await (*incoming)->commit()).status, CommitStatus::durable);
  --left;
}

Task<void> defer(LogStore& store, Lease lease, WallTime next, std::size_t& left) {
  Settlement settlement;
  settlement.id = lease.id;
  for (const auto& recipient : lease.recipients) {
    mail::Outcome outcome;
    outcome.recipient = recipient.index;
    outcome.next_attempt = next;
    outcome.answer = {"mx.example.net", "192.0.2.1:25", 451, "4.7.1", "Later", {}};
    settlement.outcomes.push_back(std::move(outcome));
  }
  EXPECT_TRUE(co_await store.settle(std::move(settlement)));
  --left;
}

void fill(const std::string& directory, std::size_t messages) {
  SimulatedLoop loop(1);
  auto opened = LogStore::open(loop, *open_file_disk(directory), {});
  ASSERT_TRUE(opened) << opened.error().text;
  auto& store = **opened;
  const std::string content(1024, 'x');
  for (std::size_t done = 0; done < messages; done += at_once) {
    std::size_t left = at_once;
    for (std::size_t i = 0; i < at_once; ++i)
      spawn(send(store, loop.wall(), done + i, content, left));
    while (left > 0) loop.run_for(1ms);
    auto leases = store.lease(loop.wall(), at_once);
    left = leases.size();
    for (auto& lease : leases) spawn(defer(store, std::move(lease), loop.wall() + 100h, left));
    while (left > 0) loop.run_for(1ms);
  }
  loop.run_for(10min);  // summaries
  bool drained = false;
  spawn([](LogStore& over, bool& done) -> Task<void> {
    co_await over.drain();
    done = true;
  }(store, drained));
  while (!drained) loop.run_for(5ms);
}

TEST(RecoveryBench, DISABLED_AMillionDeferred) {
  const char* directory = std::getenv("MALLEPOSTE_BENCH_DIRECTORY");
  ASSERT_TRUE(directory != nullptr);
  const auto messages = number_in("MALLEPOSTE_BENCH_MESSAGES", 1'000'000);
  if (!std::filesystem::exists(std::filesystem::path(directory) / "epochs"))
    return fill(directory, messages);
  const auto began = std::chrono::steady_clock::now();
  SimulatedLoop loop(2);
  auto opened = LogStore::open(loop, *open_file_disk(directory), {});
  const auto took = std::chrono::steady_clock::now() - began;
  ASSERT_TRUE(opened) << opened.error().text;
  std::printf("%zu messages recovered in %.2f s, peak memory %s\n",
              static_cast<std::size_t>((*opened)->counters().messages),
              std::chrono::duration<double>(took).count(), status_of("VmHWM:").c_str());
}

}  // namespace
}  // namespace malleposte::spool
