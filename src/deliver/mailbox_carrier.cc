#include "deliver/mailbox_carrier.h"

#include <fmt/format.h>

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
  if (depot_.stopping) co_return depot_.put_back(site_, parcel.assignment);
  writing_ = parcel.job().message;
  std::vector<smtp::Ruling> rulings;
  bool accepted = false;
  for (std::size_t i = 0; i < parcel.transaction.recipients.size(); ++i) {
    rulings.push_back(co_await deliver(parcel, i));
    accepted |= rulings.back().verdict == smtp::Verdict::accepted;
  }
  writing_ = {};
  if (aborted_) co_return depot_.consignments.abandon(parcel.job());
  if (accepted) depot_.scheduler.answered(site_.id);
  depot_.sites.answered(site_, accepted);
  depot_.conclude(parcel, rulings, nullptr);
}

Task<smtp::Ruling> MailboxCarrier::deliver(Parcel& parcel, std::size_t position) {
  const auto& with = depot_.with;
  const auto job = parcel.job();
  const auto& lease = depot_.consignments.lease(job.message);
  const auto index = lease.recipients[depot_.consignments.recipients(job)[position]].index;
  const auto& envelope = parcel.message->envelope();
  const auto& recipient = envelope.recipients[index];
  auto mailbox = mailbox_path(site_.plan->maildir, recipient);
  if (!mailbox) co_return no_mailbox();
  // Each reads it from the beginning.
  std::unique_ptr<spool::StoredMessage> again;
  if (position > 0) {
    auto opened = co_await with.store.open(job.message);
    if (!opened) co_return unreadable(opened.error());
    again = std::move(*opened);
  }
  auto& message = again ? *again : *parcel.message;
  Fitting fitting;
  auto transaction = parcel.transaction;
  if (auto refusal = co_await fitting.fit(with, job.message, message, offers(), transaction))
    co_return *refusal;
  const auto into = with.mailboxes.begin(
      std::move(*mailbox), file_name(job.message, index, envelope.arrived, with.settings.hostname));
  co_return co_await write(fitting.content() != nullptr ? *fitting.content() : message,
                           transaction.size, envelope, recipient, *into);
}

Task<smtp::Ruling> MailboxCarrier::write(spool::StoredMessage& content, std::uint64_t octets,
                                         const mail::Envelope& envelope,
                                         const mail::Recipient& recipient, MailboxDelivery& into) {
  mail::FinalContent final_content(depot_.with.settings.hostname);
  auto piece = mail::final_delivery_fields(envelope.reverse_path, recipient);
  for (;;) {
    auto block = co_await content.read();
    if (!block || block->size() > octets || (block->empty() && octets > 0)) {
      const Error error =
          block ? Error{Fault::damage, "its length is not what it was"} : block.error();
      depot_.with.record.event(
          "log", monitor::Severity::alert,
          "message " + mail::to_string(writing_) + " cannot be read: " + error.text);
      co_return unreadable(error);
    }
    octets -= block->size();
    piece += final_content.pass(*block);
    const bool last = octets == 0;
    if (last) piece += final_content.end();
    if (final_content.delivered_before(recipient))
      co_return smtp::Ruling{smtp::Verdict::permanent, 0, "5.4.6",
                             "the message was in this mailbox before: it goes round"};
    auto ruling = co_await into.write(piece, last);
    if (last || ruling.verdict != smtp::Verdict::accepted) co_return ruling;
    piece.clear();
  }
}

}  // namespace malleposte::deliver
