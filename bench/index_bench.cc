// Fills the index of the spool with deferred messages, each of a sender in a domain of its own, and
// prints what that costs: octets a message, nanoseconds a change, milliseconds a question. No disk
// and no loop: the index's part alone.
//
//   build/bin/index_bench [messages [recipient domains]]
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <random>

#include "base/simulated_loop.h"
#include "spool/queue_view.h"
#include "spool/search.h"
#include "spool/simulated_disk.h"

namespace malleposte::spool {
namespace {

using namespace std::chrono_literals;

// Time of the processor, so that it matters less what else runs.
struct Clock {
  using duration = std::chrono::nanoseconds;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<Clock, duration>;
  static time_point now() {
    timespec spent{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &spent);
    return time_point(std::chrono::seconds(spent.tv_sec) + duration(spent.tv_nsec));
  }
};

const WallTime start = to_time(1'000'000);

double seconds_since(Clock::time_point since) {
  return std::chrono::duration<double>(Clock::now() - since).count();
}

double resident_mb() {
  std::size_t pages = 0, resident = 0;
  std::ifstream("/proc/self/statm") >> pages >> resident;
  return static_cast<double>(resident) * static_cast<double>(sysconf(_SC_PAGESIZE)) / 1e6;
}

MessageItem item(std::size_t i, std::size_t domains) {
  MessageItem item;
  item.id = {first_id_at(start + Duration(1ms) * i)};
  item.size = 1000 + i * 7919 % 9000;
  item.sender = fmt::format("sender@from{}.example", i);
  item.recipients.emplace_back().address =
      fmt::format("user{}@destination{}.example.net", i, i * 31 % domains);
  return item;
}

constexpr std::string_view replies[] = {
    "mx.example.net (192.0.2.1:25) said: 451 4.7.1 Greylisted, come back later",
    "mx.example.net (192.0.2.1:25) said: 452 4.2.2 Mailbox full",
    "192.0.2.1:25 does not answer",
};
constexpr mail::OutcomeClass classes[] = {
    mail::OutcomeClass::greylisted, mail::OutcomeClass::mailbox_full, mail::OutcomeClass::timeout};

// Prints how long the question takes in all, its longest step, and how many were looked at.
void ask(const Index& index, const char* what, const Filter& filter, std::size_t page) {
  const auto began = Clock::now();
  Search search(index, filter, start + 2h);
  double longest = seconds_since(began);
  for (bool ready = false; !ready;) {
    const auto step = Clock::now();
    ready = search.prepare();
    longest = std::max(longest, seconds_since(step));
  }
  const auto total = search.total();
  std::size_t matching = 0;
  for (bool more = true; more && !(total && search.ordered() && matching >= page);) {
    std::vector<MessageId> found;
    const auto step = Clock::now();
    more = search.step(found, total && search.ordered() ? page : SIZE_MAX);
    longest = std::max(longest, seconds_since(step));
    matching += found.size();
  }
  fmt::print("{:34} {:8.2f} ms {:8.2f} ms {:>10} {:>10}\n", what, seconds_since(began) * 1e3,
             longest * 1e3, total ? *total : matching, search.looked_at());
}

// The same for the domains where most waits.
void ask_destinations(SimulatedLoop& loop, const SpoolState& state) {
  const auto began = Clock::now();
  std::size_t shown = 0;
  spawn([](const SpoolState& of, std::size_t& count) -> Task<void> {
    count = (co_await list_destinations(of, 100)).size();
  }(state, shown));
  for (int i = 0; i < 100 && shown == 0; ++i) loop.run_for(1ms);
  fmt::print("{:34} {:8.2f} ms {:>11} {:>10}\n", "destinations, the first 100",
             seconds_since(began) * 1e3, "", shown);
}

void run(std::size_t messages, std::size_t domains) {
  SimulatedLoop loop(1);
  SimulatedDisk disk;
  SpoolState state(loop, disk, 1 << 20);
  auto& index = state.index;
  const auto resident_before = resident_mb();
  double put_s = 0, lease_s = 0, defer_s = 0;
  const auto now = to_tick(start + 1h);
  std::mt19937_64 random(1);
  for (std::size_t i = 0; i < messages;) {
    constexpr std::size_t batch = 1000;
    std::vector<MessageItem> items;
    for (std::size_t n = 0; n < batch && i < messages; ++n) items.push_back(item(i++, domains));
    auto at = Clock::now();
    for (const auto& one : items) index.put(one, {1, 4096, 1200, 0});
    put_s += seconds_since(at);
    at = Clock::now();
    auto slots = index.lease(now, SIZE_MAX);
    lease_s += seconds_since(at);
    at = Clock::now();
    for (auto slot : slots) {
      const auto kind = random() % 100 < 90 ? 0 : random() % 100 < 90 ? 1 : 2;
      index.update(slot, 0, mail::Fate::queued, 1, start + 2h + Duration(1s) * (random() % 14'400),
                   replies[kind], classes[kind]);
      index.end_lease(slot);
    }
    defer_s += seconds_since(at);
  }
  const auto count = static_cast<double>(messages);
  fmt::print("{} messages of as many sender domains to {} domains\n", messages, domains);
  fmt::print("octets a message: {:.1f} by the index's own count, {:.1f} resident ({:.1f} MB)\n",
             static_cast<double>(index.octets()) / count,
             (resident_mb() - resident_before) * 1e6 / count, resident_mb());
  fmt::print("ns: put {:.0f}, lease {:.0f}, defer {:.0f}", put_s / count * 1e9,
             lease_s / count * 1e9, defer_s / count * 1e9);

  // Of a full queue: some come, and some go.
  constexpr std::size_t some = 100'000;
  std::vector<MessageItem> items;
  for (std::size_t i = 0; i < some; ++i) items.push_back(item(messages + i, domains));
  auto at = Clock::now();
  for (const auto& one : items) index.put(one, {});
  fmt::print("; when full: put {:.0f}", seconds_since(at) / some * 1e9);
  at = Clock::now();
  auto slots = index.lease(now, SIZE_MAX);
  fmt::print(", lease {:.0f}", seconds_since(at) / static_cast<double>(slots.size()) * 1e9);
  at = Clock::now();
  for (auto slot : slots) index.end_lease(slot), index.erase(slot);
  fmt::print(", erase {:.0f}\n\n", seconds_since(at) / static_cast<double>(slots.size()) * 1e9);

  const auto odd = *index.find(item(messages / 2, domains).id);
  index[odd].held = true;
  index.reschedule(odd);
  constexpr std::size_t page = 100;
  fmt::print("{:34} {:>11} {:>11} {:>10} {:>10}\n", "question", "in all", "a step", "matching",
             "looked at");
  ask(index, "everything, first page", {}, page);
  ask(index, "one id", {.id = to_string(index[odd].id)}, page);
  ask(index, "sender", {.sender = fmt::format("sender@from{}.example", messages / 3)}, page);
  ask(index, "sender's domain", {.sender = fmt::format("@from{}.example", messages / 3)}, page);
  ask(index, "sender that is not there", {.sender = "nobody@example.org"}, page);
  ask(index, "recipient", {.recipient = item(messages / 3, domains).recipients[0].address}, page);
  ask(index, "domain", {.domain = "destination7.example.net"}, page);
  Filter site;
  for (std::size_t i = 0; i < domains / 10; ++i)
    site.domains.push_back(fmt::format("destination{}.example.net", i));
  ask(index, "a site: a tenth of the domains", site, page);
  ask(index, "state deferred, first page", {.state = QueueState::deferred}, page);
  ask(index, "state held", {.state = QueueState::held}, page);
  ask(index, "state active, none", {.state = QueueState::active}, page);
  ask(index, "older than an hour", {.older_than = Duration(2h) - Duration(1ms) * (messages / 2)},
      page);
  ask(index, "class greylisted (90 %)", {.outcome_class = mail::OutcomeClass::greylisted}, page);
  ask(index, "class timeout (1 %)", {.outcome_class = mail::OutcomeClass::timeout}, page);
  ask(index, "reply \"mailbox full\" (9 %)", {.reply = "mailbox full"}, page);
  ask(index, "reply that is not there", {.reply = "quota"}, page);
  ask(index, "larger than 9999 octets (0.01 %)", {.larger_than = 9'998}, page);
  ask(index, "larger than all", {.larger_than = 100'000}, page);
  ask_destinations(loop, state);
  ask(index, "domain, state held",
      {.domain = "destination7.example.net", .state = QueueState::held}, page);
}

}  // namespace
}  // namespace malleposte::spool

int main(int count, char** words) {
  const auto number = [&](int i, std::size_t otherwise) {
    return count > i ? std::strtoull(words[i], nullptr, 10) : otherwise;
  };
  malleposte::spool::run(number(1, 1'000'000), number(2, 100'000));
}
