// The messages that an operator has removed and that can still be brought back, and when each of
// them is gone for good. About 24 octets a message. Pure; loop thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "spool/index.h"

namespace malleposte::spool {

class Removals {
 public:
  // The message is gone for good at `at`; a time it had before counts no more.
  void add(MessageId id, Tick at);
  // It stays after all, or has gone.
  void cancel(MessageId id);
  std::optional<Tick> at(MessageId id) const { return times_.find(id.value); }

  // When take() will have something to give; empty when nothing is removed.
  std::optional<Tick> next() const;
  // Up to `most` messages whose time has come, in order of arrival. They stay removed; each is
  // given out once, unless again() is called for it.
  std::vector<MessageId> take(Tick now, std::size_t most);
  // It could not be ended yet: take() gives it out once more. Does nothing when it was cancelled.
  void again(MessageId id);

  std::size_t size() const { return times_.size(); }
  std::size_t octets() const { return times_.size() * 24; }

 private:
  OrderedIds times_;  // id -> tick
  // By time; one that is no longer in times_ with this time was cancelled.
  std::map<Tick, std::vector<std::uint64_t>> due_;
};

}  // namespace malleposte::spool
