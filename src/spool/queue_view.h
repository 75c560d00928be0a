// The queue as people see it: which messages a filter means, and what is shown of each. Looks only
// at the index until it comes to showing; long looks are taken in slices, so that the loop is never
// held for more than a couple of milliseconds. Loop thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "spool/record_access.h"

namespace malleposte::spool {

// A filter in the index's own terms.
class Matcher {
 public:
  Matcher(const SpoolState& state, const Filter& filter);
  // Whether the index says that it matches. With exact() false it may be another address with the
  // same hash: confirm() looks at the message itself.
  bool matches(const IndexedMessage& message) const;
  bool exact() const { return !sender_ && !recipient_; }
  bool confirm(const MessageItem& item) const;
  bool everything() const { return everything_; }
  // The slots to look at next, after this message: all in order, or the only one that can match.
  std::vector<Index::Slot> candidates(MessageId after, std::size_t most) const;

 private:
  struct Wanted {
    std::optional<Interner::Number> domain;  // empty: no message has it
    std::uint32_t local;
    std::string address;
  };
  Wanted wanted(std::string_view address) const;

  const SpoolState& state_;
  bool everything_ = true, nothing_ = false;
  std::optional<MessageId> id_;
  std::optional<Wanted> sender_, recipient_;
  std::optional<Interner::Number> domain_;
  std::optional<QueueState> queue_state_;
  std::optional<std::uint64_t> arrived_before_;
  std::optional<mail::OutcomeClass> outcome_class_;
};

// The form in which the filters compare: "joe@xn--mnchen-3ya.de" of "Joe@München.de".
std::string canonical(std::string_view address);

QueueState state_of(const IndexedMessage& message);
// When the message arrived, as its id tells.
WallTime arrival_of(MessageId id);

// All matching messages in order of arrival, confirmed.
Task<std::vector<MessageId>> find_messages(SpoolState& state, Filter filter);
Task<QueuePage> list_messages(SpoolState& state, Filter filter, std::string cursor,
                              std::size_t limit);
Task<std::uint64_t> count_messages(const SpoolState& state, Filter filter);

}  // namespace malleposte::spool
