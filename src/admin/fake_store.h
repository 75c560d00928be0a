// A store in memory for tests of the API: a list of messages and the operations on them. It has no
// incoming side and no leases.
#pragma once

#include <algorithm>
#include <cassert>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "spool/stub_store.h"

namespace malleposte::admin {

class FakeStore final : public spool::StubStore {
 public:
  using Filter = spool::Filter;

  std::vector<spool::ListedMessage> messages;  // oldest first
  WallTime now{};
  std::optional<Error> failure;         // of every query and of apply, once `fail_after` went well
  std::size_t fail_after = 0;           // applies
  std::vector<std::size_t> page_sizes;  // asked for by query()
  std::vector<std::pair<spool::Operation, std::string>> applied;  // with the filter's id
  std::optional<spool::Action> action;                            // the last one
  std::optional<Filter> filter_asked;                             // the last one, of any call
  spool::Health health_now;
  spool::Accounts accounts_now;
  spool::Counters counters_now;

  Task<Result<spool::QueuePage>> query(Filter filter, std::string cursor,
                                       std::size_t limit) override {
    page_sizes.push_back(limit);
    filter_asked = filter;
    if (failure) co_return tl::make_unexpected(*failure);
    spool::QueuePage page{};
    std::size_t begin = cursor.empty() ? 0 : std::stoul(cursor);
    for (std::size_t i = 0; i < messages.size(); ++i) {
      if (!fits(messages[i], filter)) continue;
      ++page.total;
      if (i < begin) continue;
      if (page.messages.size() < limit)
        page.messages.push_back(messages[i]);
      else if (page.next.empty())
        page.next = std::to_string(i);
    }
    co_return page;
  }
  std::map<std::uint64_t, std::vector<spool::RecipientAttempts>> attempts_made;  // by id
  Task<Result<std::vector<spool::RecipientAttempts>>> attempts(mail::MessageId id) override {
    co_return attempts_made[id.value];
  }
  bool contains(mail::MessageId id) const override {
    return std::ranges::any_of(messages, [&](const auto& message) { return message.id == id; });
  }
  Task<std::uint64_t> count(Filter filter) const override {
    co_return static_cast<std::uint64_t>(std::ranges::count_if(
        messages, [&](const auto& message) { return fits(message, filter); }));
  }
  Task<Result<std::uint64_t>> apply(Filter filter, spool::Action action) override {
    if (failure && applied.size() >= fail_after) co_return tl::make_unexpected(*failure);
    const auto operation = action.operation;
    this->action = action;
    filter_asked = filter;
    applied.emplace_back(operation, filter.id);
    std::uint64_t count = 0;
    for (auto& message : messages) {
      if (!fits(message, filter)) continue;
      ++count;
      if (operation == spool::Operation::hold) message.state = spool::QueueState::held;
      if (operation == spool::Operation::release) message.state = spool::QueueState::deferred;
      if (operation == spool::Operation::flush) message.state = spool::QueueState::active;
    }
    if (operation == spool::Operation::remove || operation == spool::Operation::bounce)
      std::erase_if(messages, [&](const auto& message) { return fits(message, filter); });
    co_return count;
  }

  spool::Health health() const override { return health_now; }
  spool::Accounts accounts() const override { return accounts_now; }
  spool::Counters counters() const override { return counters_now; }

 private:
  bool fits(const spool::ListedMessage& message, const Filter& filter) const {
    if (!filter.id.empty() && filter.id != to_string(message.id)) return false;
    auto sender = message.sender.empty() ? "<>" : message.sender;
    if (!filter.sender.empty() && filter.sender != sender) return false;
    if (filter.state && *filter.state != message.state) return false;
    if (filter.older_than && message.arrived > now - *filter.older_than) return false;
    if (filter.outcome_class && std::ranges::none_of(message.recipients, [&](const auto& r) {
          return r.outcome_class == *filter.outcome_class;
        }))
      return false;
    auto any = [&](auto test) { return std::ranges::any_of(message.recipients, test); };
    if (!filter.recipient.empty() &&
        !any([&](const auto& recipient) { return recipient.address == filter.recipient; }))
      return false;
    const auto is_in = [&](const std::string& domain) {
      return any([&](const auto& recipient) { return recipient.address.ends_with("@" + domain); });
    };
    if (!filter.domains.empty() && std::ranges::none_of(filter.domains, is_in)) return false;
    return filter.domain.empty() || is_in(filter.domain);
  }
};

// Runs a task that waits for nothing outside.
template <class T>
T run(Task<T> task) {
  std::optional<T> result;
  spawn([](Task<T> inner, std::optional<T>& out) -> Task<void> { out.emplace(co_await inner); }(
                                                     std::move(task), result));
  assert(result);
  return std::move(*result);
}

}  // namespace malleposte::admin
