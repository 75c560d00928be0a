#include "admin/queue_filter.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>

#include "base/limits.h"
#include "config/values.h"
#include "mail/message_id.h"

namespace malleposte::admin {
namespace {

using spool::QueueState;

constexpr QueueState states[] = {QueueState::active, QueueState::deferred, QueueState::held,
                                 QueueState::scheduled, QueueState::deleting};

tl::unexpected<Error> wrong(std::string text) {
  return fail(Fault::peer, std::move(text));
}

// "<a@b>" may be written for a@b; "<>" stays, it is the null reverse-path.
std::string without_brackets(std::string text) {
  if (text.size() > 2 && text.starts_with('<') && text.ends_with('>'))
    return text.substr(1, text.size() - 2);
  return text;
}

Result<void> check_id(const std::string& id) {
  if (mail::parse_message_id(id)) return {};
  return wrong(fmt::format("\"{}\" is not a message id: they have 13 characters of 0-9 and a-z.",
                           id.substr(0, 40)));
}

constexpr std::string_view filters =
    "sender, recipient, domain, site, state, older_than, younger_than, larger_than, smaller_than, "
    "reply, class and id";

enum class Known : std::uint8_t { no, yes };

// The filter's text of this name; null: it is none of the texts.
std::string* text_field(spool::Filter& filter, std::string& site, std::string_view name) {
  if (name == "sender") return &filter.sender;
  if (name == "recipient") return &filter.recipient;
  if (name == "domain") return &filter.domain;
  if (name == "site") return &site;
  if (name == "reply") return &filter.reply;
  if (name == "id") return &filter.id;
  return nullptr;
}

std::optional<Duration>* age_field(spool::Filter& filter, std::string_view name) {
  if (name == "older_than") return &filter.older_than;
  if (name == "younger_than") return &filter.younger_than;
  return nullptr;
}

std::optional<std::uint64_t>* size_field(spool::Filter& filter, std::string_view name) {
  if (name == "larger_than") return &filter.larger_than;
  if (name == "smaller_than") return &filter.smaller_than;
  return nullptr;
}

// Sets the filter's field of this name. Known::no: there is no such field.
Result<Known> set_field(spool::Filter& filter, std::string& site, const std::string& name,
                        std::string value) {
  std::string* text = text_field(filter, site, name);
  auto* age = age_field(filter, name);
  auto* size = size_field(filter, name);
  if (text == nullptr && age == nullptr && size == nullptr && name != "state" && name != "class")
    return Known::no;
  if (value.empty())
    return wrong(fmt::format("{} is empty; leave it out{}.", name,
                             name == "sender" ? ", or write <> for the null sender" : ""));
  if (name == "state") {
    filter.state = parse_state(value);
    if (!filter.state)
      return wrong(
          fmt::format("state is \"{}\"; it can be active, deferred, held, scheduled or "
                      "deleting.",
                      value));
  } else if (name == "class") {
    filter.outcome_class = mail::parse_outcome_class(value);
    if (!filter.outcome_class)
      return wrong(fmt::format(
          "class is \"{}\"; it is the class of an outcome, such as unknown_user or network.",
          value));
  } else if (age != nullptr) {
    auto duration = config::parse_duration(value);
    if (!duration)
      return wrong(
          fmt::format("{} is \"{}\"; write a duration like 30s, 5m, 4h or 5d.", name, value));
    *age = *duration;
  } else if (size != nullptr) {
    auto octets = config::parse_size(value);
    if (!octets)
      return wrong(fmt::format("{} is \"{}\"; write a size like 64KB, 5MB or 50000.", name, value));
    *size = *octets;
  } else {
    *text = name == "sender" || name == "recipient" ? without_brackets(std::move(value))
                                                    : std::move(value);
  }
  if (name == "id")
    if (auto valid = check_id(filter.id); !valid) return tl::make_unexpected(valid.error());
  return Known::yes;
}

Result<std::uint64_t> parse_limit(const std::string& text) {
  std::uint64_t number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc::result_out_of_range) return UINT64_MAX;
  if (text.empty() || error != std::errc() || end != text.data() + text.size())
    return wrong(fmt::format("limit is \"{}\"; write a number of messages.", text));
  return number;
}

Result<ListQuery> parse_query(const std::multimap<std::string, std::string>& query, bool paged) {
  ListQuery result;
  for (const auto& [name, value] : query) {
    if (query.count(name) > 1) return wrong(fmt::format("{} is given twice.", name));
    if (paged && name == "cursor") {
      result.cursor = value;
    } else if (paged && name == "limit") {
      auto limit = parse_limit(value);
      if (!limit) return tl::make_unexpected(limit.error());
      result.limit = *limit;
    } else {
      auto known = set_field(result.filter, result.site, name, value);
      if (!known) return tl::make_unexpected(known.error());
      if (*known == Known::no)
        return wrong(fmt::format("There is no filter \"{}\"; there are {}{}.", name, filters,
                                 paged ? ", and limit and cursor" : ""));
    }
  }
  return result;
}

Result<std::vector<std::string>> parse_ids(const boost::json::value& value) {
  const auto* array = value.if_array();
  if (array == nullptr || array->empty()) return wrong("ids must be a list of message ids.");
  std::vector<std::string> ids;
  for (const auto& element : *array) {
    const auto* text = element.if_string();
    if (text == nullptr) return wrong("ids must be a list of message ids.");
    ids.emplace_back(text->data(), text->size());
    if (auto valid = check_id(ids.back()); !valid) return tl::make_unexpected(valid.error());
  }
  std::ranges::sort(ids);
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  return ids;
}

// Sets what only some operations take. Known::no: this one takes no such member.
Result<Known> set_operand(Selection& selection, spool::Operation operation, const std::string& name,
                          const boost::json::value& value) {
  using spool::Operation;
  if (name == "now" && operation == Operation::remove) {
    if (!value.is_bool()) return wrong("now must be true or false.");
    selection.now = value.get_bool();
    return Known::yes;
  }
  std::string* text = nullptr;
  if (name == "to" && (operation == Operation::reroute || operation == Operation::lifetime))
    text = &selection.to;
  else if (name == "reason")
    text = &selection.reason;
  if (text == nullptr) return Known::no;
  if (!value.is_string()) return wrong(fmt::format("{} must be a text.", name));
  text->assign(value.get_string().data(), value.get_string().size());
  if (text->size() > limits::order_text_octets)
    return wrong(fmt::format("{} has more than {} octets.", name, limits::order_text_octets));
  return Known::yes;
}

Result<void> set_member(Selection& selection, spool::Operation operation, const std::string& name,
                        const boost::json::value& value) {
  if (name == "all") {
    if (!value.is_bool()) return wrong("all must be true or false.");
    selection.all = value.get_bool();
    return {};
  }
  if (name == "ids") {
    auto ids = parse_ids(value);
    if (!ids) return tl::make_unexpected(ids.error());
    selection.ids = std::move(*ids);
    return {};
  }
  auto operand = set_operand(selection, operation, name, value);
  if (!operand) return tl::make_unexpected(operand.error());
  if (*operand == Known::yes) return {};
  const auto* text = value.if_string();
  auto known =
      set_field(selection.filter, selection.site, name,
                text == nullptr ? std::string("?") : std::string(text->data(), text->size()));
  if (known && *known == Known::no)
    return wrong(
        fmt::format("There is no filter \"{}\"; there are {}, and ids and all.", name, filters));
  if (text == nullptr) return wrong(fmt::format("{} must be a text.", name));
  if (!known) return tl::make_unexpected(known.error());
  return {};
}

}  // namespace

std::optional<QueueState> parse_state(std::string_view text) {
  for (auto state : states)
    if (to_string(state) == text) return state;
  return std::nullopt;
}

Result<ListQuery> parse_list_query(const std::multimap<std::string, std::string>& query) {
  return parse_query(query, true);
}

Result<ListQuery> parse_filter_query(const std::multimap<std::string, std::string>& query) {
  return parse_query(query, false);
}

bool Selection::everything() const {
  return ids.empty() && site.empty() && filter.id.empty() && filter.sender.empty() &&
         filter.recipient.empty() && filter.domain.empty() && filter.reply.empty() &&
         !filter.state && !filter.older_than && !filter.younger_than && !filter.larger_than &&
         !filter.smaller_than && !filter.outcome_class;
}

Result<Selection> parse_selection(std::string_view body, spool::Operation operation) {
  Selection selection;
  if (body.find_first_not_of(" \t\r\n") == std::string_view::npos) return selection;
  boost::json::error_code error;
  auto document = boost::json::parse({body.data(), body.size()}, error);
  if (error) return wrong("The body is not JSON: " + error.message() + ".");
  const auto* object = document.if_object();
  if (object == nullptr) return wrong("The body must be a JSON object, like {\"state\":\"held\"}.");
  for (const auto& member : *object) {
    auto set = set_member(selection, operation, std::string(member.key()), member.value());
    if (!set) return tl::make_unexpected(set.error());
  }
  if (!selection.ids.empty() && !selection.filter.id.empty())
    return wrong("Give id or ids, not both.");
  return selection;
}

Result<spool::Action> parse_action(spool::Operation operation, const Selection& selection) {
  using spool::Operation;
  spool::Action action(operation);
  action.at_once = selection.now;
  if (operation == Operation::reroute && !selection.to.empty()) {
    if (auto parsed = config::parse_next_hops(selection.to); !parsed)
      return wrong(fmt::format("to is \"{}\", which {}.", selection.to, parsed.error()));
    action.next_hop = selection.to;
  }
  if (operation == Operation::lifetime && !selection.to.empty()) {
    auto parsed = config::parse_duration(selection.to);
    if (!parsed)
      return wrong(fmt::format("to is \"{}\"; write a duration like 4h or 5d.", selection.to));
    action.lifetime = *parsed;
  }
  return action;
}

std::string describe(const Selection& selection) {
  const auto& filter = selection.filter;
  std::string text;
  auto add = [&](std::string_view name, std::string_view value) {
    if (value.empty()) return;
    if (!text.empty()) text += ' ';
    text += fmt::format("{}={}", name, value);
  };
  auto add_age = [&](std::string_view name, const std::optional<Duration>& age) {
    if (age) add(name, fmt::format("{}s", age->count() / 1'000'000));
  };
  auto add_size = [&](std::string_view name, const std::optional<std::uint64_t>& octets) {
    if (octets) add(name, std::to_string(*octets));
  };
  add("id", filter.id);
  if (!selection.ids.empty()) add("ids", fmt::format("{}", selection.ids.size()));
  add("sender", filter.sender);
  add("recipient", filter.recipient);
  add("domain", filter.domain);
  add("site", selection.site);
  if (filter.state) add("state", to_string(*filter.state));
  add_age("older_than", filter.older_than);
  add_age("younger_than", filter.younger_than);
  add_size("larger_than", filter.larger_than);
  add_size("smaller_than", filter.smaller_than);
  add("reply", filter.reply);
  if (filter.outcome_class) add("class", to_string(*filter.outcome_class));
  return text.empty() ? "all messages" : text;
}

}  // namespace malleposte::admin
