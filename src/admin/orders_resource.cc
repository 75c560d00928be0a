#include "admin/orders_resource.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <charconv>

#include "admin/answer.h"
#include "base/limits.h"
#include "config/values.h"

namespace malleposte::admin {
namespace {

using spool::StandingOrder;

tl::unexpected<Error> wrong(std::string text) {
  return fail(Fault::peer, std::move(text));
}

std::optional<StandingOrder::Kind> parse_kind(std::string_view text) {
  using Kind = StandingOrder::Kind;
  for (const auto kind : {Kind::suspend, Kind::bounce, Kind::hold})
    if (to_string(kind) == text) return kind;
  return std::nullopt;
}

Result<void> set_member(StandingOrder& order, const std::string& name, std::string value,
                        WallTime now) {
  if (value.empty()) return wrong(fmt::format("{} is empty.", name));
  if (name == "kind") {
    const auto kind = parse_kind(value);
    if (!kind)
      return wrong(fmt::format("kind is \"{}\"; it can be suspend, bounce or hold.", value));
    order.kind = *kind;
  } else if (name == "pattern") {
    order.pattern = std::move(value);
  } else if (name == "reason") {
    if (value.size() > limits::order_text_octets)
      return wrong(fmt::format("reason has more than {} octets.", limits::order_text_octets));
    order.reason = std::move(value);
  } else if (name == "for") {
    const auto duration = config::parse_duration(value);
    if (!duration)
      return wrong(fmt::format("for is \"{}\"; write a duration like 30m, 4h or 5d.", value));
    order.until = now + *duration;
  } else {
    return wrong(
        fmt::format("An order has no \"{}\"; it has kind, pattern, reason and for.", name));
  }
  return {};
}

Result<StandingOrder> parse_order(std::string_view body, WallTime now) {
  boost::json::error_code error;
  const auto document = boost::json::parse({body.data(), body.size()}, error);
  const auto* object = error ? nullptr : document.if_object();
  if (object == nullptr)
    return wrong(
        "The body must be a JSON object, like {\"kind\":\"suspend\",\"pattern\":\"example.org\","
        "\"reason\":\"their disk is full\",\"for\":\"2h\"}.");
  StandingOrder order;
  order.given = now;
  for (const auto& member : *object) {
    const std::string name(member.key());
    const auto* text = member.value().if_string();
    if (text == nullptr) return wrong(fmt::format("{} must be a text.", name));
    auto set = set_member(order, name, {text->data(), text->size()}, now);
    if (!set) return tl::make_unexpected(set.error());
  }
  for (const auto* name : {"kind", "pattern", "reason"})
    if (!object->contains(name))
      return wrong(fmt::format("{} is missing; an order has kind, pattern and reason.", name));
  return order;
}

std::string in_words(const StandingOrder& order) {
  std::string text = fmt::format("{} {}", to_string(order.kind), order.pattern);
  if (order.until) {
    text += " until ";
    monitor::ClockText().append_rfc3339(text, *order.until, 3);
  }
  return text + ", since " + order.reason;
}

}  // namespace

void append_order(std::string& out, const StandingOrder& order, monitor::ClockText& clock) {
  out += "{\"number\":";
  monitor::append_number(out, order.number);
  out += ",\"kind\":";
  monitor::append_json(out, to_string(order.kind));
  out += ",\"pattern\":";
  monitor::append_json(out, order.pattern);
  out += ",\"reason\":";
  monitor::append_json(out, order.reason);
  out += ",\"who\":";
  monitor::append_json(out, order.who);
  out += ",\"given\":\"";
  clock.append_rfc3339(out, order.given, 3);
  out += "\",\"until\":";
  if (order.until) {
    out += '"';
    clock.append_rfc3339(out, *order.until, 3);
    out += '"';
  } else {
    out += "null";
  }
  out += '}';
}

net::HttpResponse OrdersResource::list() const {
  std::string body = "{\"orders\":[";
  monitor::ClockText clock;
  bool first = true;
  for (const auto& order : store_.orders()) {
    if (!first) body += ',';
    first = false;
    append_order(body, order, clock);
  }
  return json_answer(body + "]}\n");
}

Task<net::HttpResponse> OrdersResource::give(const net::HttpRequest& request) {
  auto order = parse_order(request.body, loop_.wall());
  if (!order) co_return error_answer(order.error());
  order->who = request.peer;
  const auto words = in_words(*order);
  const auto number = co_await store_.give(std::move(*order));
  if (!number) co_return error_answer(number.error());
  note(fmt::format("order {} given by {}: {}", *number, request.peer, words));
  co_return json_answer(fmt::format("{{\"number\":{}}}\n", *number));
}

Task<net::HttpResponse> OrdersResource::cancel(const net::HttpRequest& request,
                                               std::string number) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), value);
  const bool numeric = error == std::errc() && end == number.data() + number.size();
  const auto cancelled = numeric ? co_await store_.cancel(value) : Result<bool>(false);
  if (!cancelled) co_return error_answer(cancelled.error());
  if (!*cancelled)
    co_return error_answer(404,
                           fmt::format("There is no order {} in force.", number.substr(0, 40)));
  note(fmt::format("order {} cancelled by {}", value, request.peer));
  co_return json_answer("{\"cancelled\":true}\n");
}

void OrdersResource::note(const std::string& text) {
  if (record_ != nullptr) record_->event("log", monitor::Severity::info, text);
}

}  // namespace malleposte::admin
