// For tests: messages in the index, and what was given out of them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "spool/index.h"

namespace malleposte::spool {

inline constexpr Tick now = 5000;

inline MessageItem item(std::uint64_t id, std::vector<std::string> domains, Tick due = 0) {
  MessageItem made;
  made.id = {id};
  made.sender = "sender@example.org";
  for (const auto& domain : domains) {
    auto& recipient = made.recipients.emplace_back();
    recipient.address = "user@" + domain;
    if (due > 0) recipient.next_attempt = to_time(due);
  }
  return made;
}

inline std::vector<std::size_t> leased_recipients(Index& index, std::uint64_t id) {
  std::vector<std::size_t> list;
  auto recipients = index[*index.find({id})].recipients();
  for (std::size_t i = 0; i < recipients.size(); ++i)
    if (recipients[i].leased) list.push_back(i);
  return list;
}

using Ids = std::vector<std::uint64_t>;

inline std::vector<std::uint64_t> lease(Index& index, std::size_t max = SIZE_MAX, Tick at = now) {
  std::vector<std::uint64_t> ids;
  for (auto slot : index.lease(at, max)) ids.push_back(index[slot].id.value);
  return ids;
}

}  // namespace malleposte::spool
