// The queue as people see it: what they ask for, and what is shown of it. Values only.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "mail/message_id.h"
#include "mail/outcome.h"
#include "mail/requests.h"

namespace malleposte::spool {

using mail::MessageId;

enum class QueueState : std::uint8_t { active, deferred, held, scheduled, deleting };
std::string_view to_string(QueueState state);

// Which messages are meant; all that is given must hold, for one recipient where it is about one.
struct Filter {
  std::string id = {};         // one message; the other fields still apply
  std::string sender = {};     // address, "@example.org" (all of a domain) or "<>"; without case
  std::string recipient = {};  // address
  std::string domain = {};     // of a recipient that is still queued
  std::vector<std::string> domains = {};  // the same: any of these (those of a site)
  std::optional<QueueState> state = {};
  std::optional<Duration> older_than = {}, younger_than = {};
  std::optional<std::uint64_t> larger_than = {}, smaller_than = {};  // octets of content
  // Of the last answer for a recipient that is still queued: its class, and a part of its text,
  // compared without case (ASCII).
  std::optional<mail::OutcomeClass> outcome_class = {};
  std::string reply = {};
};

struct ListedRecipient {
  std::string address;
  std::string state;  // to_string(Fate), or for queued ones the message's state
  std::string reply;  // last answer, "" before the first
  mail::OutcomeClass outcome_class = mail::OutcomeClass::none;  // of the last answer
  // While it is queued.
  std::uint32_t attempts = 0;
  std::optional<WallTime> next_attempt = {};  // empty: at once
};

struct ListedMessage {
  MessageId id;
  std::string sender;
  std::uint64_t size;
  WallTime arrived;
  QueueState state;
  std::uint32_t attempts;
  std::optional<WallTime> next_attempt;
  std::string reason;  // why it waits
  std::vector<ListedRecipient> recipients;
  // By an operator: another next hop than the routes say ("": none), another lifetime.
  std::string next_hop = {};
  std::optional<Duration> lifetime = {};
  WallTime held_until{};  // HOLDFOR, HOLDUNTIL (RFC 4865); its times count from there
  std::optional<mail::DeliverBy> deliver_by = {};
  bool generated = false;  // made by ourselves
  bool warned = false;     // its sender knows that it is late
};

struct QueuePage {
  std::uint64_t total;  // matching messages in all
  std::string next;     // cursor of the next page, "" at the end
  std::vector<ListedMessage> messages;
};

// What waits for one domain.
struct Destination {
  // Upper ends of the classes of age: 5, 10, 20 ... 1280 minutes; the last class has none.
  static constexpr std::size_t ages = 10;
  static constexpr Duration age_end(std::size_t i) { return std::chrono::minutes(5 << i); }

  std::string domain;            // canonical
  std::uint64_t recipients = 0;  // queued
  WallTime oldest{};             // arrival of the oldest of them
  std::array<std::uint64_t, ages> by_age{};
};

// What is remembered of the attempts for one recipient.
struct RecipientAttempts {
  std::uint32_t made = 0;            // in all; those that are not known are the oldest
  std::vector<mail::Attempt> known;  // oldest first
  bool operator==(const RecipientAttempts&) const = default;
};

}  // namespace malleposte::spool
