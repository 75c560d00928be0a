// What the operator does to the queue: the part of LogStore that carries it out. A change is in
// force in memory at once, so that no delivery begins meanwhile, and is answered when it is
// durable; if it cannot be made durable it is taken back.
#include <algorithm>
#include <cassert>
#include <set>
#include <utility>

#include "base/limits.h"
#include "spool/log_store.h"
#include "spool/queue_view.h"
#include "spool/stored_message.h"

namespace malleposte::spool {
namespace {

using namespace std::chrono_literals;
constexpr std::size_t messages_at_once = 500;      // in one record
constexpr std::size_t octets_at_once = 24 * 1024;  // the same, about
constexpr std::size_t recipients_at_once = 2'000;  // made due, before others have their turn
constexpr Duration try_again_after = 1s;
const mail::Answer by_operator{
    {}, {}, 0, {}, "deleted by the operator", mail::OutcomeClass::by_operator};

// What goes into one record together.
std::vector<MessageId> part_of(const std::vector<MessageId>& ids, std::size_t from) {
  const auto to = std::min(ids.size(), from + messages_at_once);
  return {ids.begin() + static_cast<std::ptrdiff_t>(from),
          ids.begin() + static_cast<std::ptrdiff_t>(to)};
}

}  // namespace

Task<Result<std::uint64_t>> LogStore::apply(Filter filter, Action action) {
  auto ids = co_await find_messages(state_, std::move(filter));
  if (action.operation == Operation::flush) co_return co_await flush(std::move(ids));
  if (action.operation == Operation::bounce) co_return co_await bounce(std::move(ids));
  if (action.operation == Operation::remove && action.at_once)
    co_return co_await remove_at_once(std::move(ids));
  co_return co_await mark(std::move(ids), change_of(action));
}

Task<std::uint64_t> LogStore::flush(std::vector<MessageId> ids) {
  std::uint64_t count = 0;
  // Each once, however long it takes: the site may say meanwhile that it is to be left alone.
  std::set<std::string> told_hops;
  std::set<std::pair<Interner::Number, std::uint32_t>> told_domains;  // by number and birth
  const auto tell = [&](Interner::Number domain, const std::string& next_hop) {
    const bool is_new =
        next_hop.empty()
            ? told_domains.emplace(domain, state_.index.domains().names().born(domain)).second
            : told_hops.insert(next_hop).second;
    if (!flushed_ || !is_new) return;
    flushed_(next_hop.empty() ? std::string(state_.index.domain(domain)) : "", next_hop);
  };
  std::size_t work = 0;
  ++looks_;
  for (auto id : ids) {
    if (work >= recipients_at_once) {
      work = 0;
      notify_due();
      co_await take_turns(state_.loop);
    }
    auto slot = state_.index.find(id);
    if (!slot) continue;
    auto& message = state_.index[*slot];
    if (message.held || message.deleting) continue;
    ++count;
    work += message.recipients().size();
    const auto next_hop = state_.directions.next_hop(id);
    for (auto& recipient : message.recipients()) {
      if (!recipient.queued()) continue;
      recipient.due = 0;
      tell(recipient.domain, next_hop);
    }
    state_.index.reschedule(*slot);
  }
  --looks_;
  notify_due();
  co_return count;
}

// Says something about each of them: in memory at once, answered when it is durable, taken back
// when it cannot be made so. One batch after the other, and nobody else's between: what is taken
// back is what stood before.
Task<Result<std::uint64_t>> LogStore::mark(std::vector<MessageId> ids, Change change) {
  std::uint64_t count = 0;
  for (std::size_t next = 0; next < ids.size();) {
    const auto batch = part_of(ids, next);
    auto turn = co_await turns_.take();
    co_await not_moving(batch);
    std::string items(record_header_octets, '\0');
    std::vector<MessageId> changed;
    std::vector<Marks> before;
    std::vector<bool> held;  // as is said now
    for (auto id : batch) {
      if (items.size() >= octets_at_once) break;
      ++next;
      auto slot = state_.index.find(id);
      if (!slot) continue;
      const auto& message = state_.index[*slot];
      auto old = state_.marks(message);
      auto marks = old;
      if (!change.marks(message, marks)) continue;
      state_.mark(*slot, marks);
      changed.push_back(id);
      before.push_back(std::move(old));
      held.push_back(marks.held);
      append_item(items, FlagsItem{id, state_.home_epoch(message), std::move(marks)});
    }
    if (changed.empty()) continue;
    auto written = co_await write(std::move(items), changed, [&](const Written& where) {
      for (auto id : changed) {
        auto slot = state_.index.find(id);
        if (!slot) continue;
        auto& message = state_.index[*slot];
        state_.segments.outcome_added(where.segment, state_.home_epoch(message));
        if (change.durable) change.durable(message);
        state_.index.reschedule(*slot);
      }
    });
    if (!written) {
      for (std::size_t i = 0; i < changed.size(); ++i)
        if (auto slot = state_.index.find(changed[i])) {
          before[i].held |= state_.index[*slot].held && !held[i];  // found damaged meanwhile
          state_.mark(*slot, before[i]);
        }
      watch_times();
      notify_due();
      co_return tl::make_unexpected(written.error());
    }
    count += changed.size();
  }
  watch_times();
  notify_due();
  co_return count;
}

// What each operation that only says something changes, and what follows.
LogStore::Change LogStore::change_of(const Action& action) {
  const auto hold = [](bool held) -> Change {
    return {[held](const IndexedMessage&, Marks& marks) {
      return std::exchange(marks.held, held) != held;
    }};
  };
  // What it was tried with counts no more: it is tried again now, and not as it was leased.
  const auto try_anew = [this](IndexedMessage& message) {
    if (message.leased) outdated_.insert(message.id.value);
    for (auto& recipient : message.recipients())
      if (recipient.queued() && (recipient.attempts > 0 || message.put_off)) recipient.due = 0;
  };
  switch (action.operation) {
    case Operation::hold:
      return hold(true);
    case Operation::release:
      return hold(false);
    case Operation::remove:
      return {[at_once = action.at_once,
               at = state_.loop.wall() + (action.at_once ? Duration{} : limits::undo_time)](
                  const IndexedMessage&, Marks& marks) {
        if (marks.deleting && (!at_once || marks.deleted_at <= at)) return false;
        marks.deleting = true;
        marks.deleted_at = at;
        return true;
      }};
    case Operation::restore:
      return {[](const IndexedMessage&, Marks& marks) {
        marks.deleted_at = {};
        return std::exchange(marks.deleting, false);
      }};
    case Operation::reroute:
      return {[next_hop = action.next_hop](const IndexedMessage&, Marks& marks) {
                marks.next_hop = next_hop;
                return true;
              },
              try_anew};
    case Operation::lifetime:
      return {[lifetime = action.lifetime](const IndexedMessage&, Marks& marks) {
                marks.lifetime = lifetime;
                return true;
              },
              // What is too old by it now need not wait for its next attempt to expire.
              [this, try_anew, lifetime = action.lifetime](IndexedMessage& message) {
                if (lifetime && arrival_of(message.id) + *lifetime <= state_.loop.wall())
                  try_anew(message);
              }};
    case Operation::flush:
    case Operation::bounce:
      break;
  }
  assert(false && "an operation of its own");
  return {};
}

// The removal is durable when it is answered, and so it ends after a crash, too.
Task<Result<std::uint64_t>> LogStore::remove_at_once(std::vector<MessageId> ids) {
  Action action{Operation::remove};
  action.at_once = true;
  auto count = co_await mark(std::move(ids), change_of(action));
  co_await end_removals();
  co_return count;
}

void LogStore::append_deletion(std::string& items, Slot slot) const {
  const auto& message = state_.index[slot];
  auto recipients = message.recipients();
  for (std::uint32_t i = 0; i < recipients.size(); ++i) {
    if (recipients[i].fate != mail::Fate::queued) continue;
    append_item(items, OutcomeItem{message.id,
                                   state_.home_epoch(message),
                                   false,
                                   i,
                                   mail::Fate::deleted,
                                   recipients[i].attempts,
                                   {},
                                   {{}, {}, by_operator},
                                   {}});
  }
}

void LogStore::take_deletion(Slot slot, const Written& where) {
  const auto& message = state_.index[slot];
  for (std::uint32_t i = 0; i < message.recipients().size(); ++i)
    take_outcome(slot, i, mail::Fate::deleted, {}, by_operator, where);
  end_lease(slot);
}

// Makes the end of removals whose time has come durable, many in one record. What is just being
// delivered comes again when that has ended and has not delivered it. As long as it cannot be made
// durable the messages stay, removed, and it is tried again.
Task<void> LogStore::end_removals() {
  auto turn = co_await turns_.take();
  std::vector<MessageId> waiting;
  while (!closing_) {
    if (waiting.empty())
      waiting = state_.removals.take(to_tick(state_.loop.wall()), messages_at_once);
    if (waiting.empty()) break;
    co_await not_moving(waiting);
    std::string items(record_header_octets, '\0');
    std::vector<MessageId> about;
    while (!waiting.empty() && items.size() < octets_at_once) {
      auto slot = state_.index.find(waiting.back());
      waiting.pop_back();
      if (!slot || state_.index[*slot].leased || !state_.index[*slot].deleting) continue;
      append_deletion(items, *slot);
      about.push_back(state_.index[*slot].id);
    }
    if (about.empty()) continue;
    auto written = co_await write(std::move(items), about, [&](const Written& where) {
      for (auto id : about)
        if (auto slot = state_.index.find(id)) take_deletion(*slot, where);
    });
    if (written) continue;
    for (auto id : about) state_.removals.again(id);
    for (auto id : waiting) state_.removals.again(id);
    co_return watch_times(try_again_after);
  }
  watch_times();
}

// Sets the timer for what ends next by itself, not before `at_least` from now. The clock of the
// messages may be set meanwhile: it is looked at again after a while.
void LogStore::watch_times(Duration at_least) {
  state_.loop.cancel(times_);
  times_ = 0;
  auto next = state_.orders.next_end();
  if (auto removal = state_.removals.next(); removal && (!next || to_time(*removal) < *next))
    next = to_time(*removal);
  if (!next || closing_) return;
  const auto left = std::clamp<Duration>(*next - state_.loop.wall(), at_least, limits::undo_time);
  times_ = state_.loop.call_at(state_.loop.steady() + left, [this] {
    times_ = 0;
    times_have_come();
  });
}

void LogStore::times_have_come() {
  end_orders();
  const auto removal = state_.removals.next();
  if (removal && *removal <= to_tick(state_.loop.wall())) return spawn(end_removals());
  watch_times();
}

// Many at the same time, so that they share their syncs.
Task<Result<std::uint64_t>> LogStore::bounce(std::vector<MessageId> ids) {
  struct Progress {
    std::size_t left = 0;
    std::uint64_t count = 0;
    std::optional<Error> error;
    OneShot<bool> done;
  };
  std::uint64_t count = 0;
  for (std::size_t from = 0; from < ids.size(); from += messages_at_once) {
    auto to = std::min(ids.size(), from + messages_at_once);
    auto progress = std::make_shared<Progress>();
    progress->left = to - from;
    for (auto i = from; i < to; ++i) {
      spawn([](LogStore& store, MessageId id, std::shared_ptr<Progress> all) -> Task<void> {
        auto bounced = co_await store.bounce_one(id);
        if (bounced)
          all->count += *bounced;
        else
          all->error = bounced.error();
        if (--all->left == 0) all->done.set(true);
      }(*this, ids[i], progress));
    }
    co_await progress->done;
    count += progress->count;
    if (progress->error) co_return tl::make_unexpected(*progress->error);
  }
  co_return count;
}

// Takes the message as a delivery would, and settles it so. What is being delivered just now is
// left alone: its own outcome is on the way.
Task<Result<bool>> LogStore::bounce_one(MessageId id) {
  auto slot = state_.index.find(id);
  if (!slot || state_.index[*slot].leased || state_.index[*slot].deleting) co_return false;
  const auto& message = state_.index[*slot];
  Settlement settlement;
  settlement.id = id;
  auto recipients = message.recipients();
  for (std::uint32_t i = 0; i < recipients.size(); ++i) {
    if (recipients[i].fate != mail::Fate::queued) continue;
    state_.index.take(*slot, i);
    mail::Outcome outcome;
    outcome.recipient = i;
    outcome.fate = mail::Fate::bounced;
    outcome.answer.status = "5.0.0";
    outcome.answer.text = "returned by the operator";
    outcome.answer.outcome_class = mail::OutcomeClass::by_operator;
    settlement.outcomes.push_back(std::move(outcome));
  }
  const bool generated = message.generated;
  auto stored = co_await open(id);
  if (!stored) {
    release(id);
    co_return tl::make_unexpected(stored.error());
  }
  auto content = co_await (*stored)->read();
  if (!content) {
    release(id);
    co_return tl::make_unexpected(content.error());
  }
  const auto& envelope = (*stored)->envelope();
  if (make_dsns_)
    settlement.generated = make_dsns_({id, envelope, generated, settlement.outcomes, *content,
                                       content->size() == (*stored)->size()});
  auto settled = co_await settle(std::move(settlement));
  if (!settled) {
    release(id);
    co_return tl::make_unexpected(settled.error());
  }
  co_return true;
}

}  // namespace malleposte::spool
