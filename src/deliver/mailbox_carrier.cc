#include "deliver/mailbox_carrier.h"

#include <fmt/format.h>

#include <numeric>
#include <utility>

#include "deliver/fitting.h"
#include "deliver/mailboxes.h"
#include "mail/final_delivery.h"

namespace malleposte::deliver {
namespace {

// What a mailbox can keep: anything that is made of lines.
smtp::EhloAnswer offers() {
  smtp::EhloAnswer offers;
  offers.eight_bit_mime = true;
  offers.smtputf8 = true;
  return offers;
}

// The mail's own, and the same whenever it is tried: "1785153600.000000000000AR0.mx.example.org".
std::string file_name(mail::MessageId id, std::uint32_t recipient, WallTime arrived,
                      std::string_view hostname) {
  const auto seconds =
      std::chrono::duration_cast<std::chrono::seconds>(arrived.time_since_epoch()).count();
  return fmt::format("{}.{}R{}.{}", seconds, mail::to_string(id), recipient, hostname);
}

}  // namespace

Task<void> MailboxCarrier::run(queue::Assignment first) {
  ++site_.working;
  depot_.scheduler.connected(site_.id);
  bool full = false;
  for (std::optional next = first; next;) {
    if (depot_.stopping) {
      depot_.put_back(site_, *next);
      break;
    }
    auto parcel = co_await depot_.take_in_hand(site_, *next, full);
    if (parcel) co_await deliver(std::move(*parcel));
    next.reset();
    if (!full && !depot_.stopping)
      next = depot_.scheduler.more(site_.id, depot_.with.loop.steady());
  }
  --site_.working;
  site_.last_used = depot_.with.loop.steady();
  depot_.scheduler.release(site_.id, depot_.with.loop.steady());
}

Task<void> MailboxCarrier::deliver(Parcel parcel) {
  const auto job = parcel.job();
  std::vector<smtp::Ruling> rulings;
  bool accepted = false, silent = false;
  const auto count = parcel.transaction.recipients.size();
  while (rulings.size() < count && !silent) {
    auto ruling = co_await deliver(parcel, rulings.size());
    if (!ruling) break;
    accepted |= ruling->verdict == smtp::Verdict::accepted;
    silent = is_no_answer(*ruling);
    rulings.push_back(std::move(*ruling));
  }
  writing_ = {};
  if (rulings.empty()) co_return leave(parcel.assignment);
  if (rulings.size() < count) {  // for the rest the same holds as if it had not been begun
    std::vector<std::size_t> rest(count - rulings.size());
    std::iota(rest.begin(), rest.end(), rulings.size());
    leave({site_.id, depot_.consignments.split(job, rest)});
  }
  if (aborted_) co_return depot_.consignments.abandon(job);
  if (silent) depot_.sites.asked_for_less(site_, {rulings.back(), std::nullopt});
  if (accepted) depot_.scheduler.answered(site_.id);
  depot_.sites.answered(site_, accepted);
  depot_.conclude(parcel, rulings, nullptr);
}

// What is not written now.
void MailboxCarrier::leave(const queue::Assignment& assignment) {
  if (depot_.with.store.wanted(assignment.job.message))
    depot_.put_back(site_, assignment);
  else
    depot_.consignments.recall(assignment.job);
}

// Into the mailbox of one recipient; empty: it is not to be done now.
Task<std::optional<smtp::Ruling>> MailboxCarrier::deliver(Parcel& parcel, std::size_t position) {
  const auto& with = depot_.with;
  const auto id = parcel.job().message;
  const auto may = [&] { return !depot_.stopping && with.store.wanted(id); };
  if (!may()) co_return std::nullopt;
  // Each reads it from its beginning.
  std::unique_ptr<spool::StoredMessage> again;
  if (position > 0) {
    auto opened = co_await with.store.open(id);
    if (!opened) co_return unreadable(opened.error());
    again = std::move(*opened);
  }
  auto& message = again ? *again : *parcel.message;
  Fitting fitting;
  auto transaction = parcel.transaction;
  auto refusal = co_await fitting.fit(with, id, message, offers(), transaction);
  if (refusal) co_return refusal;
  if (!may()) co_return std::nullopt;
  writing_ = id;
  auto& content = fitting.content() != nullptr ? *fitting.content() : message;
  co_return co_await write(parcel, position, content, transaction.size);
}

Task<smtp::Ruling> MailboxCarrier::write(const Parcel& parcel, std::size_t of,
                                         spool::StoredMessage& content, std::uint64_t octets) {
  const auto& with = depot_.with;
  const auto id = parcel.job().message;
  const auto position = depot_.consignments.recipients(parcel.job())[of];
  const auto index = depot_.consignments.lease(id).recipients[position].index;
  const auto& envelope = parcel.message->envelope();
  const auto& recipient = envelope.recipients[index];
  auto mailbox = mailbox_path(site_.plan->maildir, recipient);
  if (!mailbox) co_return no_mailbox();
  const auto into = with.mailboxes.begin(
      std::move(*mailbox), file_name(id, index, envelope.arrived, with.settings.hostname));
  mail::FinalContent final_content(with.settings.hostname);
  auto piece = mail::final_delivery_fields(envelope.reverse_path, recipient);
  for (;;) {
    auto block = co_await content.read();
    if (!block || block->size() > octets || (block->empty() && octets > 0)) {
      const Error error =
          block ? Error{Fault::damage, "its length is not what it was"} : block.error();
      with.record.event("log", monitor::Severity::alert,
                        "message " + mail::to_string(id) + " cannot be read: " + error.text);
      co_return unreadable(error);
    }
    octets -= block->size();
    final_content.pass(*block, piece);
    const bool last = octets == 0;
    if (last) final_content.end(piece);
    if (final_content.delivered_before(recipient))
      co_return smtp::Ruling{smtp::Verdict::permanent, 0, "5.4.6",
                             "the message was in this mailbox before: it goes round"};
    auto ruling = co_await into->write(std::exchange(piece, {}), last);
    if (last || ruling.verdict != smtp::Verdict::accepted) co_return ruling;
  }
}

}  // namespace malleposte::deliver
