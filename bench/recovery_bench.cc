// How long recovery takes and what memory it needs, with a million deferred messages on a real
// disk. The first run fills the directory, which must be there; each later one starts from what is
// there, and tells.
//
//   build/bin/recovery_bench directory [messages [recipients of each]]
#include <fmt/format.h>

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

void must(bool good, std::string_view what) {
  if (good) return;
  fmt::print(stderr, "{}\n", what);
  std::exit(1);
}

std::unique_ptr<LogStore> open(Loop& loop, const std::string& directory) {
  auto disk = open_file_disk(directory);
  must(disk.has_value(), disk ? "" : disk.error().text);
  auto store = LogStore::open(loop, std::move(*disk), {});
  must(store.has_value(), store ? "" : store.error().text);
  return std::move(*store);
}

std::string status_of(std::string_view field) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with(field)) return line.substr(field.size() + 1);
  return {};
}

Task<void> send(LogStore& store, WallTime now, std::size_t number, std::size_t recipients,
                const std::string& content, std::size_t& left) {
  mail::Envelope envelope;
  envelope.reverse_path = {"sender", "s" + std::to_string(number) + ".example.org"};
  envelope.arrived = now;
  envelope.client_address = "192.0.2.17";
  envelope.client_name = "client.example.org";
  envelope.helo = "client.example.org";
  for (std::size_t i = 0; i < recipients; ++i) {
    const auto one = number * recipients + i;
    envelope.recipients.push_back(
        {"user" + std::to_string(one), "d" + std::to_string(one % 100'000) + ".example.net"});
  }
  auto incoming = store.begin(envelope, content.size());
  must(incoming.has_value(), "no room");
  (void)co_await (*incoming)->append(content);  // commit() tells
  const auto committed = co_await (*incoming)->commit();
  must(committed.status == CommitStatus::durable, committed.why);
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
  const auto settled = co_await store.settle(std::move(settlement));
  must(settled.has_value(), "no outcome was kept");
  --left;
}

void fill(const std::string& directory, std::size_t messages, std::size_t recipients) {
  SimulatedLoop loop(1);
  const auto opened = open(loop, directory);
  auto& store = *opened;
  const std::string content(1024, 'x');
  for (std::size_t done = 0; done < messages; done += at_once) {
    std::size_t left = at_once;
    for (std::size_t i = 0; i < at_once; ++i)
      spawn(send(store, loop.wall(), done + i, recipients, content, left));
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

void start(const std::string& directory) {
  const auto began = std::chrono::steady_clock::now();
  SimulatedLoop loop(2);
  const auto store = open(loop, directory);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  fmt::print("{} messages recovered in {:.2f} s, peak memory {}\n", store->counters().messages,
             took.count(), status_of("VmHWM:"));
}

}  // namespace
}  // namespace malleposte::spool

int main(int count, char** words) {
  using namespace malleposte::spool;
  must(count > 1, "recovery_bench directory [messages [recipients of each]]");
  const auto number = [&](int i, std::size_t otherwise) {
    return count > i ? std::strtoull(words[i], nullptr, 10) : otherwise;
  };
  const std::string directory = words[1];
  if (std::filesystem::exists(std::filesystem::path(directory) / "epochs"))
    start(directory);
  else
    fill(directory, number(2, 1'000'000), number(3, 1));
}
