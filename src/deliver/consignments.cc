#include "deliver/consignments.h"

#include <algorithm>
#include <cassert>

#include "base/limits.h"

namespace malleposte::deliver {
namespace {

using namespace std::chrono_literals;
constexpr Duration first_settle_retry = 1s;
constexpr Duration longest_settle_retry = 60s;

bool is_failure(const mail::Outcome& outcome) {
  return outcome.fate == mail::Fate::bounced || outcome.fate == mail::Fate::expired;
}

}  // namespace

Consignments::Consignments(Surroundings with, Notifier& notifier, std::function<void()> settled)
    : with_(with), notifier_(notifier), settled_(std::move(settled)) {}

void Consignments::add(spool::Lease lease, std::vector<Part> parts) {
  assert(!parts.empty());
  const auto id = lease.id.value;
  Consignment consignment;
  consignment.parts_open = parts.size();
  consignment.recipients_open = lease.recipients.size();
  consignment.lease = std::move(lease);
  consignment.parts = std::move(parts);
  const bool is_new = consignments_.emplace(id, std::move(consignment)).second;
  assert(is_new);
}

const Consignments::Consignment& Consignments::find(mail::MessageId id) const {
  auto found = consignments_.find(id.value);
  assert(found != consignments_.end());
  return found->second;
}

Consignments::Consignment& Consignments::find(mail::MessageId id) {
  return const_cast<Consignment&>(std::as_const(*this).find(id));
}

queue::Job Consignments::split(queue::Job job, const std::vector<std::size_t>& positions) {
  auto& consignment = find(job.message);
  auto& recipients = consignment.parts[job.part].recipients;
  assert(!positions.empty() && positions.size() < recipients.size());
  Part rest{consignment.parts[job.part].site, {}};
  for (auto position : positions) rest.recipients.push_back(recipients[position]);
  for (auto position = positions.rbegin(); position != positions.rend(); ++position)
    recipients.erase(recipients.begin() + static_cast<std::ptrdiff_t>(*position));
  consignment.parts.push_back(std::move(rest));
  ++consignment.parts_open;
  return {job.message, static_cast<std::uint32_t>(consignment.parts.size() - 1)};
}

void Consignments::conclude(queue::Job job, const std::vector<smtp::Ruling>& rulings,
                            const Target* target, const spool::StoredMessage* message,
                            WallTime began) {
  auto& consignment = find(job.message);
  const auto& part = consignment.parts[job.part];
  assert(rulings.size() == part.recipients.size());
  const auto now = with_.loop.wall();
  // Read anew each time: a reload may have changed it.
  const queue::RetrySchedule schedule{with_.settings.retry_first, with_.settings.retry_max,
                                      with_.settings.queue_lifetime};
  const auto random = with_.loop.random();  // one for all: they come back together
  if (message != nullptr) consignment.recipients_of_message = message->envelope().recipients.size();

  const bool warning_due = message != nullptr && !message->envelope().reverse_path.null() &&
                           notifier_.warning_due(consignment.lease, now);

  std::vector<Conclusion> conclusions;
  conclusions.reserve(rulings.size());
  for (std::size_t i = 0; i < rulings.size(); ++i) {
    const auto& leased = consignment.lease.recipients[part.recipients[i]];
    Conclusion conclusion;
    conclusion.outcome =
        outcome_of(rulings[i], target, leased.index, schedule,
                   {now, consignment.lease.arrived, began, leased.attempts, random});
    auto& outcome = conclusion.outcome;
    if (message == nullptr) {
      conclusion.address = "?@" + leased.domain;
      // Nobody can be told about a message that cannot be read: it stays, visible.
      if (outcome.fate != mail::Fate::queued) {
        outcome.fate = mail::Fate::queued;
        outcome.next_attempt = now + with_.settings.retry_max;
      }
    } else {
      conclusion.address = mail::to_string(message->envelope().recipients[leased.index]);
    }
    if (warning_due) {
      consignment.late |= outcome.fate == mail::Fate::queued;
      consignment.concluded.push_back(outcome);
      if (!consignment.envelope) consignment.envelope = message->envelope();
    }
    if (!is_failure(outcome)) {
      conclusions.push_back(std::move(conclusion));
      continue;
    }
    if (!consignment.envelope) consignment.envelope = message->envelope();
    consignment.failures.push_back(std::move(conclusion));
  }

  part_ended(job.message, std::move(conclusions));
}

// Settles what can be settled now: what the sender is told of only with the last part.
void Consignments::part_ended(mail::MessageId id, std::vector<Conclusion> conclusions) {
  auto& consignment = find(id);
  assert(consignment.parts_open > 0);
  const bool warn = consignment.late && !conclusions.empty();
  if (--consignment.parts_open == 0 && (!consignment.failures.empty() || warn)) {
    for (auto& failure : consignment.failures) conclusions.push_back(std::move(failure));
    consignment.failures.clear();
    spawn(notify(id, std::move(conclusions)));
  } else if (!conclusions.empty()) {
    settle(id, std::move(conclusions), {});
  }
}

void Consignments::recall(queue::Job job) {
  auto& consignment = find(job.message);
  std::vector<std::uint32_t> recipients;
  for (auto position : consignment.parts[job.part].recipients)
    recipients.push_back(consignment.lease.recipients[position].index);
  consignment.recipients_open -= recipients.size();
  with_.store.release(job.message, recipients);
  part_ended(job.message, {});
  if (consignment.recipients_open == 0) consignments_.erase(job.message.value);
  settled_();
}

void Consignments::abandon(queue::Job job) {
  auto& consignment = find(job.message);
  assert(consignment.parts_open > 0);
  --consignment.parts_open;
}

// Those of an old message that are still queued: as the parts of this lease have just found, and
// the others as they were found before.
std::vector<mail::Outcome> Consignments::late_recipients(mail::MessageId id) const {
  const auto& concluded = find(id).concluded;
  std::vector<mail::Outcome> late;
  for (const auto& outcome : concluded)
    if (outcome.fate == mail::Fate::queued) late.push_back(outcome);
  for (auto& waiting : with_.store.waiting(id)) {
    if (std::any_of(concluded.begin(), concluded.end(),
                    [&](const auto& outcome) { return outcome.recipient == waiting.index; }))
      continue;
    mail::Outcome outcome;
    outcome.recipient = waiting.index;
    outcome.answer.status = "4.0.0";
    outcome.answer.text =
        waiting.reply.empty() ? "it has not been tried yet" : std::move(waiting.reply);
    late.push_back(std::move(outcome));
  }
  return late;
}

// The last part is concluded and somebody has to be told.
Task<void> Consignments::notify(mail::MessageId id, std::vector<Conclusion> conclusions) {
  ++settling_;
  std::string content;
  std::uint64_t size = 0;
  auto message = co_await with_.store.open(id);
  if (message) size = (*message)->size();
  const auto wanted = notifier_.content_wanted();
  while (message && content.size() < wanted) {
    auto block = co_await (*message)->read();
    if (!block || block->empty()) break;  // a notice without header is better than none
    content += block->substr(0, wanted - content.size());
  }
  // A settlement is one record, which has an end: very many failures are several settlements, with
  // a DSN each. All before the first is on its way, which may be the end of the consignment.
  std::vector<std::pair<std::vector<Conclusion>, Told>> settlements(1);
  std::vector<mail::Outcome> failed, late;
  auto tell = [&](const std::vector<mail::Outcome>& late_ones) {
    const auto& consignment = find(id);
    auto& told = settlements.back().second;
    told.notices =
        notifier_.notices({id, *consignment.envelope, consignment.lease.generated, failed,
                           late_ones, content, size != 0 && content.size() == size},
                          with_.loop.wall());
    told.warned = !late_ones.empty();
    failed.clear();
  };
  if (find(id).late) late = late_recipients(id);
  for (auto& conclusion : conclusions) {
    if (failed.size() == limits::recipients_per_dsn) {
      tell({});
      settlements.emplace_back();
    }
    if (is_failure(conclusion.outcome)) failed.push_back(conclusion.outcome);
    settlements.back().first.push_back(std::move(conclusion));
  }
  tell(late);
  for (auto& [part, told] : settlements) settle(id, std::move(part), std::move(told));
  --settling_;
}

void Consignments::settle(mail::MessageId id, std::vector<Conclusion> conclusions, Told told) {
  spawn(settle_until_durable(id, std::move(conclusions), std::move(told)));
}

Task<void> Consignments::settle_until_durable(mail::MessageId id,
                                              std::vector<Conclusion> conclusions, Told told) {
  ++settling_;
  const bool delivered = std::any_of(
      conclusions.begin(), conclusions.end(),
      [](const auto& conclusion) { return conclusion.outcome.fate == mail::Fate::delivered; });
  if (delivered) settling_deliveries_.insert(id);
  for (Duration wait = first_settle_retry;; wait = std::min(2 * wait, longest_settle_retry)) {
    spool::Settlement settlement;
    settlement.id = id;
    settlement.outcomes.reserve(conclusions.size());
    for (const auto& conclusion : conclusions) settlement.outcomes.push_back(conclusion.outcome);
    settlement.generated = told.notices;
    settlement.warned = told.warned;
    auto kept = co_await with_.store.settle(std::move(settlement));
    if (kept) break;
    with_.record.event("log", monitor::Severity::warning,
                       "the outcome of " + mail::to_string(id) +
                           " could not be kept and will be written again: " + kept.error().text);
    co_await sleep_until(with_.loop, with_.loop.steady() + wait);
  }
  --settling_;
  if (delivered) settling_deliveries_.erase(settling_deliveries_.find(id));
  settled(id, conclusions);
}

void Consignments::settled(mail::MessageId id, const std::vector<Conclusion>& conclusions) {
  auto& consignment = find(id);
  const auto now = with_.loop.wall();
  for (const auto& [outcome, address] : conclusions) {
    with_.record.outcome(id, address, outcome, now - consignment.lease.arrived);
    if (outcome.fate != mail::Fate::queued) ++consignment.finals;
  }
  assert(conclusions.size() <= consignment.recipients_open);
  consignment.recipients_open -= conclusions.size();
  if (consignment.recipients_open == 0) {
    // The message is gone when all of it was leased and all of that is final; else the store knows.
    bool gone = consignment.finals == consignment.lease.recipients.size();
    if (gone && consignment.finals != consignment.recipients_of_message)
      gone = !with_.store.contains(id);
    if (gone) with_.record.removed(id);
    consignments_.erase(id.value);
  }
  settled_();
}

}  // namespace malleposte::deliver
