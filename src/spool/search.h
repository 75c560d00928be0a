// A search for the messages that a filter means, step by step, so that others have their turn in
// between. It takes the narrowest way it knows of: the queues of the wanted domains, or all
// messages in the order of arrival, block by block, without a look at those blocks whose summary
// says that there is nothing. Must not outlive the index; messages may come and go while it is
// under way. Loop thread.
#pragma once

#include <optional>
#include <vector>

#include "spool/matcher.h"

namespace malleposte::spool {

class Search {
 public:
  Search(const Index& index, Filter filter, WallTime now);

  // Makes ready for a millisecond or so; to be called until it returns true, before all else.
  bool prepare();
  // How many match, where that is known without looking at them; for a filter that is not exact
  // never.
  std::optional<std::uint64_t> total() const;
  // Leaves out what came before this message, and it. Before the first step only.
  void start_after(MessageId message);
  // Goes on for a millisecond or so, at most until `enough` are found, and adds what it finds.
  // false: that was all.
  bool step(std::vector<MessageId>& found, std::size_t enough = SIZE_MAX);
  // Whether they are found in the order of arrival.
  bool ordered() const { return !by_domains_; }

  const Matcher& matcher() const { return matcher_; }
  // How many messages were looked at.
  std::uint64_t looked_at() const { return looked_at_; }

 private:
  bool through_domains(std::vector<MessageId>& found, std::size_t enough);
  bool through_blocks(std::vector<MessageId>& found, std::size_t enough);
  const DomainQueue& queue_of(Interner::Number domain) const;  // empty when it is gone
  std::uint64_t waiting() const;
  void list_waiting();
  void look_at(Index::Slot slot, std::vector<MessageId>& found);

  const Index& index_;
  Matcher matcher_;
  std::uint64_t after_;  // the last id that was passed
  bool by_domains_ = false;
  bool listed_ = false;
  std::vector<Index::Slot> slots_;  // of what waits for the domains, each once, still to be seen
  std::uint64_t looked_at_ = 0;
};

}  // namespace malleposte::spool
