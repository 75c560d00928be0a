#include "spool/indexed_message.h"

#include <algorithm>
#include <cctype>

#include "base/crc32c.h"
#include "mail/address.h"

namespace malleposte::spool {
namespace {

// A recipient of it is queued and was tried.
bool tried(const IndexedMessage& message) {
  return std::ranges::any_of(message.recipients(), [](const auto& recipient) {
    return recipient.queued() && recipient.attempts > 0;
  });
}

bool scheduled(const IndexedMessage& message) {
  return std::ranges::none_of(message.recipients(), [](const auto& recipient) {
    return recipient.queued() && recipient.due == 0;
  });
}

}  // namespace

QueueState state_of(const IndexedMessage& message) {
  if (message.deleting) return QueueState::deleting;
  if (message.held) return QueueState::held;
  if (message.leased) return QueueState::active;
  if (message.gathered) return QueueState::scheduled;
  if (tried(message)) return QueueState::deferred;
  return scheduled(message) ? QueueState::scheduled : QueueState::active;
}

WallTime arrival_of(MessageId id) {
  return WallTime(Duration(static_cast<std::int64_t>(id.value >> id_chance_bits)));
}

std::uint64_t first_id_at(WallTime time) {
  return static_cast<std::uint64_t>(time.time_since_epoch().count()) << id_chance_bits;
}

AddressKey address_key(std::string_view address) {
  auto at = address.rfind('@');
  auto local = address.substr(0, at);
  std::string lower(local);
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return {
      at == std::string_view::npos ? std::string() : mail::canonical_domain(address.substr(at + 1)),
      crc32c(0, lower)};
}

SenderKey sender_key(std::string_view address) {
  if (address.empty()) return {};
  auto key = address_key(address);
  return {crc32c(key.local, key.domain), crc32c(0, key.domain)};
}

}  // namespace malleposte::spool
