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

  // Makes ready, a millisecond or so at a time; to be called until it returns true, before all
  // else.
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
  template <class Look>
  bool each_queue(Look look);
  void look_at(Index::Slot slot, std::vector<MessageId>& found);

  const Index& index_;
  Matcher matcher_;
  std::uint64_t after_;         // the last id that was passed
  bool ready_ = false;          // the matcher is
  std::size_t next_queue_ = 0;  // of the wanted domains, to be looked at
  std::uint64_t waiting_ = 0;   // for these domains, recipients
  std::uint64_t of_many_ = 0;   // of these, from messages with several
  bool by_domains_ = false;
  bool listed_ = false;
  std::vector<Waiting> to_see_;  // what waits for the domains
  std::vector<bool> seen_;       // by slot
  std::uint64_t looked_at_ = 0;
};

}  // namespace malleposte::spool
