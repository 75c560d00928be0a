#include "figures.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <random>

#include "model.h"

namespace malleposte::queue_sim {
namespace {

using namespace std::chrono_literals;

// Messages and waits of some of the mail.
class Account final : public Checker {
 public:
  using Counts = std::function<bool(const Passenger&)>;
  Account(const Plan& plan, const queue::Scheduler& scheduler, Counts counts)
      : Checker(plan, scheduler), counts_(std::move(counts)) {}

  void begins(const Passenger& job, bool, SteadyTime now) override {
    if (counts_(job)) waits_.push_back(now - job.due);
  }
  void delivered(const Passenger& job, SteadyTime) override {
    if (counts_(job)) ++delivered_;
  }

  std::uint64_t all_delivered() const { return delivered_; }
  // The wait that so many in a thousand do not exceed.
  Duration wait(std::size_t per_mille) {
    if (waits_.empty()) return {};
    const auto at =
        waits_.begin() + static_cast<std::ptrdiff_t>((waits_.size() - 1) * per_mille / 1000);
    std::nth_element(waits_.begin(), at, waits_.end());
    return *at;
  }

 private:
  Counts counts_;
  std::vector<Duration> waits_;
  std::uint64_t delivered_ = 0;
};

Account account(const Plan& plan, Duration time, Account::Counts counts) {
  Model model(plan, 1);
  Account account(plan, model.scheduler(), std::move(counts));
  model.watch({&account});
  model.run(beginning + time);
  return account;
}

double ms(Duration time) {
  return static_cast<double>(time.count()) / 1000;
}

double per_second(std::uint64_t count, Duration time) {
  return static_cast<double>(count) / std::chrono::duration<double>(time).count();
}

void sort(Plan& plan) {
  std::sort(plan.arrivals.begin(), plan.arrivals.end(),
            [](const Arrival& a, const Arrival& b) { return a.at < b.at; });
}

}  // namespace

bool trickle_beside_bulk() {
  constexpr std::uint32_t sites = 50, bulk_senders = 20;
  constexpr std::size_t messages = 1'000'000;
  constexpr Duration time = 80s;  // in which the bulk does not come to its end
  const auto plan_with = [&](unsigned trickle_per_second) {
    Plan plan;
    plan.slots = limits::deliveries_in_all;
    Habits habits;
    habits.connect = 20ms;
    habits.service = 50ms;
    plan.sites.assign(sites, habits);
    plan.limits.resize(sites);
    std::mt19937_64 random(1);
    const auto any = [&](std::uint64_t below) {
      return static_cast<std::uint32_t>(random() % below);
    };
    for (std::size_t i = 0; i < messages; ++i)
      plan.arrivals.push_back({beginning, any(sites), {.sender = any(bulk_senders)}});
    const auto span = static_cast<std::uint64_t>(time.count());
    for (std::size_t i = 0; i < trickle_per_second * (time / 1s); ++i)
      plan.arrivals.push_back({beginning + Duration(random() % span),
                               any(sites),
                               {.sender = bulk_senders + any(100'000)}});
    sort(plan);
    return plan;
  };
  const auto bulk = [](const Passenger& job) { return job.terms.sender < bulk_senders; };
  const auto small = [](const Passenger& job) { return job.terms.sender >= bulk_senders; };
  const auto alone = account(plan_with(0), time, bulk).all_delivered();
  fmt::print("{} bulk messages of {} senders to {} sites: {:.0f} a second\n", messages,
             bulk_senders, sites, per_second(alone, time));
  bool kept = true;
  for (const unsigned trickle : {30, 100, 300, 500}) {
    const auto plan = plan_with(trickle);
    const auto left = account(plan, time, bulk).all_delivered();
    auto others = account(plan, time, small);
    const auto share = 100.0 * static_cast<double>(left) / static_cast<double>(alone);
    fmt::print(
        "  small senders, {:3} a second: wait p50 {:.0f} ms, p99 {:.0f} ms; bulk keeps "
        "{:.1f} %\n",
        trickle, ms(others.wait(500)), ms(others.wait(990)), share);
    kept &= others.wait(990) < 1s && share >= 80;
  }
  fmt::print("  wanted: p99 below 1000 ms, bulk at least 80 %: {}\n", kept ? "kept" : "NOT KEPT");
  return kept;
}

bool sick_among_healthy() {
  constexpr std::uint32_t sites = 10'000;
  constexpr Duration time = 20min;
  // Every 100th site is slow, every 100th dead; or these have no mail at all.
  const auto slow = [](std::uint32_t site) { return site % 100 == 17; };
  const auto dead = [](std::uint32_t site) { return site % 100 == 71; };
  const auto plan_with = [&](bool sick, double load) {
    Plan plan;
    plan.slots = limits::deliveries_in_all;
    plan.limits.resize(sites);
    plan.sites.resize(sites);
    for (std::uint32_t site = 0; site < sites; ++site) {
      auto& habits = plan.sites[site];
      habits.connect = 20ms;
      habits.service = slow(site) ? 20s : 80ms;
      if (dead(site)) habits.down_from = SteadyTime{}, habits.silent = true;
    }
    std::mt19937_64 random(1);
    const auto span = static_cast<std::uint64_t>(time.count());
    // What the slots can carry at best, with a connection for each message.
    const auto capacity = static_cast<double>(plan.slots) / 0.1;
    const auto messages =
        static_cast<std::size_t>(load * capacity * static_cast<double>(time / 1s));
    for (std::size_t i = 0; i < messages; ++i) {
      const Arrival arrival{beginning + Duration(load < 1 ? random() % span : 0),
                            static_cast<std::uint32_t>(random() % sites),
                            {}};
      if (sick || (!slow(arrival.site) && !dead(arrival.site))) plan.arrivals.push_back(arrival);
    }
    sort(plan);
    return plan;
  };
  const auto healthy = [&](const Passenger& job) { return !slow(job.site) && !dead(job.site); };
  bool kept = true;
  for (const double load : {0.7, 1.5}) {
    const auto without = account(plan_with(false, load), time, healthy);
    auto with = account(plan_with(true, load), time, healthy);
    const auto share = 100.0 * static_cast<double>(with.all_delivered()) /
                       static_cast<double>(without.all_delivered());
    fmt::print(
        "{} sites, 1 % slow, 1 % dead, {}: {:.0f} a second to the healthy, {:.1f} % of {:.0f} "
        "without the sick\n",
        sites, load < 1 ? "70 % of what the slots can carry" : "more than the slots can carry",
        per_second(with.all_delivered(), time), share, per_second(without.all_delivered(), time));
    if (load < 1)
      fmt::print("  their wait: p50 {:.0f} ms, p99 {:.0f} ms\n", ms(with.wait(500)),
                 ms(with.wait(990)));
    kept &= share >= 95;
  }
  fmt::print("  wanted: at least 95 %: {}\n", kept ? "kept" : "NOT KEPT");
  return kept;
}

Costs cost_of_a_message(std::uint64_t most, std::uint32_t sites, std::uint32_t senders) {
  constexpr std::uint64_t measured = 500'000;
  Costs costs{fmt::format("{} sites, {} senders each", sites, senders), {}};
  fmt::print("a message added and given out, {}:\n", costs.name);
  for (std::uint64_t waiting = 1000; waiting <= most; waiting *= 10) {
    queue::Scheduler scheduler(limits::deliveries_in_all);
    for (std::uint32_t site = 0; site < sites; ++site) scheduler.answered(scheduler.add_site());
    std::mt19937_64 random(1);
    std::uint64_t number = 0;
    const auto add = [&] {
      const auto drawn = random();
      scheduler.add(static_cast<std::uint32_t>(drawn % sites), {mail::MessageId{++number}, 0},
                    {.sender = static_cast<std::uint32_t>((drawn >> 32) % senders)});
    };
    while (scheduler.waiting() < waiting) add();
    auto now = beginning;
    const auto start = std::clock();
    for (std::uint64_t i = 0; i < measured; ++i) {
      add();
      const auto next = scheduler.next(now += 50us);
      scheduler.answered(next->site);
      scheduler.release(next->site, now);
    }
    const auto took = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
    costs.all.push_back({waiting, took * 1e9 / static_cast<double>(measured)});
    fmt::print("  {:8} waiting: {:.0f} ns, {:.1f} octets for each\n", waiting,
               costs.all.back().nanoseconds,
               static_cast<double>(scheduler.octets_waiting()) / static_cast<double>(waiting));
  }
  return costs;
}

}  // namespace malleposte::queue_sim
