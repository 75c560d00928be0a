#include "spool/search.h"

#include <algorithm>

namespace malleposte::spool {
namespace {

// A step costs about so many times a look at a message that is not in the processor's cache.
constexpr std::size_t step_work = 8'000;
constexpr std::size_t work_of_a_block = 4;  // to tell that nothing is in it
constexpr std::size_t work_of_a_text = 4;   // to find a domain, to look into a reply
constexpr std::size_t looks_ahead = 8;      // messages that are fetched while one is looked at
constexpr std::size_t copied_at_once = 64;  // places in a queue, in the time of one look
// The queues of domains are worth it while they hold less than this part of all.
constexpr std::uint64_t part_by_domains = 4, most_by_domains = 500'000;

}  // namespace

Search::Search(const Index& index, Filter filter, WallTime now)
    : index_(index), matcher_(index, std::move(filter), now), after_(matcher_.first()) {
  if (after_ > 0) --after_;
}

// Looks at some of the queues of the wanted domains, those that are not gone; `look` returns what
// that took. true: that was the last one.
template <class Look>
bool Search::each_queue(Look look) {
  const auto& domains = *matcher_.domains();
  for (std::size_t work = 0; next_queue_ < domains.size(); ++next_queue_) {
    if (work >= step_work) return false;
    const auto number = domains[next_queue_];
    work += work_of_a_text;
    if (matcher_.stands(number)) work += look(index_.domains()[number]);
  }
  next_queue_ = 0;
  return true;
}

bool Search::prepare() {
  if (!ready_) ready_ = matcher_.prepare(step_work / work_of_a_text);
  if (!ready_) return false;
  if (!matcher_.domains()) return true;
  const bool counted = each_queue([this](const DomainQueue& queue) {
    waiting_ += queue.waiting.size();
    of_many_ += queue.of_many;
    return 0u;
  });
  if (!counted) return false;
  by_domains_ = waiting_ <= index_.size() / part_by_domains && waiting_ <= most_by_domains;
  if (by_domains_) to_see_.reserve(waiting_);
  return true;
}

std::optional<std::uint64_t> Search::total() const {
  if (matcher_.nothing()) return 0;
  const auto& ids = index_.ids();
  if (matcher_.only_range()) {
    const auto before = matcher_.first() == 0 ? 0 : ids.rank(matcher_.first() - 1);
    const auto until = ids.rank(matcher_.last());
    return until > before ? until - before : 0;
  }
  if (matcher_.first() != 0 || matcher_.last() != UINT64_MAX) return std::nullopt;
  if (matcher_.only_state()) return index_.count(*matcher_.state());
  if (!matcher_.only_domains()) return std::nullopt;
  if (of_many_ > 0) return std::nullopt;  // one may stand there more than once
  return waiting_;
}

void Search::start_after(MessageId message) {
  after_ = std::max(after_, message.value);
}

bool Search::step(std::vector<MessageId>& found, std::size_t enough) {
  if (matcher_.nothing()) return false;
  return by_domains_ ? through_domains(found, enough) : through_blocks(found, enough);
}

void Search::look_at(Index::Slot slot, std::vector<MessageId>& found) {
  ++looked_at_;
  if (!index_.used(slot)) return;
  const auto& message = index_[slot];
  if (message.id.value > after_ && matcher_.matches(message)) found.push_back(message.id);
}

// The queues are copied first, each as a whole, since what is in them changes places. A slot may be
// another message's by the time it is seen, or nobody's: then that one is judged.
bool Search::through_domains(std::vector<MessageId>& found, std::size_t enough) {
  if (!listed_) {
    listed_ = each_queue([this](const DomainQueue& queue) {
      to_see_.insert(to_see_.end(), queue.waiting.begin(), queue.waiting.end());
      return queue.waiting.size() / copied_at_once;
    });
    return true;
  }
  for (auto work = step_work; work > 0 && !to_see_.empty() && found.size() < enough; --work) {
    if (to_see_.size() > looks_ahead)
      index_.prefetch(index_.slot_of(to_see_[to_see_.size() - 1 - looks_ahead]));
    const auto waiting = to_see_.back();
    to_see_.pop_back();
    const auto slot = index_.slot_of(waiting);
    if (!index_.used(slot)) continue;
    if (slot >= seen_.size()) seen_.resize(slot + 1);
    if (seen_[slot]) continue;
    seen_[slot] = true;
    look_at(slot, found);
  }
  return !to_see_.empty();
}

bool Search::through_blocks(std::vector<MessageId>& found, std::size_t enough) {
  for (std::size_t work = 0; work < step_work && found.size() < enough; work += work_of_a_block) {
    const auto* block = index_.ids().after(after_);
    if (block == nullptr || block->pairs().front().id > matcher_.last()) return false;
    if (!matcher_.only_range() && !matcher_.may_match(block->summary)) {
      after_ = block->pairs().back().id;
      continue;
    }
    if (!matcher_.only_range())
      for (const auto& pair : block->pairs()) index_.prefetch(pair.slot);
    for (const auto& pair : block->pairs()) {
      if (pair.id <= after_) continue;
      if (pair.id > matcher_.last()) return false;
      if (found.size() >= enough) break;
      if (matcher_.only_range())
        found.push_back({pair.id});
      else
        look_at(pair.slot, found);
      after_ = pair.id;
    }
    work += block->size;
  }
  return true;
}

}  // namespace malleposte::spool
