#include "appliance/queue_commands.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <limits>
#include <optional>
#include <utility>

#include "appliance/json_text.h"
#include "appliance/queue_text.h"
#include "appliance/why_text.h"

namespace malleposte::appliance {
namespace {

namespace json = boost::json;
using Query = ApiClient::Query;

constexpr std::uint64_t page_size = 1000;  // asked for at once; the server may give less

struct Action {
  std::string_view path;  // of the API
  std::string_view verb;  // "Delete 3 messages?"
  std::string_view past;  // "3 messages deleted."
  bool asks = false;      // what cannot be taken back, or not for long
};

Action action_of(const CommandLine& line) {
  switch (line.command) {
    case Command::queue_flush:
      return {"queue/flush", "Flush", "will be tried now"};
    case Command::queue_hold:
      return {"queue/hold", "Hold", "held"};
    case Command::queue_release:
      return {"queue/release", "Release", "released"};
    case Command::queue_bounce:
      return {"queue/bounce", "Bounce", "bounced", true};
    case Command::queue_undelete:
      return {"queue/undelete", "Undelete", "brought back"};
    case Command::queue_reroute:
      return {"queue/reroute", "Reroute",
              line.to.empty() ? "routed as the routes say" : "re-routed", true};
    case Command::queue_lifetime:
      return {"queue/lifetime", "Change the lifetime of", "will expire at another time", true};
    default:
      if (line.now) return {"queue/delete", "Delete for good", "deleted for good", true};
      return {"queue/delete", "Delete",
              "deleted; `malleposte queue undelete` takes that back within a minute", true};
  }
}

std::string messages_text(std::uint64_t count) {
  return fmt::format("{} message{}", count, count == 1 ? "" : "s");
}

class QueueCommand {
 public:
  QueueCommand(const CommandLine& line, const ApiClient& api, WallTime now, Console& console)
      : line_(line), api_(api), now_(now), console_(console) {}

  int execute() {
    switch (line_.command) {
      case Command::status:
        return status();
      case Command::queue_list:
        return list();
      case Command::queue_show:
        return show();
      default:
        return act(action_of(line_));
    }
  }

 private:
  int failed(const std::string& text) {
    console_.err(printable(text) + "\n");
    return exit_code::failed;
  }

  Result<json::object> asked(const std::string& path, const Query& query) {
    auto body = api_.get(path, query);
    if (!body) return tl::make_unexpected(body.error());
    return parse_object(*body);
  }

  json::object filter_body() const {
    json::object body;
    for (const auto& [name, value] : query_of(line_.filter)) body[name] = value;
    return body;
  }

  // Hands `each` every page of what the line asks for, until its limit or the end. An empty queue
  // is one empty page.
  struct Page {
    std::uint64_t total = 0;  // matching, told by the first page
    json::array messages;
    json::value next;  // a cursor or null
  };
  template <class Each>
  Result<void> pages(std::optional<std::uint64_t> limit, Each each) {
    if (!line_.ids.empty()) return page_of_ids(limit, each);
    std::uint64_t left = limit.value_or(std::numeric_limits<std::uint64_t>::max());
    std::string cursor = line_.cursor;
    do {
      Query query = query_of(line_.filter);
      query.emplace("limit", std::to_string(std::min(left, page_size)));
      if (!cursor.empty()) query.emplace("cursor", cursor);
      auto page = asked("queue/messages", query);
      if (!page) return tl::make_unexpected(page.error());
      auto read = page_of(std::move(*page));
      if (!read) return tl::make_unexpected(read.error());
      left -= std::min<std::uint64_t>(left, read->messages.size());
      cursor = read->next.is_string() ? std::string(read->next.get_string()) : std::string();
      each(std::move(*read));
    } while (left > 0 && !cursor.empty());
    return {};
  }

  template <class Each>
  Result<void> page_of_ids(std::optional<std::uint64_t> limit, Each each) {
    Page all;
    for (const std::string& id : line_.ids) {
      Query query = query_of(line_.filter);
      query.emplace("id", id);
      auto page = asked("queue/messages", query);
      if (!page) return tl::make_unexpected(page.error());
      auto read = page_of(std::move(*page));
      if (!read) return tl::make_unexpected(read.error());
      all.total += read->total;
      for (json::value& message : read->messages)
        if (all.messages.size() < limit.value_or(line_.ids.size()))
          all.messages.push_back(std::move(message));
    }
    each(std::move(all));
    return {};
  }

  static Result<Page> page_of(json::object object) {
    Page page;
    json::value* messages = object.if_contains("messages");
    if (messages == nullptr || !messages->is_array())
      return fail(Fault::peer, "The server's answer holds no list of messages.");
    page.messages = std::move(messages->get_array());
    if (const json::value* total = object.if_contains("total"); total && total->is_number()) {
      json::error_code error;
      page.total = total->to_number<std::uint64_t>(error);
    }
    if (json::value* next = object.if_contains("next")) page.next = std::move(*next);
    return page;
  }

  int status() {
    auto body = api_.get("status");
    if (!body) return failed(body.error().text);
    if (line_.json) {
      console_.out(*body);
      if (!body->ends_with('\n')) console_.out("\n");
      return exit_code::done;
    }
    auto object = parse_object(*body);
    if (!object) return failed(object.error().text);
    console_.out(status_text(*object));
    return exit_code::done;
  }

  int list() { return line_.json ? list_json() : list_table(); }

  int list_table() {
    bool first = true;
    std::uint64_t shown = 0;
    std::uint64_t total = 0;
    std::string next;
    auto done = pages(line_.limit, [&](Page page) {
      if (std::exchange(first, false)) total = page.total;
      shown += page.messages.size();
      next = page.next.is_string() ? std::string(page.next.get_string()) : std::string();
      if (page.messages.empty()) return;
      console_.out(message_table(page.messages, now_, console_.columns()));
    });
    if (!done) return failed(done.error().text);
    if (total == 0)
      console_.out(line_.filter.empty() && line_.ids.empty() ? "The queue is empty.\n"
                                                             : "No message matches.\n");
    else if (next.empty())
      console_.out(messages_text(total) + ".\n");
    else
      console_.out(fmt::format("{} of {}; the next ones: --cursor {}\n", shown,
                               messages_text(total), printable(next)));
    return exit_code::done;
  }

  // Everything is written page by page, so that a long queue takes no memory here. `next` stands
  // before the messages: without a limit it is null at the end, with one the pages wait for it.
  int list_json() {
    const bool stream = !line_.limit;
    std::string text;
    std::uint64_t total = 0;
    json::value next;
    bool first_page = true;
    bool first_message = true;
    auto done = pages(line_.limit, [&](Page page) {
      if (std::exchange(first_page, false)) {
        total = page.total;
        if (stream) text = fmt::format("{{\"total\":{},\"next\":null,\"messages\":[", total);
      }
      next = std::move(page.next);
      for (const json::value& message : page.messages) {
        if (!std::exchange(first_message, false)) text += ',';
        text += json::serialize(message);
      }
      if (stream) console_.out(std::exchange(text, {}));
    });
    if (!done) return failed(done.error().text);
    if (stream)
      console_.out("]}\n");
    else
      console_.out(fmt::format("{{\"total\":{},\"next\":{},\"messages\":[{}]}}\n", total,
                               json::serialize(next), text));
    return exit_code::done;
  }

  int show() {
    int code = exit_code::done;
    bool first = true;
    for (const std::string& id : line_.ids) {
      // An id goes into the path: nothing else may.
      if (id.find_first_not_of("0123456789abcdefghijklmnopqrstuvwxyz") != std::string::npos) {
        code = failed(fmt::format("\"{}\" is no message id; it has digits and small letters.", id));
        continue;
      }
      auto body = api_.get("queue/messages/" + id);
      auto object =
          body ? parse_object(*body) : Result<json::object>(tl::make_unexpected(body.error()));
      if (!object) {
        code = failed(object.error().text);
        continue;
      }
      // Why it waits: what is known beside the message, so that nothing has to be put together.
      const auto why = asked("why", {{"id", id}});
      if (line_.json) {
        if (why) (*object)["why"] = why->at("messages").at(0).at("recipients");
        console_.out(json::serialize(*object) + "\n");
      } else {
        console_.out((std::exchange(first, false) ? "" : "\n") + message_details(*object, now_) +
                     (why ? why_details(*why) : ""));
      }
    }
    return code;
  }

  // How many messages an action would meet.
  Result<std::uint64_t> matching() {
    std::uint64_t sum = 0;
    std::vector<Query> queries;
    for (const std::string& id : line_.ids) {
      queries.push_back(query_of(line_.filter));
      queries.back().emplace("id", id);
    }
    if (queries.empty()) queries.push_back(query_of(line_.filter));
    for (const Query& query : queries) {
      auto answer = asked("queue/count", query);
      if (!answer) return tl::make_unexpected(answer.error());
      sum += number_of(*answer, "count");
    }
    return line_.limit ? std::min(sum, *line_.limit) : sum;
  }

  // Asked before mail is destroyed. The exit code when it must not be.
  std::optional<int> stopped(const Action& action) {
    auto count = matching();
    if (!count) return failed(count.error().text);
    if (*count == 0) return nothing_matches();
    const std::string what = fmt::format("{} {}", action.verb, messages_text(*count));
    if (!console_.interactive())
      return failed(what + "? Nobody is here to answer: add --yes to do it. Nothing was done.");
    const std::string answer = console_.ask(what + "? [y/N] ");
    if (answer == "y" || answer == "Y" || answer == "yes") return std::nullopt;
    return failed("Nothing was done.");
  }

  int nothing_matches() {
    if (line_.json) console_.out("{\"count\":0}\n");
    if (!line_.ids.empty()) return failed("No such message is in the queue.");
    if (!line_.json) console_.out("No message matches.\n");
    return exit_code::done;
  }

  int act(const Action& action) {
    if (action.asks && !line_.yes)
      if (auto code = stopped(action)) return *code;
    auto count = line_.limit || line_.ids.size() > page_size ? apply_to_ids(action)
                                                             : apply(action, line_.ids);
    if (!count) return failed(count.error().text);
    if (*count == 0) return nothing_matches();
    if (line_.json)
      console_.out(fmt::format("{{\"count\":{}}}\n", *count));
    else
      console_.out(fmt::format("{} {}.\n", messages_text(*count), action.past));
    return exit_code::done;
  }

  Result<std::uint64_t> apply(const Action& action, const std::vector<std::string>& ids) {
    json::object body = filter_body();
    if (!ids.empty()) {
      json::array list;
      for (const std::string& id : ids) list.emplace_back(id);
      body["ids"] = std::move(list);
    } else if (body.empty()) {
      body["all"] = true;
    }
    if (!line_.to.empty()) body["to"] = line_.to;
    if (line_.now) body["now"] = true;
    if (!line_.reason.empty()) body["reason"] = line_.reason;
    auto answer = api_.post(std::string(action.path), json::serialize(body));
    if (!answer) return tl::make_unexpected(answer.error());
    auto object = parse_object(*answer);
    if (!object) return tl::make_unexpected(object.error());
    return number_of(*object, "count");
  }

  // With a limit the messages are looked up first: the oldest of those that match. They are
  // gathered whole before the first is touched, since acting changes what matches.
  Result<std::uint64_t> apply_to_ids(const Action& action) {
    std::vector<std::string> ids;
    auto gathered = pages(line_.limit, [&](Page page) {
      for (const json::value& message : page.messages)
        if (const json::value* id =
                message.is_object() ? message.get_object().if_contains("id") : nullptr;
            id && id->is_string())
          ids.emplace_back(id->get_string());
    });
    if (!gathered) return tl::make_unexpected(gathered.error());
    std::uint64_t sum = 0;
    for (std::size_t start = 0; start < ids.size(); start += page_size) {
      const std::size_t end = std::min<std::size_t>(ids.size(), start + page_size);
      auto count = apply(action, {ids.begin() + static_cast<std::ptrdiff_t>(start),
                                  ids.begin() + static_cast<std::ptrdiff_t>(end)});
      if (!count) return count;
      sum += *count;
    }
    return sum;
  }

  const CommandLine& line_;
  const ApiClient& api_;
  const WallTime now_;
  Console& console_;
};

}  // namespace

int execute_queue_command(const CommandLine& line, const ApiClient& api, WallTime now,
                          Console& console) {
  return QueueCommand(line, api, now, console).execute();
}

}  // namespace malleposte::appliance
