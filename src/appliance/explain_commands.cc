#include "appliance/explain_commands.h"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "appliance/json_text.h"
#include "appliance/way_text.h"
#include "appliance/why_text.h"
#include "mail/message_id.h"

namespace malleposte::appliance {
namespace {

namespace json = boost::json;
using Query = ApiClient::Query;

// What stands on the line is a message, an address or a domain.
Query subject(const std::string& text) {
  if (text.find('@') != std::string::npos) return {{"address", text}};
  if (mail::parse_message_id(text)) return {{"id", text}};
  return {{"domain", text}};
}

Query test_query(const CommandLine& line) {
  Query query{{"client", line.client}, {"from", line.from}, {"to", line.test_to}};
  if (!line.helo.empty()) query.emplace("helo", line.helo);
  if (!line.listener.empty()) query.emplace("listener", line.listener);
  return query;
}

Query ages_query(const CommandLine& line) {
  Query query{{"limit", std::to_string(line.limit.value_or(20))}};
  if (!line.domain.empty()) query.emplace("domain", line.domain);
  return query;
}

std::string order_body(const CommandLine& line) {
  json::object order{{"kind", line.command == Command::orders_suspend  ? "suspend"
                              : line.command == Command::orders_bounce ? "bounce"
                                                                       : "hold"},
                     {"pattern", line.subject},
                     {"reason", line.reason}};
  if (!line.lasting.empty()) order["for"] = line.lasting;
  return json::serialize(order);
}

Result<std::string> ask(const CommandLine& line, const ApiClient& api) {
  switch (line.command) {
    case Command::why:
      return api.get("why", subject(line.subject));
    case Command::route:
      return api.get("route", {{"address", line.subject}});
    case Command::test:
      return api.get("test", test_query(line));
    case Command::sites:
      return api.get("sites");
    case Command::queue_ages:
      return api.get("queue/destinations", ages_query(line));
    case Command::orders_list:
      return api.get("orders");
    case Command::orders_cancel:
      return api.remove(fmt::format("orders/{}", line.order));
    default:
      return api.post("orders", order_body(line));
  }
}

std::string in_words(const CommandLine& line, const json::object& answer, WallTime now) {
  switch (line.command) {
    case Command::why:
      return why_text(answer);
    case Command::route:
      return route_text(answer);
    case Command::test:
      return rehearsal_text(answer);
    case Command::sites:
      return sites_text(answer);
    case Command::queue_ages:
      return ages_text(answer);
    case Command::orders_list:
      return orders_text(answer, now);
    case Command::orders_cancel:
      return fmt::format("Order {} is cancelled.\n", line.order);
    default:
      return fmt::format("Order {} is in force; `malleposte orders cancel {}` ends it.\n",
                         number_of(answer, "number"), number_of(answer, "number"));
  }
}

}  // namespace

bool explains(Command command) {
  switch (command) {
    case Command::why:
    case Command::route:
    case Command::test:
    case Command::sites:
    case Command::queue_ages:
    case Command::orders_list:
    case Command::orders_suspend:
    case Command::orders_bounce:
    case Command::orders_hold:
    case Command::orders_cancel:
      return true;
    default:
      return false;
  }
}

int execute_explain_command(const CommandLine& line, const ApiClient& api, WallTime now,
                            Console& console) {
  const auto body = ask(line, api);
  const auto answer =
      body ? parse_object(*body) : Result<json::object>(tl::make_unexpected(body.error()));
  if (!answer) {
    console.err(printable(answer.error().text) + "\n");
    return exit_code::failed;
  }
  console.out(line.json ? *body : in_words(line, *answer, now));
  if (line.command == Command::route && !way_text(*answer).open) return exit_code::failed;
  if (line.command == Command::test && !is_true(*answer, "accepted")) return exit_code::failed;
  return exit_code::done;
}

}  // namespace malleposte::appliance
