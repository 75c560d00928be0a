#include "mail/loop_detector.h"

#include <algorithm>

#include "base/limits.h"
#include "mail/address.h"
#include "mail/header_addresses.h"
#include "mail/header_reader.h"

namespace malleposte::mail {
namespace {

bool blank(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

// The word behind "by" in a Received field (RFC 5321 4.4); "" when there is none. Comments, in
// which the client's own words may stand, are passed over.
std::string_view receiving_host(std::string_view value) {
  std::size_t depth = 0;
  bool by = false;
  for (std::size_t at = 0; at < value.size();) {
    const char c = value[at];
    if (c == '(' || c == ')') {
      depth = c == '(' ? depth + 1 : depth - (depth > 0 ? 1 : 0);
      ++at;
    } else if (depth > 0 || blank(c)) {
      at += c == '\\' ? 2 : 1;
    } else {
      const std::size_t begin = at;
      while (at < value.size() && !blank(value[at]) && value[at] != '(' && value[at] != ';') ++at;
      const std::string_view word = value.substr(begin, at - begin);
      if (by) return word;
      by = same_field(word, "by");
      if (at < value.size() && value[at] == ';') return {};
    }
  }
  return {};
}

}  // namespace

void LoopDetector::field(std::string_view name) {
  finish_field();
  if (same_field(name, "Received")) {
    ++hops_;
    field_ = Field::received;
  } else if (same_field(name, "Delivered-To")) {
    field_ = Field::delivered_to;
  }
}

void LoopDetector::value(std::string_view piece) {
  if (field_ == Field::other) return;
  value_.append(piece.substr(
      0, limits::trace_value_octets - std::min(limits::trace_value_octets, value_.size())));
}

void LoopDetector::header_ended() {
  finish_field();
  value_ = std::string();
}

void LoopDetector::finish_field() {
  if (field_ == Field::received) {
    passed_here_ = passed_here_ || same_field(receiving_host(value_), hostname_);
  } else if (field_ == Field::delivered_to && delivered_to_.size() < limits::delivered_to_fields) {
    if (const auto found = parse_header_addresses(value_); found && found->size() == 1) {
      delivered_to_.insert(canonical_address(found->front().address));
    }
  }
  field_ = Field::other;
  value_.clear();
}

bool LoopDetector::too_many_hops() const {
  return hops_ > limits::received_hops;
}

bool LoopDetector::delivered_before(std::span<const Recipient> recipients) const {
  return passed_here_ && !delivered_to_.empty() &&
         std::all_of(recipients.begin(), recipients.end(), [&](const Recipient& recipient) {
           return delivered_to_.contains(canonical_address(recipient));
         });
}

}  // namespace malleposte::mail
