#include "deliver/transaction_of.h"

namespace malleposte::deliver {

smtp::Transaction transaction_of(const mail::Envelope& envelope,
                                 const std::vector<std::uint32_t>& recipients, std::uint64_t size) {
  smtp::Transaction transaction;
  transaction.reverse_path = mail::to_string(envelope.reverse_path);
  transaction.recipients.reserve(recipients.size());
  for (auto index : recipients) {
    const auto& recipient = envelope.recipients[index];
    transaction.recipients.push_back(
        {mail::to_string(recipient), recipient.notify, recipient.original});
  }
  transaction.size = size;
  transaction.body = envelope.body;
  transaction.requests = envelope.requests;
  return transaction;
}

}  // namespace malleposte::deliver
