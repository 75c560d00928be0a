// What the operator of a run does to the queue.
#include <algorithm>

#include "world.h"

namespace malleposte::sim {
namespace {

using spool::Operation;
using Kind = spool::StandingOrder::Kind;

std::string_view word(Operation operation) {
  constexpr std::string_view words[] = {"flush",  "hold",    "release", "remove",
                                        "bounce", "restore", "reroute", "lifetime"};
  return words[static_cast<std::size_t>(operation)];
}

}  // namespace

Task<void> World::apply(spool::Filter filter, spool::Action action) {
  ++active_;
  ++figures_.operations;
  auto& actions = ledger_.words.actions;
  const auto number = actions.size();
  const auto life = machine_->life();
  const auto read_errors = figures_.read_errors;
  const bool restores = action.operation == Operation::restore;
  actions.push_back({action, filter, outside_.steady(), never, false, ledger_.words.clock_jumps});
  trace_.note(outside_.steady(), fmt::format("operator: {}{} {}{} {}", word(action.operation),
                                             action.at_once ? " at once" : "", filter.recipient,
                                             filter.domain, action.next_hop));
  // If its machine dies meanwhile it goes on where nobody sees it.
  const auto done = co_await machine_->store().apply(std::move(filter), std::move(action));
  auto& known = ledger_.words.actions[number];
  // What the disk has refused may be found on it after all, by the next life.
  if (done) known.ended = outside_.steady();
  // What cannot be read is not matched.
  known.sure = done && machine_->running() && machine_->life() == life &&
               figures_.read_errors == read_errors;
  // The clock was set meanwhile: as if it had been before and after.
  if (known.clock_jumps != ledger_.words.clock_jumps) known.clock_jumps = UINT64_MAX;
  if (restores && done) figures_.restored += *done;
  --active_;
}

Task<void> World::operate() {
  ++active_;
  while (storming_) {
    co_await sleep_until(outside_, outside_.steady() + up_to(storm_ / 20));
    if (!storming_) break;
    if (!machine_->running() || ledger_.sent.empty()) continue;
    if (!chance(250))
      act();
    else if (chance(600))
      spawn(give_order());
    else if (const auto orders = machine_->store().orders(); !orders.empty())
      spawn(cancel_order(one_of(orders).number));
  }
  --active_;
}

spool::Action World::draw_action() {
  spool::Action action(static_cast<Operation>(random_() % 8));
  if (action.operation == Operation::remove) action.at_once = chance(300);
  if (action.operation == Operation::reroute && chance(700)) action.next_hop = one_of(domains_);
  if (action.operation == Operation::lifetime && chance(700))
    action.lifetime = 10min + up_to(2 * settings_.queue_lifetime);
  return action;
}

void World::act() {
  const auto action = draw_action();
  spool::Filter filter;
  const bool bounces = action.operation == Operation::bounce;
  if (bounces || chance(action.operation == Operation::remove ? 800 : 500)) {
    const auto waiting = ledger_.waiting();
    if (waiting.empty()) return;
    filter.recipient = one_of(waiting);
    // The ledger sees a bounce by the notice it makes.
    const auto* message = ledger_.find(filter.recipient, "");
    const auto told = [](const auto& recipient) { return recipient.notify.wants_failure(); };
    if (bounces && (message == nullptr || message->sender.empty() ||
                    !std::all_of(message->recipients.begin(), message->recipients.end(), told)))
      return;
  }
  if (filter.recipient.empty()) filter.domain = one_of(domains_);
  // Second thoughts, mostly in time.
  if (action.operation == Operation::remove && chance(500))
    spawn([](World& world, spool::Filter again, Duration after) -> Task<void> {
      ++world.active_;
      co_await sleep_until(world.outside_, world.outside_.steady() + after);
      if (world.machine_->running()) spawn(world.apply(std::move(again), Operation::restore));
      --world.active_;
    }(*this, filter, up_to(80s)));
  spawn(apply(std::move(filter), action));
}

Task<void> World::give_order() {
  ++active_;
  ++figures_.orders;
  auto& orders = ledger_.words.orders;
  const auto number = orders.size();
  spool::StandingOrder order;
  order.kind = static_cast<Kind>(random_() % 3);
  order.reason = fmt::format("wish {}", number);
  if (order.kind != Kind::hold)
    order.pattern = chance(200) ? "*" : chance(200) ? ".example" : one_of(domains_);
  else
    order.pattern = chance(200) ? "<>" : "@" + one_of(origins_);
  OperatorOrder given{order, outside_.steady()};
  given.clock_jumps = ledger_.words.clock_jumps;
  const auto life = machine_->life();
  const auto read_errors = figures_.read_errors;
  if (chance(500)) {
    given.lasts = up_to(storm_ / 4) + 1s;
    order.until = machine_->loop().wall() + given.lasts;
  }
  trace_.note(outside_.steady(), fmt::format("operator: {} {}, {}", to_string(order.kind),
                                             order.pattern, order.reason));
  orders.push_back(std::move(given));
  // It holds what is there, too.
  const auto action = ledger_.words.actions.size();
  const bool holds = order.kind == Kind::hold;
  if (holds)
    ledger_.words.actions.push_back(
        {Operation::hold, {.sender = order.pattern}, outside_.steady(), never, false, UINT64_MAX});
  const auto answer = co_await machine_->store().give(std::move(order));
  const bool heard = machine_->running() && machine_->life() == life;
  auto& known = ledger_.words.orders[number];
  if (answer && heard) {
    known.given = outside_.steady();
    known.order.number = *answer;
  }
  if (holds) {
    auto& held = ledger_.words.actions[action];
    held.ended = outside_.steady();
    held.sure = answer && heard && figures_.read_errors == read_errors;
  }
  --active_;
}

Task<void> World::cancel_order(std::uint64_t number) {
  ++active_;
  auto& orders = ledger_.words.orders;
  const auto all = machine_->store().orders();
  const auto order =
      std::find_if(all.begin(), all.end(), [&](const auto& one) { return one.number == number; });
  std::size_t known = orders.size();
  for (std::size_t i = 0; i < orders.size() && order != all.end(); ++i)
    if (orders[i].order.reason == order->reason) known = i;
  if (known < orders.size()) {
    const auto life = machine_->life();
    orders[known].cancelling = std::min(orders[known].cancelling, outside_.steady());
    trace_.note(outside_.steady(), "operator: cancel " + orders[known].order.reason);
    const auto answer = co_await machine_->store().cancel(number);
    if (answer && machine_->running() && machine_->life() == life)
      ledger_.words.orders[known].cancelled = outside_.steady();
  }
  --active_;
}

// All orders are cancelled and whatever is held is released.
Task<void> World::let_go() {
  for (const auto& order : machine_->store().orders()) co_await cancel_order(order.number);
  co_await apply({}, Operation::release);
}

}  // namespace malleposte::sim
