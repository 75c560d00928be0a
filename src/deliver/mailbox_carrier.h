// Writes mail into the mailboxes of one site: each recipient's into his own, one after another,
// with the fields of final delivery (mail/final_delivery.h). Loop thread.
#pragma once

#include <string>

#include "deliver/carrier.h"
#include "deliver/depot.h"

namespace malleposte::deliver {

class MailboxCarrier final : public Carrier {
 public:
  MailboxCarrier(Depot& depot, Site& site) : depot_(depot), site_(site) {}

  Task<void> run(queue::Assignment first) override;

  // What is being written is soon done, and may be there already.
  void stop() override {}
  void abort() override { aborted_ = true; }
  bool past_final_dot() const override { return writing_.value != 0; }
  mail::MessageId message() const override { return writing_; }
  std::string host() const override { return site_.plan->key; }

 private:
  Task<void> deliver(Parcel parcel);
  void leave(const queue::Assignment& assignment);
  Task<std::optional<smtp::Ruling>> deliver(Parcel& parcel, std::size_t position);
  Task<smtp::Ruling> write(const Parcel& parcel, std::size_t of, spool::StoredMessage& content,
                           std::uint64_t octets);

  Depot& depot_;
  Site& site_;
  mail::MessageId writing_{};
  bool aborted_ = false;
};

}  // namespace malleposte::deliver
