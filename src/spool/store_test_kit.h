// What the tests of the store share: an instance on a simulated disk, and short forms of what a
// client, a delivery and an operator do. Test code.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/simulated_loop.h"
#include "spool/log_store.h"
#include "spool/simulated_disk.h"

namespace malleposte::spool {

using namespace std::chrono_literals;

inline LogStoreOptions small_options() {
  LogStoreOptions options;
  options.segment_octets = 48 * 1024;
  options.inline_most = 3000;
  return options;
}

// With segments in which a record about thousands of recipients has room.
inline LogStoreOptions roomy_options() {
  LogStoreOptions options;
  options.segment_octets = 1 << 20;
  return options;
}

// A thousand recipients, each in a domain of its own.
inline std::vector<std::string> to_many_domains(int thousand) {
  std::vector<std::string> recipients;
  for (int i = 0; i < 1000; ++i)
    recipients.push_back("a@d" + std::to_string(1000 * thousand + i) + ".example");
  return recipients;
}

// Content of at least so many octets.
inline std::string large(std::size_t octets) {
  std::string text;
  for (std::size_t i = 0; text.size() < octets; ++i) text += "line " + std::to_string(i) + "\r\n";
  return text;
}

inline Action remove_at_once() {
  Action action(Operation::remove);
  action.at_once = true;
  return action;
}

// Whoever uses a store: short forms of what a client, a delivery and an operator do with it.
struct StoreUser {
  explicit StoreUser(std::uint64_t seed) : loop(seed) {}
  virtual ~StoreUser() = default;
  virtual Store& at() = 0;

  // Runs the loop until the task has ended.
  template <class T>
  T run(Task<T> task) {
    std::optional<T> result;
    spawn([](Task<T> inner, std::optional<T>& into) -> Task<void> { into = co_await inner; }(
                                                        std::move(task), result));
    for (int i = 0; i < 10'000 && !result; ++i) loop.run_for(1ms);
    EXPECT_TRUE(result) << "the task does not end";
    return std::move(*result);
  }

  Task<CommitResult> send_task(std::string content, std::vector<std::string> recipients,
                               std::string sender) {
    mail::Envelope envelope;
    if (!sender.empty()) envelope.reverse_path = *mail::parse_address(sender);
    envelope.arrived = loop.wall();
    for (const auto& recipient : recipients)
      envelope.recipients.push_back(*mail::parse_address(recipient));
    auto incoming = at().begin(envelope, content.size());
    if (!incoming) co_return CommitResult{CommitStatus::refused, {}, incoming.error().text};
    auto appended = co_await (*incoming)->append(content);
    if (!appended) co_return CommitResult{CommitStatus::refused, {}, appended.error().text};
    co_return co_await (*incoming)->commit();
  }
  CommitResult send(std::string content, std::vector<std::string> recipients = {"a@example.net"},
                    std::string sender = "sender@example.org") {
    return run(send_task(std::move(content), std::move(recipients), std::move(sender)));
  }

  Task<std::string> content_task(MessageId id) {
    auto stored = co_await at().open(id);
    if (!stored) co_return "error: " + stored.error().text;
    std::string content;
    for (;;) {
      auto part = co_await (*stored)->read();
      if (!part) co_return "error: " + part.error().text;
      if (part->empty()) co_return content;
      content += *part;
    }
  }
  std::string content(MessageId id) { return run(content_task(id)); }

  static Settlement settlement(const Lease& lease, mail::Fate fate, WallTime next = {}) {
    Settlement settlement;
    settlement.id = lease.id;
    for (const auto& recipient : lease.recipients) {
      mail::Outcome outcome;
      outcome.recipient = recipient.index;
      outcome.fate = fate;
      outcome.next_attempt = next;
      outcome.answer = {"mx.example.net", "192.0.2.1:25", 450, "4.2.0", "Later"};
      settlement.outcomes.push_back(outcome);
    }
    return settlement;
  }
  // Leases everything that is due and settles it so; returns how many messages that were.
  std::size_t settle_all(mail::Fate fate, WallTime next = {}) {
    auto leases = at().lease(loop.wall(), SIZE_MAX);
    for (const auto& lease : leases) EXPECT_TRUE(run(at().settle(settlement(lease, fate, next))));
    return leases.size();
  }

  QueuePage list(Filter filter = {}, std::string cursor = "", std::size_t limit = 1000) {
    return *run(at().query(std::move(filter), std::move(cursor), limit));
  }
  std::uint64_t apply(Filter filter, Action action) {
    auto applied = run(at().apply(std::move(filter), std::move(action)));
    EXPECT_TRUE(applied) << (applied ? "" : applied.error().text);
    return applied.value_or(0);
  }
  std::uint64_t give(StandingOrder::Kind kind, std::string pattern,
                     std::optional<WallTime> until = {}) {
    auto given = run(at().give({0, kind, std::move(pattern), "a test", "anna", {}, until}));
    EXPECT_TRUE(given) << (given ? "" : given.error().text);
    return given.value_or(0);
  }
  bool cancel(std::uint64_t order) { return run(at().cancel(order)).value_or(false); }
  std::vector<Lease> lease() { return at().lease(loop.wall(), SIZE_MAX); }
  bool balanced() {
    auto a = at().accounts();
    return a.accepted + a.generated ==
           a.delivered + a.bounced + a.expired + a.deleted + a.discarded + a.replaced + a.queued;
  }

  // All that the store says of what it holds, as text to compare.
  std::string everything() {
    std::string text;
    const auto add = [&text](const auto&... values) { ((text += values, text += ' '), ...); };
    const auto number = [](auto value) { return std::to_string(value); };
    for (const auto& message : list({}, "", SIZE_MAX).messages) {
      add(to_string(message.id), message.sender, number(message.size),
          number(message.arrived.time_since_epoch().count()), to_string(message.state),
          number(message.attempts), message.reason);
      if (message.next_attempt) add(number(message.next_attempt->time_since_epoch().count()));
      for (const auto& recipient : message.recipients)
        add(recipient.address, recipient.state, recipient.reply,
            mail::to_string(recipient.outcome_class));
      const auto attempts = run(at().attempts(message.id));
      EXPECT_TRUE(attempts);
      for (const auto& recipient : *attempts) {
        add(number(recipient.made));
        for (const auto& attempt : recipient.known)
          add(number(attempt.began.time_since_epoch().count()), describe(attempt.answer));
      }
      text += '\n';
    }
    const auto accounts = at().accounts();
    for (auto value : {accounts.accepted, accounts.generated, accounts.delivered, accounts.bounced,
                       accounts.expired, accounts.deleted, accounts.discarded, accounts.replaced,
                       accounts.queued})
      add(number(value));
    const auto counters = at().counters();
    add(number(counters.message_octets), number(counters.segments), number(counters.free_segments),
        number(counters.damaged_records));
    return text;
  }

  SimulatedLoop loop;
};

// A store on a simulated disk that starts with `image`. `prepare` may set faults before it opens.
struct Instance : StoreUser {
  explicit Instance(std::uint64_t seed = 1, DiskImage image = {},
                    const std::function<void(SimulatedDisk&)>& prepare = nullptr,
                    LogStoreOptions options = small_options())
      : StoreUser(seed) {
    auto made = std::make_unique<SimulatedDisk>(std::move(image));
    if (prepare) prepare(*made);
    disk = made.get();
    options.report = [this](const std::string& text) { reports.push_back(text); };
    auto opened = LogStore::open(loop, std::move(made), std::move(options));
    if (opened)
      store = std::move(*opened);
    else
      error = opened.error().text;
  }

  // What is under way ends, quickly and without effect: the disk fails from here on.
  ~Instance() override {
    if (!store) return;
    disk->fault = [](const DiskOperation&) -> Result<void> { return fail(Fault::disk, "over"); };
    bool drained = false;
    spawn([](LogStore& over, bool& done) -> Task<void> {
      co_await over.drain();
      done = true;
    }(*store, drained));
    for (int i = 0; i < 10'000 && !drained; ++i) loop.run_for(5ms);
    EXPECT_TRUE(drained) << "the store does not come to an end";
    loop.run_for(2s);
  }
  Store& at() override { return *store; }

  SimulatedDisk* disk = nullptr;
  std::unique_ptr<LogStore> store;
  std::vector<std::string> reports;
  std::string error;
};

}  // namespace malleposte::spool
