#include "machine.h"

#include <filesystem>
#include <fstream>

#include "checkers.h"

namespace malleposte::sim {
namespace {

// What the engine reports, into the trace: part of what a run is.
class TracedRecord final : public monitor::Record {
 public:
  TracedRecord(Trace& trace, Loop& loop, std::shared_ptr<const bool> alive,
               Machine::Figures& figures)
      : trace_(trace), loop_(loop), alive_(std::move(alive)), figures_(figures) {}

  void connected(std::string_view session, std::string_view peer) override {
    ++sessions[std::string(peer.substr(0, peer.rfind(':')))];
    note(fmt::format("session {} from {}", session, peer));
  }
  void vouched(std::string_view session, std::string_view, std::string_view how,
               std::string_view told) override {
    note(fmt::format("session {} by {}: {}", session, how, told));
  }
  void disconnected(std::string_view session, std::string_view peer, unsigned commands,
                    unsigned messages) override {
    --sessions[std::string(peer.substr(0, peer.rfind(':')))];
    note(fmt::format("session {} ends: {} commands, {} messages", session, commands, messages));
  }
  void refused(std::string_view session, std::string_view, std::string_view, std::string_view,
               std::string_view recipient, std::string_view reply) override {
    note(fmt::format("session {} refused {}: {}", session, recipient, reply));
  }
  void accepted(MessageId, const mail::Envelope&, std::uint64_t) override {}
  void generated(MessageId, const mail::Envelope&, std::uint64_t, std::string_view why) override {
    if (!*alive_) return;
    ++figures_.notices;
    if (why == "delivery report to the sender") ++figures_.told_of_success;
  }
  void outcome(MessageId, std::string_view, const mail::Outcome&, Duration) override {
    if (*alive_) ++figures_.outcomes;
  }
  void removed(MessageId) override {}
  void event(std::string_view, monitor::Severity, std::string_view text) override {
    if (*alive_) ++figures_.events;
    note(text);
  }

  std::map<std::string, std::size_t> sessions;  // open ones, by address

 private:
  void note(std::string_view line) {
    if (*alive_) trace_.note(loop_.steady(), line);
  }
  Trace& trace_;
  Loop& loop_;
  std::shared_ptr<const bool> alive_;
  Machine::Figures& figures_;
};

constexpr std::size_t inline_octets = 4000;  // so that CHUNKs are common
constexpr WallTime first_day = std::chrono::sys_days{std::chrono::year{2026} / 1 / 1};

}  // namespace

struct Machine::Life {
  Life(Machine& machine, std::uint64_t seed)
      : loop(seed, first_day + machine.wall_ahead_),
        host(machine.with_.network, loop, {machine.with_.address}),
        resolver(loop, machine.with_.names),
        record(machine.with_.trace, loop, alive, machine.figures),
        mailboxes(loop, machine.with_.volume),
        engine(loop, record, machine.with_.settings) {}

  std::shared_ptr<bool> alive = std::make_shared<bool>(true);
  SimulatedLoop loop;
  net::SimulatedHost host;
  net::SimulatedResolver resolver;
  TracedRecord record;
  deliver::SimulatedMailboxes mailboxes;
  spool::SimulatedDisk* disk = nullptr;
  bool disk_kept = false;  // `disk` belongs to a store
  bool composed = false, stopping = false, stopped = false;
  std::optional<ForgetfulStore> forgetful;
  std::optional<WatchedStore> watched;
  appliance::Engine engine;
};

Machine::Machine(Surroundings with, std::uint64_t seed) : with_(std::move(with)), random_(seed) {}

Machine::~Machine() {
  end();
}

void Machine::end() {
  if (!life_) return;
  *life_->alive = false;
  life_->host.vanish(true);
  bury(std::move(life_));
}

SimulatedLoop& Machine::loop() {
  return life_->loop;
}
SteadyTime Machine::now() const {
  return life_->loop.steady();
}
appliance::Engine& Machine::engine() {
  return life_->engine;
}
spool::Store& Machine::store() {
  return *life_->watched;
}
net::SimulatedHost& Machine::host() {
  return life_->host;
}

void Machine::set_wall_by(Duration jump) {
  wall_ahead_ += jump;
  if (life_) life_->loop.set_wall_by(jump);
}

std::size_t Machine::sessions_from(const std::string& address) const {
  if (!running()) return 0;
  const auto found = life_->record.sessions.find(address);
  return found == life_->record.sessions.end() ? 0 : found->second;
}

void Machine::set_disk_capacity(std::uint64_t octets) {
  disk_capacity_ = octets;
  if (running()) life_->disk->capacity = octets;
}

std::uint64_t Machine::disk_used() const {
  if (!running()) return 0;
  const auto space = life_->disk->space();
  return space.total_octets - space.free_octets;
}

std::unique_ptr<spool::SimulatedDisk> Machine::make_disk() {
  auto disk = std::make_unique<spool::SimulatedDisk>(image_);
  if (with_.planted == Planted::missing_sync)
    disk->only_says_so = [syncs = 0u](const auto&) mutable { return ++syncs % 7 == 0; };
  disk->capacity = disk_capacity_;
  auto alive = life_->alive;
  disk->fault = [this, alive](const spool::DiskOperation& operation) -> Result<void> {
    if (!*alive) return {};
    if (crash_in_ > 0 && --crash_in_ == 0) {
      die();
      return {};
    }
    return disk_fault ? disk_fault(operation) : Result<void>{};
  };
  disk->read_fault = [this, alive](const std::string&) -> Result<void> {
    if (!*alive || looking_ || !read_fails || !read_fails()) return {};
    return fail(Fault::disk, "Input/output error");
  };
  life_->disk = disk.get();
  return disk;
}

bool Machine::start(SteadyTime now) {
  ++lives_;
  serving_ = false;
  life_ = std::make_unique<Life>(*this, random_());
  auto& life = *life_;
  life.loop.move_to(now);
  // The disk takes its time, so that everything can happen meanwhile.
  life.loop.work_time = [this] {
    return random_() % 20 == 0 ? Duration(random_() % 50'000) : Duration(random_() % 500);
  };
  with_.trace.note(now, fmt::format("life {} begins", lives_));
  auto recovered = life.engine.recover(make_disk(), inline_octets);
  life.disk_kept = recovered.has_value();
  if (!*life.alive) {
    ++figures.crashes_in_recovery;
    return false;
  }
  if (!recovered) {
    ++figures.failed_starts;
    with_.trace.note(now, "does not start: " + recovered.error().text);
    // A failed start changes what is on the disk, too; the store has gone, and its disk with it.
    *life.alive = false;
    return false;
  }
  spool::Store* store = &life.engine.store();
  if (with_.planted == Planted::lost_outcome) store = &life.forgetful.emplace(*store, 40);
  store = &life.watched.emplace(*store, with_.ledger, life.loop, with_.trace, with_.findings,
                                life.alive);
  if (with_.planted == Planted::silent_engine) store = &life.forgetful.emplace(*store, 40);
  compare();
  if (!*life.alive) return false;
  life.mailboxes.write_time = Duration(random_() % 20'000);
  life.mailboxes.trouble = [this, alive = life.alive](const auto&) -> std::optional<smtp::Ruling> {
    if (!*alive) return smtp::Ruling{smtp::Verdict::temporary, 0, "4.3.0", "the machine is down"};
    return mailbox_trouble ? mailbox_trouble() : std::nullopt;
  };
  life.mailboxes.committed = [this](const auto& mailbox, const auto& content) {
    if (filed) filed(mailbox, content);
  };
  life.engine.compose(life.host, life.resolver, *store, life.mailboxes, {*parse_ip(with_.address)});
  life.composed = true;
  if (auto opened = life.engine.open(); !opened) {
    with_.findings.add("start", opened.error().text);
    return false;
  }
  life.engine.start();
  serving_ = true;
  return true;
}

void Machine::die() {
  if (!life_ || !*life_->alive) return;
  auto& life = *life_;
  *life.alive = false;
  serving_ = false;
  crash_in_ = 0;
  ++figures.crashes;
  spool::PowerCut cut(life.disk->start(), life.disk->operations());
  while (!cut.at_end()) cut.advance();
  // Mostly some of what was not synced is lost; a process that is killed loses nothing of it.
  image_ = random_() % 4 == 0 ? cut.all() : cut.some(random_);
  keep_image();
  life.host.vanish(random_() % 2 == 0);
  with_.trace.note(life.loop.steady(), fmt::format("life {} ends in a crash", lives_));
}

// For `malleposte spool dump`.
void Machine::keep_image() const {
  if (with_.keep.empty()) return;
  const auto directory = std::filesystem::path(with_.keep) / fmt::format("life-{}", lives_);
  std::filesystem::create_directories(directory);
  for (const auto& [name, content] : image_) std::ofstream(directory / name) << content;
}

void Machine::crash() {
  die();
}

void Machine::stop() {
  if (!running()) return;
  serving_ = false;
  with_.trace.note(now(), "asked to stop");
  life_->stopping = true;
  spawn([](Life& life) -> Task<void> {
    co_await life.engine.stop();
    co_await life.engine.drain();
    life.stopped = true;
  }(*life_));
}

bool Machine::reap() {
  if (!life_) return false;
  if (*life_->alive && life_->stopped) {
    *life_->alive = false;
    ++figures.stops;
    with_.ledger.stopped[lives_] = life_->loop.steady();
    // The process has ended; the machine goes on, and with it all that was written.
    image_ = life_->disk->files();
    keep_image();
    life_->host.vanish(true);
    with_.trace.note(life_->loop.steady(), fmt::format("life {} has ended", lives_));
  }
  if (*life_->alive) return false;
  bury(std::move(life_));
  return true;
}

// Runs what is left of a dead life to its end: its network is cut off, its disk is a copy that
// nobody will look at.
void Machine::bury(std::unique_ptr<Life> life) {
  serving_ = false;
  figures.cleaned_segments +=
      life->engine.recovered() ? life->engine.store().counters().cleaned_segments : 0;
  figures.sync_failures +=
      life->engine.recovered() ? life->engine.store().counters().sync_failures : 0;
  if (life->disk_kept) {
    life->disk->fault = nullptr;
    life->disk->read_fault = nullptr;
    life->disk->capacity = UINT64_MAX;
  }
  life->loop.work_time = nullptr;
  bool over = !life->engine.recovered();
  if (!over)
    spawn([](Life& dead, bool& done) -> Task<void> {
      // A stop that was under way goes on by itself.
      while (dead.stopping && !dead.stopped)
        co_await sleep_until(dead.loop, dead.loop.steady() + 1s);
      if (dead.composed && !dead.stopped) co_await dead.engine.stop();
      co_await dead.engine.drain();
      done = true;
    }(*life, over));
  for (int i = 0; i < 1000 && !over; ++i) life->loop.run_for(1min);
  if (!over) with_.findings.add("end", "a life that was cut off does not come to its end");
  life->loop.run_for(1h);  // good byes, look-ups, time-outs
  if (!over) {             // whatever hangs there may still refer to it
    (void)life.release();
    return;
  }
  life->engine.let_go();
  life->loop.run_for(1h);
}

Holdings Machine::read_all() {
  Holdings holdings;
  looking_ = true;
  bool done = false;
  auto& store = life_->engine.store();
  spawn([](spool::Store& from, Holdings& into, bool& ended) -> Task<void> {
    std::string cursor;
    do {
      auto page = co_await from.query({}, cursor, 1000);
      if (!page) {
        into.error = page.error().text;
        break;
      }
      for (auto& message : page->messages) {
        auto stored = co_await from.open(message.id);
        if (!stored && !from.contains(message.id)) continue;  // its deletion has ended meanwhile
        if (!stored) {
          into.error = to_string(message.id) + " cannot be read: " + stored.error().text;
          break;
        }
        std::string content;
        for (;;) {
          auto part = co_await (*stored)->read();
          if (!part) into.error = to_string(message.id) + " is damaged: " + part.error().text;
          if (!part || part->empty()) break;
          content += *part;
        }
        into.messages[message.id.value] = {std::move(message), std::move(content)};
      }
      cursor = page->next;
    } while (!cursor.empty() && into.error.empty());
    ended = true;
  }(store, holdings, done));
  auto& loop = life_->loop;
  while (!done) {
    if (loop.step()) continue;
    loop.move_to(loop.next_time());
  }
  looking_ = false;
  return holdings;
}

void Machine::compare() {
  auto& life = *life_;
  auto& store = life.engine.store();
  // Removals whose time is over end meanwhile: until none did nothing is certain.
  Holdings holdings;
  spool::Accounts before;
  do {
    before = store.accounts();
    holdings = read_all();
  } while (*life.alive && store.accounts() != before);
  if (!*life.alive) return;
  if (!holdings.error.empty()) {
    with_.findings.add("acknowledged", holdings.error);
    return;
  }
  with_.ledger.reconcile(holdings, life.loop.steady(), with_.findings);
  check_accounts(with_.ledger, store.accounts(), with_.findings);
  check_operations(with_.ledger, holdings, store.orders(), life.loop.steady(), with_.findings);
}

}  // namespace malleposte::sim
