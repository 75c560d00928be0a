#include "smtp/peer_fit.h"

#include <fmt/format.h>

#include <cassert>
#include <chrono>

namespace malleposte::smtp {
namespace {

Ruling permanent(std::string status, std::string text) {
  return {Verdict::permanent, 0, std::move(status), std::move(text)};
}

}  // namespace

Lack lacking(const EhloAnswer& offers, const Transaction& transaction) {
  Lack lack;
  lack.lines_only = transaction.body == mail::Body::binary && !offers.binary_mime;
  lack.seven_bit_content =
      !offers.eight_bit_mime && (transaction.body == mail::Body::eight_bit || lack.lines_only);
  lack.ascii_only = !offers.smtputf8 && needs_smtputf8(transaction);
  return lack;
}

Ruling refusal_for(const Lack& lack) {
  assert(!lack.nothing());
  if (lack.ascii_only)
    return permanent("5.6.7",
                     "the message has international addresses or header fields (SMTPUTF8), which "
                     "this host does not take");
  if (lack.lines_only)
    return permanent("5.6.1", "the message is binary (BINARYMIME), which this host does not take");
  return permanent("5.6.3", "the message is 8-bit (8BITMIME), which this host does not take");
}

std::optional<Ruling> refusal_of(const EhloAnswer& offers, const Transaction& transaction) {
  if (offers.size_limit > 0 && transaction.size > offers.size_limit)
    return permanent("5.3.4", fmt::format("the message has {} octets; this host takes at most {}",
                                          transaction.size, offers.size_limit));
  return std::nullopt;
}

std::optional<Ruling> time_is_over(const Transaction& transaction) {
  const auto& by = transaction.requests.deliver_by;
  if (!by || !by->return_after || transaction.now + std::chrono::seconds(1) <= by->deadline)
    return std::nullopt;
  return permanent("5.4.7", "the time has passed by which the message was to be delivered");
}

std::optional<Ruling> cannot_return_in_time(const EhloAnswer& offers,
                                            const Transaction& transaction) {
  const auto& by = transaction.requests.deliver_by;
  if (!by || !by->return_after) return std::nullopt;
  if (auto over = time_is_over(transaction)) return over;
  const auto left = std::chrono::floor<std::chrono::seconds>(by->deadline - transaction.now);
  if (!offers.deliver_by)
    return permanent("5.3.3",
                     "the message is to be delivered by a certain time or returned (DELIVERBY), "
                     "which this host does not promise");
  if (static_cast<std::uint64_t>(left.count()) < offers.deliver_by_min_s)
    return permanent("5.4.7",
                     fmt::format("the message is to be delivered within {} seconds; this host "
                                 "promises no less than {}",
                                 left.count(), offers.deliver_by_min_s));
  return std::nullopt;
}

std::optional<Ruling> unfit(const EhloAnswer& offers, const Transaction& transaction) {
  if (auto refusal = refusal_of(offers, transaction)) return refusal;
  const auto lack = lacking(offers, transaction);
  if (lack.nothing()) return std::nullopt;
  return refusal_for(lack);
}

}  // namespace malleposte::smtp
