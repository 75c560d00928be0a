#include "spool/search.h"

#include <algorithm>
#include <unordered_set>

namespace malleposte::spool {
namespace {

// A step costs about so many times a look at a message that is not in the processor's cache.
constexpr std::size_t step_work = 8'000;
constexpr std::size_t work_of_a_block = 4;  // to tell that nothing is in it
constexpr std::size_t work_of_a_text = 4;   // to find a domain, to look into a reply
constexpr std::size_t looks_ahead = 8;      // messages that are fetched while one is looked at
// The queues of domains are worth it while they hold less than this part of all.
constexpr std::uint64_t part_by_domains = 4, most_by_domains = 500'000;

}  // namespace

Search::Search(const Index& index, Filter filter, WallTime now)
    : index_(index), matcher_(index, std::move(filter), now), after_(matcher_.first()) {
  if (after_ > 0) --after_;
}

bool Search::prepare() {
  if (!matcher_.prepare(step_work / work_of_a_text)) return false;
  if (!matcher_.domains()) return true;
  const auto listed = waiting();
  by_domains_ = listed <= index_.size() / part_by_domains && listed <= most_by_domains;
  return true;
}

const DomainQueue& Search::queue_of(Interner::Number domain) const {
  static const DomainQueue none;
  return matcher_.stands(domain) ? index_.domains()[domain] : none;
}

std::uint64_t Search::waiting() const {
  std::uint64_t waiting = 0;
  for (auto number : *matcher_.domains()) waiting += queue_of(number).waiting.size();
  return waiting;
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
  // A message with several recipients may stand there more than once.
  for (auto number : *matcher_.domains())
    if (queue_of(number).of_many > 0) return std::nullopt;
  return waiting();
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

void Search::list_waiting() {
  std::unordered_set<Index::Slot> several;
  slots_.reserve(waiting());
  for (auto number : *matcher_.domains())
    for (const auto& waiting : queue_of(number).waiting) {
      const auto slot = index_.slot_of(waiting);
      if (!Index::one_of_several(waiting) || several.insert(slot).second) slots_.push_back(slot);
    }
  listed_ = true;
}

// A slot may be another message's by the time it is seen: then that one is judged.
bool Search::through_domains(std::vector<MessageId>& found, std::size_t enough) {
  if (!listed_) {
    list_waiting();
    return true;
  }
  for (auto work = step_work; work > 0 && !slots_.empty() && found.size() < enough; --work) {
    if (slots_.size() > looks_ahead) index_.prefetch(slots_[slots_.size() - 1 - looks_ahead]);
    look_at(slots_.back(), found);
    slots_.pop_back();
  }
  return !slots_.empty();
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
