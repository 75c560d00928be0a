#include "admin/rehearsal_resource.h"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "admin/answer.h"
#include "admin/explanation.h"
#include "admin/site_json.h"

namespace malleposte::admin {
namespace {

namespace json = boost::json;
using policy::Rehearsal;

tl::unexpected<Error> wrong(std::string text) {
  return fail(Fault::peer, std::move(text));
}

Result<Rehearsal::Question> parse_question(const std::multimap<std::string, std::string>& query) {
  Rehearsal::Question question;
  for (const auto& [name, value] : query) {
    if (query.count(name) > 1) return wrong(fmt::format("{} is given twice.", name));
    // A line end would be a command of its own; no SMTP command is longer.
    if (value.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos ||
        value.size() > 1000)
      return wrong(fmt::format("{} is no word of a command of SMTP.", name));
    if (name == "client") {
      const auto address = parse_ip(value);
      if (!address) return wrong(fmt::format("client is \"{}\"; write an IP address.", value));
      question.client = *address;
    } else if (name == "listener") {
      if (!parse_ip(value))
        return wrong(fmt::format("listener is \"{}\"; write an IP address of ours.", value));
      question.listener = value;
    } else if (name == "helo") {
      question.helo = value;
    } else if (name == "from") {
      question.sender = value;
    } else if (name == "to") {
      question.recipient = value;
    } else {
      return wrong(
          fmt::format("There is no \"{}\"; there are client, from, to, helo and listener.", name));
    }
  }
  for (const auto* name : {"client", "from", "to"})
    if (!query.contains(name))
      return wrong(fmt::format(
          "{} is missing: /api/v1/test?client=192.0.2.1&from=a@example.org&to=b@example.net",
          name));
  return question;
}

json::array lines_json(std::string_view text) {
  json::array lines;
  for (std::size_t end = 0; end != std::string_view::npos;) {
    end = text.find('\n');
    lines.emplace_back(text.substr(0, end));
    if (end != std::string_view::npos) text.remove_prefix(end + 1);
  }
  return lines;
}

json::array steps_json(const Rehearsal& rehearsal) {
  json::array steps;
  for (const auto& step : rehearsal.steps) {
    json::array because;
    for (const auto& why : step.because) because.emplace_back(why);
    steps.push_back(json::object{{"command", step.command},
                                 {"reply", lines_json(step.reply)},
                                 {"taken", step.taken},
                                 {"because", std::move(because)}});
  }
  return steps;
}

json::value address_json(const std::optional<mail::Address>& address) {
  if (!address) return nullptr;
  return json::string(to_string(*address));
}

}  // namespace

Task<net::HttpResponse> RehearsalResource::get(const net::HttpRequest& request) {
  const auto question = parse_question(request.query);
  if (!question) co_return error_answer(question.error());
  const auto played = co_await rehearse_(*question);
  json::object body{{"accepted", !played.steps.empty() && played.steps.back().taken},
                    {"steps", steps_json(played)},
                    {"sender", address_json(played.sender)},
                    {"recipient", address_json(played.recipient)},
                    {"held", played.held},
                    {"orders", json::array()},
                    {"way", nullptr},
                    {"site", nullptr}};
  if (played.sender && played.recipient) {
    const auto domain = mail::canonical_domain(played.recipient->domain);
    const spool::StandingOrders in_force(store_.orders(), 0);
    json::array orders;
    for (const auto* order : {in_force.suspends(domain), in_force.bounces(domain),
                              in_force.holds(to_string(*played.sender))})
      if (order != nullptr) orders.emplace_back(describe(*order));
    body["orders"] = std::move(orders);
    body["way"] = way_json(co_await names_.way(domain));
    body["site"] = site_json(sites_.of(domain));
  }
  co_return json_answer(json::serialize(body) + "\n");
}

}  // namespace malleposte::admin
