#include "deliver/depot.h"

#include "deliver/transaction_of.h"

namespace malleposte::deliver {

Task<std::optional<Parcel>> Depot::take_in_hand(Site& site, queue::Assignment assignment,
                                                bool& full) {
  const auto job = assignment.job;
  if (!with.store.wanted(job.message)) {  // held or deleted while it waited its turn
    consignments.recall(job);
    co_return std::nullopt;
  }
  // For the whole message: its other parts, at other sites, find the room taken.
  const auto leased = consignments.lease(job.message).recipients.size();
  if (!with.store.reserve(job.message, leased)) {
    put_back(site, assignment);
    full = true;
    no_room();
    co_return std::nullopt;
  }
  auto message = co_await with.store.open(job.message);
  if (!message) {
    with.record.event(
        "log", monitor::Severity::alert,
        "message " + mail::to_string(job.message) + " cannot be read: " + message.error().text);
    const std::vector rulings(consignments.recipients(job).size(), unreadable(message.error()));
    consignments.conclude(job, rulings, nullptr, nullptr, with.loop.wall());
    co_return std::nullopt;
  }
  const auto& recipients = consignments.recipients(job);
  Parcel parcel;
  parcel.assignment = assignment;
  parcel.message = std::move(*message);
  parcel.began = with.loop.wall();
  const auto& envelope = parcel.message->envelope();
  const auto& lease = consignments.lease(job.message);
  std::vector<std::uint32_t> indexes;
  indexes.reserve(recipients.size());
  for (auto position : recipients) indexes.push_back(lease.recipients[position].index);
  parcel.transaction = transaction_of(envelope, indexes, parcel.message->size());
  parcel.transaction.now = parcel.began;
  if (auto over = smtp::time_is_over(parcel.transaction)) {
    conclude(parcel, std::vector(indexes.size(), *over), nullptr);
    co_return std::nullopt;
  }
  co_return parcel;
}

void Depot::conclude(const Parcel& parcel, const std::vector<smtp::Ruling>& rulings,
                     const Target* target) {
  consignments.conclude(parcel.job(), rulings, target, parcel.message.get(), parcel.began);
}

void Depot::put_back(Site& site, const queue::Assignment& assignment) {
  if (site.closed(with.loop.steady()) && !stopping)
    sites.give_back(site, assignment.job);
  else
    scheduler.put_back(assignment);
}

Task<void> Depot::end(Site& site, queue::Assignment assignment) {
  bool full = false;
  auto parcel = co_await take_in_hand(site, assignment, full);
  if (!parcel) co_return;
  if (!site.closed(with.loop.steady()) ||
      !consignments.to_be_told(assignment.job, parcel->message->envelope()))
    co_return put_back(site, assignment);  // a clock was set, or the site is open again
  const auto& [ruling, target] = site.said;
  std::vector rulings(parcel->transaction.recipients.size(), ruling);
  for (auto& one : rulings) one.verdict = smtp::Verdict::temporary;  // it was not about this one
  conclude(*parcel, rulings, target ? &*target : nullptr);
}

}  // namespace malleposte::deliver
