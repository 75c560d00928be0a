// What a block of messages (spool/ordered_ids.h) has in common: enough to tell, without looking at
// them, that none of them can be the one that is looked for. It may say "perhaps" for nothing, and
// never "no" wrongly. About 4 octets a message. Pure; loop thread.
#pragma once

#include <array>
#include <cstdint>

#include "spool/listing.h"

namespace malleposte::spool {

// Something a message can be found by, as a number. Two facts may be the same number by chance.
using Fact = std::uint64_t;
Fact sender_fact(std::uint32_t address);                         // hash
Fact sender_domain_fact(std::uint32_t domain);                   // hash
Fact recipient_fact(std::uint32_t domain, std::uint32_t local);  // number and hash
Fact reply_fact(std::uint32_t reply);                            // number

class BlockSummary {
 public:
  // Facts are only added (a Bloom filter); they go when the block is summed up anew.
  void add(Fact fact);
  bool may_have(Fact fact) const;
  void add_size(std::uint32_t octets);

  std::uint32_t smallest = UINT32_MAX, largest = 0;            // content, octets
  std::array<std::uint16_t, 5> states{};                       // messages, by QueueState; exact
  std::array<std::uint32_t, mail::outcome_classes> classes{};  // queued recipients; exact
  std::uint16_t changes = 0;                                   // since it was summed up

 private:
  static constexpr std::size_t bits = 8192;
  std::array<std::uint64_t, bits / 64> filter_{};
};

}  // namespace malleposte::spool
