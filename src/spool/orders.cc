// Standing orders: the part of LogStore that keeps them and carries them out. An order is in force
// in memory at once, so that nothing begins meanwhile, and is answered when it is durable and holds
// for what was there before; if it cannot be made durable it is taken back. It stops being in force
// when its end is durable, or by itself when its time is over.
#include <fmt/format.h>

#include <algorithm>

#include "base/limits.h"
#include "spool/log_store.h"
#include "spool/queue_view.h"

namespace malleposte::spool {
namespace {

// What is looked at before others have their turn.
constexpr std::size_t domains_at_once = 2'000;
constexpr std::size_t messages_at_once = 500;
constexpr std::size_t recipients_at_once = 4'000;
constexpr std::uint64_t segment_share = 8;  // orders may take an eighth of each segment

}  // namespace

std::vector<StandingOrder> LogStore::orders() const {
  return state_.orders.all();
}

Task<Result<std::uint64_t>> LogStore::give(StandingOrder order) {
  auto checked = StandingOrders::checked(std::move(order), state_.loop.wall());
  if (!checked) co_return tl::make_unexpected(checked.error());
  checked->given = state_.loop.wall();
  {
    auto turn = co_await turns_.take();
    if (state_.orders.all().size() >= limits::standing_orders)
      co_return fail(Fault::resource, fmt::format("{} standing orders are given, as many as can be",
                                                  limits::standing_orders));
    checked->number = state_.orders.add(*checked);
    co_await stand(*checked);
    auto kept = co_await keep(state_.orders, Urgency::soon);
    if (!kept) {
      state_.orders.remove(checked->number);
      co_await order_ended(*checked);
      co_return tl::make_unexpected(kept.error());
    }
  }
  watch_times();
  // Whatever was committed before the order is in the index now: records become durable in their
  // order. What came later knows of the order already.
  auto applied = co_await apply_order(*checked);
  if (applied) co_return checked->number;
  (void)co_await cancel(checked->number);
  co_return tl::make_unexpected(applied.error());
}

Task<Result<bool>> LogStore::cancel(std::uint64_t number) {
  auto turn = co_await turns_.take();
  const auto& all = state_.orders.all();
  const auto known = std::find_if(all.begin(), all.end(),
                                  [&](const auto& order) { return order.number == number; });
  if (known == all.end()) co_return false;
  const auto order = *known;
  auto without = state_.orders;
  without.remove(number);
  auto kept = co_await keep(without, Urgency::soon);
  if (!kept) co_return tl::make_unexpected(kept.error());
  if (state_.orders.remove(number)) co_await order_ended(order);
  watch_times();
  co_return true;
}

Task<Result<void>> LogStore::keep(const StandingOrders& orders, Urgency urgency) {
  std::string items(record_header_octets, '\0');
  append_item(items, OrdersItem{orders.last(), orders.all()});
  if (items.size() > state_.segments.segment_octets() / segment_share)
    co_return fail(Fault::resource, "the standing orders are too long together");
  auto opening = items.substr(record_header_octets);
  co_return co_await write(
      std::move(items), {}, [&](const Written&) { opening_ = std::move(opening); }, urgency);
}

// For what was there before it.
Task<Result<void>> LogStore::apply_order(StandingOrder order) {
  if (order.kind == StandingOrder::Kind::hold) {
    auto ids = co_await find_messages(state_, {.sender = order.pattern});
    auto held = co_await mark(std::move(ids), change_of(Operation::hold));
    co_return held ? Result<void>{} : tl::make_unexpected(held.error());
  }
  const bool bounces = order.kind == StandingOrder::Kind::bounce;
  co_await each_message([this, &order, bounces](Slot slot) {
    auto& message = state_.index[slot];
    bool meant = false;
    for (auto& recipient : message.recipients()) {
      if (recipient.fate != mail::Fate::queued ||
          !means_domain(order.pattern, state_.index.domain(recipient.domain)))
        continue;
      meant = true;
      // What waits for its next attempt waits for nothing any more.
      if (bounces && (recipient.attempts > 0 || message.put_off)) recipient.due = 0;
    }
    if (!meant) return;
    if (message.leased) outdated_.insert(message.id.value);
    state_.index.reschedule(slot);
  });
  notify_due();
  co_return Result<void>{};
}

void LogStore::end_orders() {
  const auto next = state_.orders.next_end();
  if (!next || *next > state_.loop.wall()) return;
  for (auto& order : state_.orders.end(state_.loop.wall())) spawn(order_ended(std::move(order)));
  // Kept, too, lest they come back with a clock that is set back. Nobody waits for it.
  spawn([](LogStore& store) -> Task<void> {
    auto turn = co_await store.turns_.take();
    (void)co_await store.keep(store.state_.orders, Urgency::whenever);
  }(*this));
  watch_times();
}

// It is not in force any more: what it kept back goes on.
Task<void> LogStore::order_ended(StandingOrder order) {
  if (order.kind == StandingOrder::Kind::hold) co_return;
  co_await stand(order);
  co_await each_message([this, &order](Slot slot) {
    const auto& message = state_.index[slot];
    bool meant = false, leased = false;
    for (const auto& recipient : message.recipients()) {
      if (!recipient.queued() ||
          !means_domain(order.pattern, state_.index.domain(recipient.domain)))
        continue;
      meant = true;
      leased |= recipient.leased;
    }
    if (!meant) return;
    if (leased && order.kind == StandingOrder::Kind::bounce) outdated_.insert(message.id.value);
    state_.index.reschedule(slot);
  });
  notify_due();
}

// The domains of the queue that an order means, or meant, follow the orders that are in force now.
// What is given out meanwhile does so at once.
Task<void> LogStore::stand(const StandingOrder& order) {
  if (order.kind == StandingOrder::Kind::hold) co_return;
  ++looks_;
  state_.index.orders_change(true);
  const auto& names = state_.index.domains().names();
  for (Interner::Number number = 1; number < names.limit(); ++number) {
    if (number % domains_at_once == 0) {
      co_await take_turns(state_.loop);
      if (number >= names.limit()) break;  // fewer meanwhile
    }
    if (const auto name = names.text(number); !name.empty() && means_domain(order.pattern, name))
      stand(number);
  }
  state_.index.orders_change(false);
  --looks_;
}

// Before the loop runs: nobody waits for a turn.
void LogStore::stand_as_recovered() {
  state_.index.ask_orders([this](Interner::Number domain) { stand(domain); });
  if (state_.orders.all().empty()) return;
  const auto& names = state_.index.domains().names();
  for (Interner::Number number = 1; number < names.limit(); ++number)
    if (!names.text(number).empty()) stand(number);
  MessageId after{};
  for (auto slots = state_.index.next(after, messages_at_once); !slots.empty();
       slots = state_.index.next(after, messages_at_once)) {
    after = state_.index[slots.back()].id;
    for (auto slot : slots) state_.index.reschedule(slot);
  }
}

void LogStore::stand(Interner::Number domain) {
  const auto name = state_.index.domain(domain);
  const auto* bounces = state_.orders.bounces(name);
  state_.index.set_standing(domain, state_.orders.suspends(name) != nullptr,
                            bounces != nullptr ? static_cast<std::uint32_t>(bounces->number) : 0);
}

// Looks at every message in order of arrival, in slices between which others have their turn.
Task<void> LogStore::each_message(std::function<void(Slot)> look) {
  ++looks_;
  MessageId after{};
  std::size_t work = 0;
  for (auto slots = state_.index.next(after, messages_at_once); !slots.empty();
       slots = state_.index.next(after, messages_at_once)) {
    for (auto slot : slots) {
      after = state_.index[slot].id;
      work += state_.index[slot].recipients().size();
      look(slot);
      if (work >= recipients_at_once) break;
    }
    if (work < recipients_at_once) continue;
    work = 0;
    co_await take_turns(state_.loop);
  }
  --looks_;
}

}  // namespace malleposte::spool
