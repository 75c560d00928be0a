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

template <typename Conclusions>
bool any_delivered(const Conclusions& conclusions) {
  return std::any_of(conclusions.begin(), conclusions.end(), [](const auto& conclusion) {
    return conclusion.outcome.fate == mail::Fate::delivered;
  });
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
  Part rest{consignment.parts[job.part].plan, {}};
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
                                      lifetime(consignment.lease)};
  const auto random = with_.loop.random();  // one for all: they come back together
  if (message != nullptr) consignment.recipients_of_message = message->envelope().recipients.size();
  const auto released =
      message != nullptr ? message->envelope().released() : consignment.lease.arrived;

  const auto by = message != nullptr ? message->envelope().requests.deliver_by : std::nullopt;
  const bool warning_due = message != nullptr && !message->envelope().reverse_path.null() &&
                           !consignment.lease.warned && notifier_.late(message->envelope(), now);

  std::vector<Conclusion> conclusions;
  conclusions.reserve(rulings.size());
  for (std::size_t i = 0; i < rulings.size(); ++i) {
    const auto& leased = consignment.lease.recipients[part.recipients[i]];
    Conclusion conclusion;
    conclusion.outcome = outcome_of(
        rulings[i], target, leased.index, schedule,
        {now, released, began, leased.attempts, random, by ? by->deadline : WallTime::max()});
    auto& outcome = conclusion.outcome;
    if (part.plan->by_operator) outcome.answer.outcome_class = mail::OutcomeClass::by_operator;
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
    const bool told = message != nullptr && Notifier::tells(message->envelope(), outcome);
    if (warning_due) {
      consignment.late |= told && outcome.fate == mail::Fate::queued;
      consignment.concluded.push_back(outcome);
    }
    const bool failure = is_failure(outcome);
    if ((warning_due || failure || told) && !consignment.envelope)
      consignment.envelope = message->envelope();
    (failure ? consignment.failures : conclusions).push_back(std::move(conclusion));
  }

  part_ended(job.message, std::move(conclusions));
}

// Settles what can be settled now: of failures and delays the sender is told only with the last
// part.
void Consignments::part_ended(mail::MessageId id, std::vector<Conclusion> conclusions) {
  auto& consignment = find(id);
  assert(consignment.parts_open > 0);
  const bool last = --consignment.parts_open == 0;
  const bool warn = consignment.late && !conclusions.empty();
  const bool passed_on = std::any_of(conclusions.begin(), conclusions.end(), [&](const auto& one) {
    return one.outcome.fate == mail::Fate::delivered && consignment.envelope &&
           Notifier::tells(*consignment.envelope, one.outcome);
  });
  if (last && (!consignment.failures.empty() || warn)) {
    for (auto& failure : consignment.failures) conclusions.push_back(std::move(failure));
    consignment.failures.clear();
    spawn(notify(id, std::move(conclusions), true));
  } else if (passed_on) {
    spawn(notify(id, std::move(conclusions), false));
  } else if (!conclusions.empty()) {
    settle(id, std::move(conclusions), {});
  }
}

void Consignments::recall(queue::Job job, WallTime not_before) {
  auto& consignment = find(job.message);
  std::vector<std::uint32_t> recipients;
  for (auto position : consignment.parts[job.part].recipients)
    recipients.push_back(consignment.lease.recipients[position].index);
  consignment.recipients_open -= recipients.size();
  with_.store.release(job.message, recipients, not_before);
  part_ended(job.message, {});
  if (consignment.recipients_open == 0) consignments_.erase(job.message.value);
  settled_();
}

bool Consignments::to_be_told(queue::Job job, const mail::Envelope& envelope) const {
  const auto& consignment = find(job.message);
  const auto& lease = consignment.lease;
  if (over(lease, envelope.released())) return true;
  if (lease.warned || !notifier_.late(envelope, with_.loop.wall())) return false;
  return std::ranges::any_of(consignment.parts[job.part].recipients, [&](auto position) {
    mail::Outcome delayed;
    delayed.recipient = lease.recipients[position].index;
    return Notifier::tells(envelope, delayed);
  });
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

// The beginning of the content for a notice, and whether that is all of it. A notice without it is
// better than none.
Task<Consignments::Beginning> Consignments::beginning(mail::MessageId id, std::size_t octets) {
  Beginning found;
  auto& content = found.content;
  auto message = co_await with_.store.open(id);
  if (!message) co_return found;
  while (content.size() < octets) {
    auto block = co_await (*message)->read();
    if (!block || block->empty()) break;
    content += block->substr(0, octets - content.size());
  }
  found.all = !content.empty() && content.size() == (*message)->size();
  co_return found;
}

// Somebody may have to be told. `last`: also of delays, as the last part is concluded.
Task<void> Consignments::notify(mail::MessageId id, std::vector<Conclusion> conclusions,
                                bool last) {
  ++settling_;
  const bool delivered = any_delivered(conclusions);
  if (delivered) settling_deliveries_.insert(id);
  Beginning original;
  const auto told_of = [&](const auto& conclusion) {
    return Notifier::tells(*find(id).envelope, conclusion.outcome);
  };
  if (std::any_of(conclusions.begin(), conclusions.end(), told_of))
    original = co_await beginning(id, notifier_.content_wanted(*find(id).envelope));
  // A settlement is one record, which has an end: very many recipients to tell of are several
  // settlements, with DSNs each. All before the first is on its way, which may be the end of the
  // consignment.
  std::vector<std::pair<std::vector<Conclusion>, Told>> settlements(1);
  std::vector<mail::Outcome> failed, late, passed_on;
  auto tell = [&](const std::vector<mail::Outcome>& late_ones) {
    const auto& consignment = find(id);
    auto& told = settlements.back().second;
    told.notices = notifier_.notices({id, *consignment.envelope, consignment.lease.generated,
                                      failed, late_ones, passed_on, original.content, original.all},
                                     with_.loop.wall());
    told.warned = !late_ones.empty();
    failed.clear();
    passed_on.clear();
  };
  if (last && find(id).late) late = late_recipients(id);
  for (auto& conclusion : conclusions) {
    if (failed.size() + passed_on.size() == limits::recipients_per_dsn) {
      tell({});
      settlements.emplace_back();
    }
    const auto& outcome = conclusion.outcome;
    if (is_failure(outcome)) failed.push_back(outcome);
    if (outcome.fate == mail::Fate::delivered && told_of(conclusion)) passed_on.push_back(outcome);
    settlements.back().first.push_back(std::move(conclusion));
  }
  tell(late);
  for (auto& [part, told] : settlements) settle(id, std::move(part), std::move(told));
  --settling_;
  if (delivered) settling_deliveries_.erase(settling_deliveries_.find(id));
}

void Consignments::settle(mail::MessageId id, std::vector<Conclusion> conclusions, Told told) {
  spawn(settle_until_durable(id, std::move(conclusions), std::move(told)));
}

Task<void> Consignments::settle_until_durable(mail::MessageId id,
                                              std::vector<Conclusion> conclusions, Told told) {
  ++settling_;
  const bool delivered = any_delivered(conclusions);
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
