#include "spool/queue_view.h"

#include <fmt/format.h>

#include <algorithm>

#include "spool/search.h"

namespace malleposte::spool {
namespace {

constexpr std::size_t reads_at_once = 64;  // of records, before others have their turn

ListedMessage listed(const SpoolState& state, const IndexedMessage& message,
                     const MessageItem& item) {
  ListedMessage shown{
      message.id, item.sender, item.size, item.arrived, state.index.state(message), 0, {}, {}, {}};
  shown.next_hop = state.directions.next_hop(message.id);
  shown.lifetime = state.directions.lifetime(message.id);
  shown.held_until = item.requests.held_until;
  shown.deliver_by = item.requests.deliver_by;
  shown.generated = message.generated;
  shown.warned = message.warned;
  const StandingOrder* suspends = nullptr;
  auto recipients = message.recipients();
  Tick next = never_due;
  for (std::size_t i = 0; i < recipients.size() && i < item.recipients.size(); ++i) {
    const auto& recipient = recipients[i];
    std::string reply(state.index.reply(recipient.reply));
    bool queued = recipient.fate == mail::Fate::queued;
    if (queued) {
      shown.attempts = std::max<std::uint32_t>(shown.attempts, recipient.attempts);
      if (shown.reason.empty()) shown.reason = reply;
      if (const auto* order = state.orders.suspends(state.index.domain(recipient.domain)))
        suspends = order;
      else
        next = std::min(next, recipient.due);
    }
    auto& one = shown.recipients.emplace_back();
    one.address = item.recipients[i].address;
    one.state = queued ? to_string(shown.state) : mail::to_string(recipient.fate);
    one.reply = std::move(reply);
    one.outcome_class = recipient.outcome_class;
    if (queued) one.attempts = recipient.attempts;
    if (queued && recipient.due > 0) one.next_attempt = to_time(recipient.due);
  }
  if (message.gathered && shown.reason.empty())
    shown.reason = "gathered with others into one report";
  const auto say_first = [&shown](const std::string& reason) {
    shown.reason = shown.reason.empty() ? reason : reason + "; before that: " + shown.reason;
  };
  if (shown.state == QueueState::deleting) {
    const auto until = to_time(state.removals.at(message.id).value_or(0));
    say_first(fmt::format("deleted; it can be brought back until {}", to_text(until)));
  } else if (shown.state == QueueState::held) {
    const auto* holds = state.orders.holds(item.sender);
    say_first(std::string("held until it is released") +
              (holds != nullptr ? ": " + describe(*holds) : ""));
  } else {
    if (suspends != nullptr) say_first(describe(*suspends));
    if (next != never_due)
      shown.next_attempt = next == 0 ? item.arrived : to_time(next);
    else if (suspends != nullptr)
      shown.next_attempt = suspends->until;
  }
  return shown;
}

// One of a page that cannot be read: what the index knows of it.
ListedMessage unreadable(const SpoolState& state, const IndexedMessage& message, std::string why) {
  MessageItem item;
  item.arrived = arrival_of(message.id);
  item.size = message.size;
  auto shown = listed(state, message, item);
  shown.reason = std::move(why);
  return shown;
}

// The oldest ids that were offered, up to a number of them.
class Oldest {
 public:
  explicit Oldest(std::size_t most) : most_(most) {}
  void offer(MessageId id) {
    if (full() && !(id < ids_.front())) return;
    if (full()) {
      std::ranges::pop_heap(ids_);
      ids_.pop_back();
    }
    ids_.push_back(id);
    std::ranges::push_heap(ids_);
  }
  bool full() const { return ids_.size() >= most_; }
  std::size_t missing() const { return most_ - std::min(most_, ids_.size()); }
  std::vector<MessageId> in_order() && {
    std::ranges::sort_heap(ids_);
    return std::move(ids_);
  }

 private:
  std::size_t most_;
  std::vector<MessageId> ids_;  // a heap, the youngest on top
};

}  // namespace

Task<std::vector<MessageId>> find_messages(SpoolState& state, Filter filter) {
  std::vector<MessageId> found;
  Search search(state.index, std::move(filter), state.loop.wall());
  while (!search.prepare()) co_await take_turns(state.loop);
  for (bool more = true; more;) {
    std::vector<MessageId> candidates;
    more = search.step(candidates);
    if (search.matcher().exact()) {
      found.insert(found.end(), candidates.begin(), candidates.end());
    } else {
      for (std::size_t i = 0; i < candidates.size(); ++i) {
        auto record = co_await read_message(state, candidates[i]);
        if (record && search.matcher().confirm((*record)->item)) found.push_back(candidates[i]);
        if (i % reads_at_once == reads_at_once - 1) co_await take_turns(state.loop);
      }
    }
    if (more) co_await take_turns(state.loop);
  }
  co_return found;
}

Task<QueuePage> list_messages(SpoolState& state, Filter filter, std::string cursor,
                              std::size_t limit) {
  QueuePage page{0, {}, {}};
  Search search(state.index, std::move(filter), state.loop.wall());
  while (!search.prepare()) co_await take_turns(state.loop);
  const auto from = mail::parse_message_id(cursor).value_or(MessageId{});
  const auto total = search.total();
  page.total = total.value_or(0);
  if (total) search.start_after(from);
  limit = std::min(limit, state.index.size());
  Oldest oldest(limit + 1);  // one more tells that there is another page
  for (bool more = true; more;) {
    std::vector<MessageId> found;
    // Nothing is to be counted, and the first ones come first.
    const bool enough_is_enough = total && search.ordered();
    more = search.step(found, enough_is_enough ? oldest.missing() : SIZE_MAX);
    if (!total) page.total += found.size();
    for (auto id : found)
      if (id > from) oldest.offer(id);
    if (enough_is_enough && oldest.full()) break;
    if (more) co_await take_turns(state.loop);
  }
  auto ids = std::move(oldest).in_order();
  if (ids.size() > limit) {
    ids.pop_back();
    if (!ids.empty()) page.next = to_string(ids.back());
  }
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (i % reads_at_once == reads_at_once - 1) co_await take_turns(state.loop);
    auto record = co_await read_message(state, ids[i]);
    auto slot = state.index.find(ids[i]);
    if (!slot) {
      --page.total;  // gone meanwhile
    } else if (!record) {
      page.messages.push_back(unreadable(state, state.index[*slot], record.error().text));
    } else if (search.matcher().confirm((*record)->item)) {
      page.messages.push_back(listed(state, state.index[*slot], (*record)->item));
    } else {
      --page.total;
    }
  }
  co_return page;
}

Task<std::uint64_t> count_messages(const SpoolState& state, Filter filter) {
  Search search(state.index, std::move(filter), state.loop.wall());
  while (!search.prepare()) co_await take_turns(state.loop);
  if (auto total = search.total()) co_return *total;
  std::uint64_t count = 0;
  for (bool more = true; more;) {
    std::vector<MessageId> found;
    more = search.step(found);
    count += found.size();
    if (more) co_await take_turns(state.loop);
  }
  co_return count;
}

}  // namespace malleposte::spool
