// What the operator does to the queue: the part of LogStore that carries it out. A change is in
// force in memory at once, so that no delivery begins meanwhile, and is answered when it is
// durable; if it cannot be made durable it is taken back.
#include <algorithm>

#include "base/limits.h"
#include "spool/log_store.h"
#include "spool/queue_view.h"
#include "spool/stored_message.h"

namespace malleposte::spool {
namespace {

using namespace std::chrono_literals;
constexpr std::size_t messages_at_once = 500;  // in one record
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
  switch (action.operation) {
    case Operation::flush:
      co_return co_await flush(std::move(ids));
    case Operation::hold:
      co_return co_await set_held(std::move(ids), true);
    case Operation::release:
      co_return co_await set_held(std::move(ids), false);
    case Operation::remove:
      co_return co_await remove(std::move(ids));
    case Operation::bounce:
      co_return co_await bounce(std::move(ids));
    case Operation::restore:
    case Operation::reroute:
    case Operation::lifetime:
      break;
  }
  co_return 0;
}

std::vector<StandingOrder> LogStore::orders() const {
  return {};
}
Task<Result<std::uint64_t>> LogStore::give(StandingOrder) {
  co_return fail(Fault::resource, "standing orders are not here yet");
}
Task<Result<bool>> LogStore::cancel(std::uint64_t) {
  co_return false;
}

Task<Result<std::uint64_t>> LogStore::flush(std::vector<MessageId> ids) {
  std::uint64_t count = 0;
  for (auto id : ids) {
    auto slot = state_.index.find(id);
    if (!slot) continue;
    auto& message = state_.index[*slot];
    if (message.held || message.deleting) continue;
    ++count;
    for (auto& recipient : message.recipients())
      if (recipient.fate == mail::Fate::queued) recipient.due = 0;
    state_.index.reschedule(*slot);
  }
  notify_due();
  co_return count;
}

Task<Result<std::uint64_t>> LogStore::set_held(std::vector<MessageId> ids, bool held) {
  std::uint64_t count = 0;
  for (std::size_t from = 0; from < ids.size(); from += messages_at_once) {
    std::string items(record_header_octets, '\0');
    std::vector<MessageId> changed;
    const auto batch = part_of(ids, from);
    co_await not_moving(batch);
    for (auto id : batch) {
      auto slot = state_.index.find(id);
      if (!slot) continue;
      auto& message = state_.index[*slot];
      if (message.held == held || message.deleting) continue;
      message.held = held;
      state_.index.reschedule(*slot);
      append_item(items, FlagsItem{id, state_.home_epoch(message), held, false});
      changed.push_back(id);
    }
    if (changed.empty()) continue;
    auto written = co_await write(std::move(items), changed, [&](const Written& where) {
      for (auto id : changed)
        if (auto slot = state_.index.find(id))
          state_.segments.outcome_added(where.segment, state_.home_epoch(state_.index[*slot]));
    });
    if (!written) {
      for (auto id : changed) {
        auto slot = state_.index.find(id);
        if (!slot) continue;
        state_.index[*slot].held = !held;
        state_.index.reschedule(*slot);
      }
      co_return tl::make_unexpected(written.error());
    }
    count += changed.size();
  }
  if (!held) notify_due();
  co_return count;
}

// What is being delivered just now is marked, and deleted when that has ended and has not delivered
// it; everything else goes at once.
Task<Result<std::uint64_t>> LogStore::remove(std::vector<MessageId> ids) {
  std::uint64_t count = 0;
  for (std::size_t from = 0; from < ids.size(); from += messages_at_once) {
    std::string items(record_header_octets, '\0');
    std::vector<MessageId> about;
    const auto batch = part_of(ids, from);
    co_await not_moving(batch);
    for (auto id : batch) {
      auto slot = state_.index.find(id);
      if (!slot || state_.index[*slot].deleting) continue;
      auto& message = state_.index[*slot];
      message.deleting = true;
      state_.index.reschedule(*slot);
      about.push_back(id);
      if (message.leased)
        append_item(items, FlagsItem{id, state_.home_epoch(message), message.held, true});
      else
        append_deletion(items, *slot);
    }
    if (about.empty()) continue;
    auto written = co_await write(std::move(items), about, [&](const Written& where) {
      for (auto id : about) {
        auto slot = state_.index.find(id);
        if (!slot) continue;
        if (state_.index[*slot].leased)
          state_.segments.outcome_added(where.segment, state_.home_epoch(state_.index[*slot]));
        else
          take_deletion(*slot, where);
      }
    });
    if (!written) {
      for (auto id : about) {
        auto slot = state_.index.find(id);
        if (!slot) continue;
        state_.index[*slot].deleting = false;
        state_.index.reschedule(*slot);
      }
      notify_due();
      co_return tl::make_unexpected(written.error());
    }
    count += about.size();
  }
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

// The mark is durable and the delivery has ended: makes the end of every recipient that is left
// durable too. As long as that fails the message stays, marked, and it is tried again.
Task<void> LogStore::finish_deletion(MessageId id) {
  ++deletions_;
  for (;;) {
    co_await not_moving(id);
    auto slot = state_.index.find(id);
    if (!slot) break;
    std::string items(record_header_octets, '\0');
    append_deletion(items, *slot);
    std::vector<MessageId> about{id};
    auto written = co_await write(std::move(items), about, [&](const Written& where) {
      if (auto now = state_.index.find(id)) take_deletion(*now, where);
    });
    if (written || closing_) break;
    co_await sleep_until(state_.loop, state_.loop.steady() + try_again_after);
    if (closing_) break;
  }
  --deletions_;
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
