// Finds messages that go round (RFC 5321 6.3) in the trace fields that others, and we, have left in
// their headers, while they stream by: a watcher of read_header(). receive/ has one for each
// message; pure.
//
// - Too many Received fields: whatever the loop is made of.
// - A Delivered-To field (RFC 9228) that names the recipient, below a Received field of ours: the
//   message was here, was delivered to that address, and comes back for it. Each alone is no loop:
//   mail may pass a relay twice, and what fetches mail from a mailbox elsewhere brings the
//   Delivered-To of that mailbox along.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>

#include "mail/envelope.h"

namespace malleposte::mail {

class LoopDetector {
 public:
  // `hostname`: ours, as received_field() writes it behind "by".
  explicit LoopDetector(std::string_view hostname) : hostname_(hostname) {}

  void field(std::string_view name);
  void value(std::string_view piece);
  // Also when the content is over before the header is; again, it does nothing.
  void header_ended();

  std::uint32_t hops() const { return hops_; }  // Received fields
  bool too_many_hops() const;
  // Only after header_ended(): all of these recipients have had the message, from us. A message
  // that is new to one of them is no loop as a whole, and an answer to the data is for all.
  bool delivered_before(std::span<const Recipient> recipients) const;

 private:
  enum class Field : std::uint8_t { other, received, delivered_to };

  void finish_field();

  std::string hostname_;
  Field field_ = Field::other;
  std::string value_;  // of a trace field, its first limits::trace_value_octets
  std::uint32_t hops_ = 0;
  bool passed_here_ = false;
  std::unordered_set<std::string> delivered_to_;  // canonical addresses
};

}  // namespace malleposte::mail
