#include "deliver/gatherer.h"

#include <algorithm>
#include <map>

#include "base/limits.h"

namespace malleposte::deliver {
namespace {

using namespace std::chrono_literals;
constexpr Duration company = 1s;  // what is due together comes within a moment
constexpr Duration no_room_pause = 1s;
constexpr Duration first_settle_retry = 1s, longest_settle_retry = 60s;

}  // namespace

Gatherer::~Gatherer() {
  if (timer_ != 0) with_.loop.cancel(timer_);
}

void Gatherer::take(spool::Lease lease) {
  waiting_.push_back(std::move(lease));
  arm(company);
}

void Gatherer::stop() {
  stopping_ = true;
  if (timer_ != 0) with_.loop.cancel(std::exchange(timer_, 0));
}

void Gatherer::arm(Duration wait) {
  if (running_ || stopping_ || timer_ != 0) return;
  timer_ = with_.loop.call_at(with_.loop.steady() + wait, [this] {
    timer_ = 0;
    spawn(run());
  });
}

Task<void> Gatherer::run() {
  running_ = true;
  co_await gather();
  running_ = false;
  if (!waiting_.empty()) arm(no_room_pause);
}

// A limited number at a time, so that the memory for what they say is limited, too.
Task<void> Gatherer::gather() {
  std::map<std::string, Group> groups;
  std::size_t held = 0;  // octets
  for (auto left = std::min(waiting_.size(), limits::gathered_at_once);
       left > 0 && held < limits::gathered_octets && !stopping_; --left) {
    Gathered gathered{std::move(waiting_.front())};
    waiting_.pop_front();
    ++in_hand_;
    if (!co_await read(gathered)) continue;
    gathered.dsn = mail::read_dsn(gathered.content);
    if (gathered.dsn && gathered.dsn->octets() > limits::report_octets) gathered.dsn.reset();
    if (gathered.dsn) gathered.content = {};
    held += gathered.dsn ? gathered.dsn->octets() : gathered.content.size();
    auto& group = groups[mail::to_string(gathered.envelope.recipients.front())];
    group.push_back(std::move(gathered));
  }
  for (auto& [address, group] : groups) {
    Group part;
    std::size_t octets = 0;
    for (auto& gathered : group) {
      if (!gathered.dsn) {
        Group alone;
        alone.push_back(std::move(gathered));
        co_await replace(std::move(alone));
        continue;
      }
      if (octets + gathered.dsn->octets() > limits::report_octets && !part.empty()) {
        co_await replace(std::exchange(part, {}));
        octets = 0;
      }
      octets += gathered.dsn->octets();
      part.push_back(std::move(gathered));
    }
    if (!part.empty()) co_await replace(std::move(part));
  }
  in_hand_ = 0;
}

// False: it cannot be read, which has been dealt with.
Task<bool> Gatherer::read(Gathered& gathered) {
  const auto id = gathered.lease.id;
  auto message = co_await with_.store.open(id);
  std::string why = message ? "" : message.error().text;
  while (message) {
    auto block = co_await (*message)->read();
    if (!block) why = block.error().text;
    if (!block || block->empty()) break;
    gathered.content += *block;
  }
  if (!why.empty()) {
    co_await put_off(std::move(gathered), std::move(why));
    co_return false;
  }
  gathered.envelope = (*message)->envelope();
  co_return true;
}

// Room for the group's outcomes and what takes its place. Without it the group waits again.
bool Gatherer::reserve(Group& group) {
  if (with_.store.reserve(group.front().lease.id, group.size())) return true;
  for (auto& gathered : group) waiting_.push_back(std::move(gathered.lease));
  return false;
}

Task<void> Gatherer::replace(Group group) {
  if (stopping_) co_return;
  std::erase_if(group, [&](const Gathered& gathered) {
    const auto& lease = gathered.lease;
    if (with_.store.wanted(lease.id)) return false;
    std::vector<std::uint32_t> recipients;
    for (const auto& recipient : lease.recipients) recipients.push_back(recipient.index);
    with_.store.release(lease.id, recipients, {});
    return true;
  });
  if (group.empty() || !reserve(group)) co_return;

  spool::Generated generated;
  auto& first = group.front();
  const auto now = with_.loop.wall();
  if (group.size() == 1) {
    // Understood, but there is nothing to put it together with.
    if (first.content.empty() && !co_await read(first)) co_return;
    generated.envelope = first.envelope;
    generated.envelope.arrived = now;
    generated.content = std::move(first.content);
  } else {
    std::vector<mail::GatheredDsn> dsns;
    for (auto& gathered : group) dsns.push_back(std::move(*gathered.dsn));
    auto report = mail::make_report(
        {first.envelope.recipients.front(), first.lease.id, with_.settings.hostname, now}, dsns);
    generated.envelope = std::move(report.envelope);
    generated.content = std::move(report.content);
    generated.why = "report of gathered notices";
    notifier_.count_report();
  }
  mail::Outcome outcome;
  outcome.fate = mail::Fate::replaced;
  outcome.answer.status = "2.0.0";
  outcome.answer.text =
      group.size() == 1 ? "sent as it is" : "told together with others in one report";
  std::vector<spool::Generated> all;
  all.push_back(std::move(generated));
  co_await settle(std::move(group), std::move(outcome), std::move(all));
}

// It stays, scheduled for later, and is visible.
Task<void> Gatherer::put_off(Gathered gathered, std::string why) {
  with_.record.event("log", monitor::Severity::alert,
                     "message " + mail::to_string(gathered.lease.id) + " cannot be read: " + why);
  mail::Outcome outcome;
  outcome.next_attempt = with_.loop.wall() + with_.settings.retry_max;
  outcome.answer.status = "4.3.0";
  outcome.answer.text = "the message cannot be read: " + why;
  Group group;
  group.push_back(std::move(gathered));
  if (!reserve(group)) co_return;
  co_await settle(std::move(group), std::move(outcome), {});
}

// One outcome for all recipients of the group.
Task<void> Gatherer::settle(Group group, mail::Outcome outcome,
                            std::vector<spool::Generated> generated) {
  settling_ = true;
  for (Duration wait = first_settle_retry;; wait = std::min(2 * wait, longest_settle_retry)) {
    std::vector<spool::Settlement> settlements;
    for (const auto& gathered : group) {
      spool::Settlement settlement;
      settlement.id = gathered.lease.id;
      for (const auto& recipient : gathered.lease.recipients) {
        outcome.recipient = recipient.index;
        settlement.outcomes.push_back(outcome);
      }
      settlements.push_back(std::move(settlement));
    }
    settlements.front().generated = generated;
    auto kept = co_await with_.store.settle_together(std::move(settlements));
    if (kept) break;
    with_.record.event(
        "log", monitor::Severity::warning,
        "a report of notices could not be kept and will be written again: " + kept.error().text);
    co_await sleep_until(with_.loop, with_.loop.steady() + wait);
  }
  settling_ = false;
  for (const auto& gathered : group) {
    const auto& lease = gathered.lease;
    // What could not be read has no addresses here.
    for (const auto& recipient : lease.recipients)
      with_.record.outcome(lease.id,
                           gathered.envelope.recipients.empty()
                               ? "?@" + recipient.domain
                               : mail::to_string(gathered.envelope.recipients[recipient.index]),
                           outcome, with_.loop.wall() - lease.arrived);
    if (outcome.fate != mail::Fate::queued) with_.record.removed(lease.id);
  }
}

}  // namespace malleposte::deliver
