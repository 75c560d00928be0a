// Finds messages that go round (RFC 5321 6.3) in the trace fields that others, and we, have left in
// their headers, while they stream by. receive/ has one for each message; pure.
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
#include "mail/header_reader.h"

namespace malleposte::mail {

class LoopDetector {
 public:
  // `hostname`: ours, as received_field() writes it behind "by".
  explicit LoopDetector(std::string_view hostname) : hostname_(hostname) {}

  // The next content, cut anywhere. Only the header is looked at, and at most its first
  // limits::header_octets.
  void feed(std::string_view content);
  // There is no more content.
  void end();
  // The header is over: nothing more will be found.
  bool done() const { return done_; }

  std::uint32_t hops() const { return hops_; }  // Received fields
  bool too_many_hops() const;
  // Only after done() or end(): all of these recipients have had the message, from us. A message
  // that is new to one of them is no loop as a whole, and an answer to the data is for all.
  bool delivered_before(std::span<const Recipient> recipients) const;

 private:
  enum class Field : std::uint8_t { other, received, delivered_to };

  void finish_field();

  std::string hostname_;
  HeaderReader reader_;
  Field field_ = Field::other;
  std::string value_;  // of a trace field, its first limits::trace_value_octets
  std::uint32_t hops_ = 0;
  bool passed_here_ = false;
  bool done_ = false;
  std::unordered_set<std::string> delivered_to_;  // canonical addresses
};

}  // namespace malleposte::mail
