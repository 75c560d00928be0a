#include "spool/block_summary.h"

#include <algorithm>

namespace malleposte::spool {
namespace {

constexpr unsigned probes = 4, bits_of_probe = 13;

// Spreads a number over 64 bits (the finalizer of SplitMix64).
std::uint64_t mixed(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

Fact fact(std::uint64_t kind, std::uint64_t what) {
  return mixed(mixed(what + 1) + kind);
}

}  // namespace

Fact sender_fact(std::uint32_t address) {
  return fact(1, address);
}
Fact sender_domain_fact(std::uint32_t domain) {
  return fact(2, domain);
}
Fact recipient_fact(std::uint32_t domain, std::uint32_t local) {
  return fact(3, std::uint64_t{domain} << 32 | local);
}
Fact reply_fact(std::uint32_t reply) {
  return fact(4, reply);
}

void BlockSummary::add(Fact fact) {
  for (unsigned i = 0; i < probes; ++i, fact >>= bits_of_probe) {
    auto bit = fact % bits;
    filter_[bit / 64] |= std::uint64_t{1} << bit % 64;
  }
}

bool BlockSummary::may_have(Fact fact) const {
  for (unsigned i = 0; i < probes; ++i, fact >>= bits_of_probe) {
    auto bit = fact % bits;
    if (!(filter_[bit / 64] >> bit % 64 & 1)) return false;
  }
  return true;
}

void BlockSummary::add_size(std::uint32_t octets) {
  smallest = std::min(smallest, octets);
  largest = std::max(largest, octets);
}

}  // namespace malleposte::spool
