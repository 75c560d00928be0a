#include "world.h"

#include "checkers.h"

namespace malleposte::sim {
namespace {

constexpr unsigned limits_looked_at_every = 50;  // steps

}  // namespace

World::~World() = default;

// Starts our server when its time has come.
void World::keep_up() {
  if (machine_->reap()) {
    const bool soon = !storming_ || random_() % 2 == 0;
    start_again_ = outside_.steady() + (soon ? up_to(2s) : up_to(20min));
  }
  if (machine_->up() || outside_.steady() < start_again_) return;
  if (storming_ && chance(300)) machine_->crash_in(1 + static_cast<unsigned>(random_() % 30));
  machine_->start(outside_.steady());
}

// One thing that can be done now, here or there; or time goes on to the next.
bool World::step() {
  if (++steps_ % limits_looked_at_every == 0) {
    const auto sessions = machine_->sessions_from("203.0.113.9");
    const auto connections = check_limits(*machine_, settings_, host_names_, sessions, findings_);
    figures_.most_from_stranger = std::max<std::uint64_t>(figures_.most_from_stranger, sessions);
    figures_.most_connections = std::max<std::uint64_t>(figures_.most_connections, connections);
  }
  keep_up();
  const bool outside_first = random_() % 2 == 0;
  if (outside_first && outside_.step()) return true;
  if (machine_->up() && machine_->loop().step()) return true;
  if (!outside_first && outside_.step()) return true;
  auto next = outside_.next_time();
  if (machine_->up())
    next = std::min(next, machine_->loop().next_time());
  else
    next = std::min(next, start_again_);
  if (next == never) return false;
  outside_.move_to(next);
  if (machine_->up()) machine_->loop().move_to(next);
  return true;
}

void World::run_until(SteadyTime until, const std::function<bool()>& enough) {
  while (findings_.empty() && outside_.steady() < until && !enough())
    if (!step()) break;
}

void World::run() {
  start_again_ = outside_.steady();
  for (const auto& client : clients_) spawn(send_mail(*client, false));
  spawn(send_mail(*stranger_, true));
  spawn(change_weather());
  spawn(bring_crashes());
  spawn(operate());
  run_until(SteadyTime{} + storm_, [] { return false; });
  heal();
  drain();
  figures_.virtual_time = outside_.steady().time_since_epoch();
  // Everybody goes home.
  machine_->end();
  while (outside_.next_time() != never) outside_.run_until(outside_.next_time());
}

// All has healed: within bounded time nothing is left but what the operator holds, and once that is
// released nothing at all.
void World::drain() {
  const auto running = [this] { return machine_->running(); };
  run_until(outside_.steady() + 10min, running);
  if (findings_.empty() && !running()) findings_.add("start", "our server does not start again");
  // The clients and what they have begun.
  run_until(outside_.steady() + 2h + storm_ / 4, [this] { return active_ == 0; });
  if (!findings_.empty()) return;
  if (active_ > 0) findings_.add("end", "the clients do not come to an end");
  run_until(outside_.steady() + 10min, running);
  if (!findings_.empty() || !running()) return;
  spawn(let_go());
  // Twice, since an attempt may have begun on a connection that was dead before.
  const auto bound = 2 * (settings_.retry_max + settings_.retry_max / 8) + jumped_back_ + 2h;
  run_until(outside_.steady() + bound,
            [this] { return machine_->engine().store().counters().messages == 0; });
  if (!findings_.empty()) return;
  check_drained(machine_->read_all(), findings_);
  // Once more from the disk: nothing comes back, and the accounts stand.
  machine_->stop();
  const auto life = machine_->life();
  run_until(outside_.steady() + 10min,
            [this, life] { return machine_->life() != life && machine_->running(); });
  if (!findings_.empty()) return;
  if (!machine_->running()) return findings_.add("end", "our server does not end and start again");
  check_drained(machine_->read_all(), findings_);
  check_acknowledged(ledger_, findings_);
  check_silent(ledger_, settings_.root_address, findings_);
  check_mailboxes(volume_, findings_);
  figures_.accounts = machine_->engine().store().accounts();
}

}  // namespace malleposte::sim
