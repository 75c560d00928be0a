#include "admin/queue_resource.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>

#include "admin/answer.h"
#include "admin/queue_filter.h"
#include "admin/queue_json.h"
#include "admin/site_domains.h"
#include "base/limits.h"
#include "monitor/line_text.h"

namespace malleposte::admin {
namespace {

std::string_view word(spool::Operation operation) {
  switch (operation) {
    case spool::Operation::flush:
      return "flush";
    case spool::Operation::hold:
      return "hold";
    case spool::Operation::release:
      return "release";
    case spool::Operation::remove:
      return "delete";
    case spool::Operation::bounce:
      return "bounce";
    case spool::Operation::restore:
      return "undelete";
    case spool::Operation::reroute:
      return "reroute";
    case spool::Operation::lifetime:
      return "lifetime";
  }
  assert(false);
  return {};
}

// What would be a disaster for the whole queue, done by a slip.
bool destroys(spool::Operation operation) {
  using spool::Operation;
  return operation == Operation::remove || operation == Operation::bounce ||
         operation == Operation::reroute || operation == Operation::lifetime;
}

// " to [192.0.2.1]:25", " at once"
std::string operand(const Selection& selection) {
  if (!selection.to.empty()) return " to " + selection.to;
  return selection.now ? " at once" : "";
}

net::HttpResponse count_answer(std::uint64_t count) {
  return json_answer(fmt::format("{{\"count\":{}}}\n", count));
}

net::HttpResponse list_answer(std::uint64_t total, std::string_view next,
                              std::string_view messages) {
  std::string body = "{\"total\":";
  monitor::append_number(body, total);
  body += ",\"next\":";
  if (next.empty())
    body += "null";
  else
    monitor::append_json(body, next);
  body += ",\"messages\":[";
  body += messages;
  body += "]}\n";
  return json_answer(std::move(body));
}

}  // namespace

// Puts the domains of the site into the filter; "" is no site.
Task<net::HttpResponse> QueueResource::list(const net::HttpRequest& request) {
  auto query = parse_list_query(request.query);
  if (!query) co_return error_answer(query.error());
  if (auto found = co_await narrow_to_site(loop_, store_, sites_, query->site, query->filter);
      !found)
    co_return error_answer(found.error());
  std::size_t wanted = std::min<std::uint64_t>(query->limit, limits::answer_messages);
  if (wanted == 0) co_return list_answer(co_await store_.count(query->filter), {}, {});

  // Page by page, so that other work gets its turn between them.
  std::string messages;
  std::string cursor = query->cursor;
  std::uint64_t total = 0;
  monitor::ClockText clock;
  for (bool first = true; first || (wanted != 0 && !cursor.empty()); first = false) {
    auto page = co_await store_.query(query->filter, cursor, std::min(wanted, limits::query_page));
    if (!page) co_return error_answer(page.error());
    if (first) total = page->total;
    for (const auto& message : page->messages) {
      if (!messages.empty()) messages += ',';
      append_message(messages, message, clock);
    }
    wanted -= std::min(wanted, page->messages.size());
    cursor = page->next;
  }
  co_return list_answer(total, cursor, messages);
}

Task<net::HttpResponse> QueueResource::one(std::string id) {
  spool::Filter filter;
  if (mail::parse_message_id(id)) {
    filter.id = id;
    auto page = co_await store_.query(filter, "", 1);
    if (!page) co_return error_answer(page.error());
    if (!page->messages.empty()) {
      const auto& message = page->messages.front();
      auto attempts = co_await store_.attempts(message.id);
      // It may have left the queue meanwhile, and then there are none.
      if (attempts) attempts->resize(std::max(attempts->size(), message.recipients.size()));
      std::string body;
      monitor::ClockText clock;
      append_message(body, message, clock, attempts ? &*attempts : nullptr);
      body += '\n';
      co_return json_answer(std::move(body));
    }
  }
  co_return error_answer(404,
                         fmt::format("There is no message {} in the queue.", id.substr(0, 40)));
}

Task<net::HttpResponse> QueueResource::count(const net::HttpRequest& request) {
  auto query = parse_filter_query(request.query);
  if (!query) co_return error_answer(query.error());
  if (auto found = co_await narrow_to_site(loop_, store_, sites_, query->site, query->filter);
      !found)
    co_return error_answer(found.error());
  co_return count_answer(co_await store_.count(std::move(query->filter)));
}

Task<net::HttpResponse> QueueResource::operate(spool::Operation operation,
                                               const net::HttpRequest& request) {
  if (!request.query.empty())
    co_return error_answer(400, "Put the filter into the JSON body, not into the URL.");
  auto selection = parse_selection(request.body, operation);
  if (!selection) co_return error_answer(selection.error());
  const auto action = parse_action(operation, *selection);
  if (!action) co_return error_answer(action.error());
  if (destroys(operation) && selection->everything() && !selection->all)
    co_return error_answer(400, fmt::format("Without a filter this would {} every message; send "
                                            "{{\"all\":true}} if that is meant.",
                                            word(operation)));

  if (auto found =
          co_await narrow_to_site(loop_, store_, sites_, selection->site, selection->filter);
      !found)
    co_return error_answer(found.error());

  std::vector<std::string> ids = selection->ids;
  if (ids.empty()) ids.push_back(selection->filter.id);
  std::uint64_t count = 0;
  std::string failure;
  Fault fault{};
  for (const auto& id : ids) {
    auto filter = selection->filter;
    filter.id = id;
    auto applied = co_await store_.apply(std::move(filter), *action);
    if (!applied) {
      fault = applied.error().fault;
      failure = applied.error().text;
      break;
    }
    count += *applied;
  }
  if (record_ != nullptr)
    record_->event("log", failure.empty() ? monitor::Severity::info : monitor::Severity::warning,
                   fmt::format("queue {}{} of {} by {}: {} messages{}{}{}", word(operation),
                               operand(*selection), describe(*selection), request.peer, count,
                               selection->reason.empty() ? "" : ", since " + selection->reason,
                               failure.empty() ? "" : ", then it failed: ", failure));
  if (!failure.empty()) {
    if (count != 0) failure += fmt::format(" {} messages were done before.", count);
    co_return error_answer(Error{fault, failure});
  }
  co_return count_answer(count);
}

}  // namespace malleposte::admin
