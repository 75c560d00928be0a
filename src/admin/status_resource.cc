#include "admin/status_resource.h"

#include <boost/json.hpp>

#include "admin/answer.h"
#include "monitor/event_text.h"

namespace malleposte::admin {
namespace {

namespace json = boost::json;

std::string rfc3339(WallTime time) {
  std::string text;
  monitor::ClockText().append_rfc3339(text, time, 3);
  return text;
}

Task<json::object> queue_json(const spool::Store& store) {
  auto counters = store.counters();
  json::object queue{{"messages", counters.messages}, {"octets", counters.message_octets}};
  using spool::QueueState;
  for (auto state : {QueueState::active, QueueState::deferred, QueueState::held,
                     QueueState::scheduled, QueueState::deleting}) {
    spool::Filter filter;
    filter.state = state;
    auto name = to_string(state);
    queue[json::string_view(name.data(), name.size())] = co_await store.count(filter);
  }
  co_return queue;
}

json::object accounts_json(const spool::Accounts& accounts) {
  return {{"accepted", accounts.accepted},   {"generated", accounts.generated},
          {"delivered", accounts.delivered}, {"bounced", accounts.bounced},
          {"expired", accounts.expired},     {"deleted", accounts.deleted},
          {"discarded", accounts.discarded}, {"replaced", accounts.replaced},
          {"queued", accounts.queued}};
}

json::object health_json(const spool::Store& store) {
  auto health = store.health();
  auto counters = store.counters();
  return {{"accepting", health.accepting},
          {"why", health.why},
          {"free_octets", health.free_octets},
          {"total_octets", health.total_octets},
          {"damaged_records", counters.damaged_records},
          {"sync_failures", counters.sync_failures}};
}

json::array notices_json(const monitor::Notices& notices) {
  json::array list;
  for (const auto& notice : notices.all()) {
    auto severity = to_string(notice.severity);
    list.push_back(json::object{{"id", notice.id},
                                {"severity", json::string_view(severity.data(), severity.size())},
                                {"text", notice.text},
                                {"reason", notice.reason},
                                {"action", notice.action},
                                {"since", rfc3339(notice.since)}});
  }
  return list;
}

// From arrival to the final outcome, in seconds, of those that came to it a little while ago.
json::object queue_time_json(const monitor::QueueTimes::Percentiles& recent) {
  const auto seconds = [](Duration duration) {
    return std::chrono::duration<double>(duration).count();
  };
  return {{"window",
           std::chrono::duration_cast<std::chrono::seconds>(monitor::QueueTimes::window).count()},
          {"recipients", recent.recipients},
          {"p50", seconds(recent.p50)},
          {"p90", seconds(recent.p90)},
          {"p99", seconds(recent.p99)}};
}

// The message that has waited longest; null in an empty queue.
Task<json::value> oldest_json(spool::Store& store) {
  const auto page = co_await store.query({}, "", 1);
  if (!page || page->messages.empty()) co_return nullptr;
  const auto& oldest = page->messages.front();
  co_return json::object{{"id", to_string(oldest.id)}, {"arrived", rfc3339(oldest.arrived)}};
}

}  // namespace

StatusResource::StatusResource(const Identity& identity, Loop& loop, spool::Store& store,
                               const monitor::Notices& notices,
                               const monitor::QueueTimes& queue_times, Listeners listeners)
    : identity_(identity),
      loop_(loop),
      store_(store),
      notices_(notices),
      queue_times_(queue_times),
      listeners_(std::move(listeners)),
      started_(loop.steady()),
      started_at_(loop.wall()) {}

Task<net::HttpResponse> StatusResource::get() const {
  json::array listeners;
  if (listeners_)
    for (const auto& listener : listeners_())
      listeners.push_back(json::object{{"name", listener.name}, {"address", listener.address}});
  auto queue = co_await queue_json(store_);
  auto oldest = co_await oldest_json(store_);
  json::object status{{"version", identity_.version},
                      {"hostname", identity_.hostname},
                      {"pid", identity_.pid},
                      {"started", rfc3339(started_at_)},
                      {"uptime", uptime().count() / 1'000'000},
                      {"deliveries_suspended", identity_.deliveries_suspended},
                      {"queue", std::move(queue)},
                      {"oldest", std::move(oldest)},
                      {"queue_time", queue_time_json(queue_times_.recent(loop_.steady()))},
                      {"accounts", accounts_json(store_.accounts())},
                      {"health", health_json(store_)},
                      {"notices", notices_json(notices_)},
                      {"listeners", std::move(listeners)}};
  co_return json_answer(json::serialize(status) + "\n");
}

}  // namespace malleposte::admin
