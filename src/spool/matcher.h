// A filter in the index's own terms: whether a message matches, and whether one of a block can.
// What it needs to know of domains and replies it learns once, at the start; what comes into the
// index later by the same number is not taken for it. Loop thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "spool/index.h"

namespace malleposte::spool {

class Matcher {
 public:
  Matcher(const Index& index, Filter filter, WallTime now);

  // Looks up what is wanted of domains and replies, for at most so many of them at once. true:
  // done; only then the others are to be called.
  bool prepare(std::size_t most);

  // Whether the index says that it matches. With exact() false it may be another address with the
  // same hash: confirm() looks at the message itself.
  bool matches(const IndexedMessage& message) const;
  bool exact() const { return !sender_ && !recipient_; }
  bool confirm(const MessageItem& item) const;
  // false: no message of the block matches.
  bool may_match(const BlockSummary& summary) const;

  // No message can match.
  bool nothing() const { return nothing_; }
  // Every message between first() and last() matches.
  bool only_range() const { return criteria_ == 0; }
  // The only thing asked beside first() and last().
  bool only_state() const { return criteria_ == 1 && state_; }
  bool only_domains() const { return criteria_ == 1 && domains_; }
  // Those that match have ids from first() to last().
  std::uint64_t first() const { return first_; }
  std::uint64_t last() const { return last_; }
  std::optional<QueueState> state() const { return state_; }
  // Whether this number is still the domain that it was when the search began.
  bool stands(Interner::Number domain) const;
  // One of these is the domain of a queued recipient; empty: of any.
  const std::optional<std::vector<Interner::Number>>& domains() const { return domains_; }

 private:
  struct Sender {
    std::string address;  // canonical; "@example.org": all of it
    SenderKey key;
    bool whole;
    Fact fact;
  };
  struct Recipient {
    std::string address;  // canonical
    Interner::Number domain;
    std::uint32_t local;
    Fact fact;
  };
  void want_sender(const std::string& sender);
  void want_recipient(const std::string& recipient);
  void want_domain(std::string_view name);
  void look_up_reply(Interner::Number number);
  void prepared();
  void want_ages(const Filter& filter, WallTime now);
  bool of_wanted_sender(const IndexedMessage& message) const;
  bool waits_as_wanted(const IndexedRecipient& recipient) const;
  bool wanted_domain(Interner::Number number) const;
  bool wanted_reply(Interner::Number number) const;

  const Index& index_;
  unsigned criteria_ = 0;  // beside first_ and last_
  bool nothing_ = false;
  std::uint64_t first_ = 0, last_ = UINT64_MAX;
  std::optional<Sender> sender_;
  std::optional<Recipient> recipient_;
  std::vector<std::string> domain_names_;  // still to be looked up
  std::optional<Interner::Number> only_domain_;
  std::optional<std::vector<Interner::Number>> domains_;  // in order
  std::uint32_t domains_born_;                            // before the search began
  std::optional<QueueState> state_;
  std::optional<std::uint64_t> larger_than_, smaller_than_;
  std::optional<mail::OutcomeClass> outcome_class_;
  std::string reply_;                // in lower case
  std::vector<bool> replies_;        // which distinct ones contain it, by number
  std::vector<Fact> reply_facts_;    // of these, unless they are too many
  bool replies_may_be_told_ = true;  // by reply_facts_
  Interner::Number replies_looked_at_ = 1;
  std::uint32_t replies_born_;
};

// The form in which addresses are compared: "joe@xn--mnchen-3ya.de" of "Joe@München.de".
std::string canonical_address(std::string_view address);

}  // namespace malleposte::spool
