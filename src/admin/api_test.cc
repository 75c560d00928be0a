#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "admin/api_fixture.h"
#include "admin/openapi.h"
#include "base/limits.h"

namespace malleposte::admin {
namespace {

namespace json = boost::json;
using testing::HasSubstr;
using testing::Not;

// --- The queue
// ------------------------------------------------------------------------------------

TEST_F(ApiTest, ListHasExactlyThePinnedShape) {
  auto response = ask(get("/api/v1/queue/messages", {{"state", "deferred"}}));
  EXPECT_EQ(response.status, 200U);
  EXPECT_EQ(response.body,
            "{\"total\":1,\"next\":null,\"messages\":[{\"id\":\"0000000000001\","
            "\"sender\":\"a@example.org\",\"size\":1001,\"arrived\":\"2026-11-23T05:15:42.123Z\","
            "\"state\":\"deferred\",\"attempts\":1,\"next_attempt\":\"2026-11-23T10:20:42.123Z\","
            "\"reason\":\"451 4.3.0 \\\"later\\\"\",\"recipients\":[{\"address\":\"b@example.net\","
            "\"state\":\"deferred\",\"reply\":\"451 x\",\"class\":\"system\"}]}]}\n");
}

TEST_F(ApiTest, ListWithoutANextAttemptSaysNull) {
  auto body = ask_json(get("/api/v1/queue/messages", {{"sender", "<>"}}));
  auto& message = body["messages"].as_array().at(0).as_object();
  EXPECT_EQ(message["sender"].as_string(), "");
  EXPECT_TRUE(message["next_attempt"].is_null());
}

TEST_F(ApiTest, ListGoesOnAtTheCursor) {
  auto first = ask_json(get("/api/v1/queue/messages", {{"limit", "2"}}));
  EXPECT_EQ(first["total"].as_int64(), 3);
  EXPECT_EQ(first["messages"].as_array().size(), 2U);
  std::string next(first["next"].as_string());
  auto second = ask_json(get("/api/v1/queue/messages", {{"limit", "2"}, {"cursor", next}}));
  ASSERT_EQ(second["messages"].as_array().size(), 1U);
  EXPECT_EQ(second["messages"].as_array()[0].as_object()["id"].as_string(), "0000000000003");
  EXPECT_TRUE(second["next"].is_null());
}

TEST_F(ApiTest, AnyLimitIsTakenAndReadInPages) {
  for (std::uint64_t id = 4; id <= 12'000; ++id)
    add(id, "s@example.org", "r@example.net", spool::QueueState::active, Duration(0));
  auto all = ask_json(get("/api/v1/queue/messages", {{"limit", "99999999999999999999999"}}));
  EXPECT_EQ(all["total"].as_int64(), 12'000);
  EXPECT_EQ(all["messages"].as_array().size(), limits::answer_messages);
  EXPECT_EQ(all["next"].as_string(), "10000");
  EXPECT_EQ(std::ranges::max(store_.page_sizes), limits::query_page);
  auto none = ask_json(get("/api/v1/queue/messages", {{"limit", "0"}}));
  EXPECT_EQ(none["total"].as_int64(), 12'000);
  EXPECT_TRUE(none["messages"].as_array().empty());
  EXPECT_TRUE(none["next"].is_null());
}

TEST_F(ApiTest, FiltersNarrowListAndCountAlike) {
  const std::pair<std::multimap<std::string, std::string>, int> filters[] = {
      {{}, 3},
      {{{"sender", "a@example.org"}}, 1},
      {{{"sender", "<a@example.org>"}}, 1},
      {{{"sender", "<>"}}, 1},
      {{{"recipient", "c@example.com"}}, 2},
      {{{"domain", "example.com"}}, 2},
      {{{"state", "held"}}, 1},
      {{{"older_than", "4h"}}, 1},
      {{{"class", "system"}}, 3},
      {{{"class", "network"}}, 0},
      {{{"older_than", "1h"}, {"domain", "example.com"}}, 1},
      {{{"id", "0000000000003"}}, 1},
      {{{"id", "0000000000009"}}, 0},
  };
  for (const auto& [query, expected] : filters) {
    auto name = query.empty() ? "" : query.begin()->first;
    EXPECT_EQ(ask_json(get("/api/v1/queue/messages", query))["total"].as_int64(), expected) << name;
    EXPECT_EQ(ask_json(get("/api/v1/queue/count", query))["count"].as_int64(), expected) << name;
  }
}

TEST_F(ApiTest, WrongFiltersAre400) {
  const std::multimap<std::string, std::string> wrong[] = {
      {{"stat", "held"}},      {{"state", "Held"}},   {{"state", ""}},
      {{"sender", ""}},        {{"older_than", "4"}}, {{"class", "sad"}},
      {{"older_than", "-4h"}}, {{"limit", "x"}},      {{"limit", ""}},
      {{"limit", "-1"}},       {{"id", "1"}},         {{"state", "held"}, {"state", "active"}},
  };
  for (const auto& query : wrong) {
    auto response = ask(get("/api/v1/queue/messages", query));
    EXPECT_EQ(response.status, 400U) << query.begin()->first << '=' << query.begin()->second;
    EXPECT_THAT(response.body, HasSubstr("{\"error\":\""));
  }
  EXPECT_EQ(ask(get("/api/v1/queue/count", {{"limit", "1"}})).status, 400U);
}

TEST_F(ApiTest, OneMessageOr404) {
  store_.attempts_made[2] = {{7, {}}};
  auto message = ask_json(get("/api/v1/queue/messages/0000000000002"));
  EXPECT_EQ(message["recipients"].at(0).at("attempts_left_out").as_int64(), 7);
  EXPECT_EQ(message["id"].as_string(), "0000000000002");
  EXPECT_EQ(ask(get("/api/v1/queue/messages/000000000000z")).status, 404U);
  EXPECT_EQ(ask(get("/api/v1/queue/messages/nonsense")).status, 404U);
  EXPECT_EQ(ask(get("/api/v1/queue/messages/")).status, 404U);
  EXPECT_EQ(ask(get("/api/v1/queue/messages/0000000000002/x")).status, 404U);
}

TEST_F(ApiTest, OperationsAnswerHowMany) {
  EXPECT_EQ(ask_json(post("/api/v1/queue/hold", "{}"))["count"].as_int64(), 3);
  EXPECT_EQ(ask_json(post("/api/v1/queue/release", ""))["count"].as_int64(), 3);
  EXPECT_EQ(ask_json(post("/api/v1/queue/flush", "{\"state\":\"deferred\"}"))["count"].as_int64(),
            3);
  EXPECT_EQ(
      ask_json(post("/api/v1/queue/bounce", "{\"domain\":\"example.net\"}"))["count"].as_int64(),
      1);
  EXPECT_EQ(
      ask_json(post("/api/v1/queue/delete", "{\"id\":\"0000000000002\"}"))["count"].as_int64(), 1);
  ASSERT_EQ(store_.messages.size(), 1U);
  using spool::Operation;
  std::vector<Operation> done;
  for (const auto& [operation, id] : store_.applied) done.push_back(operation);
  EXPECT_EQ(done, (std::vector{Operation::hold, Operation::release, Operation::flush,
                               Operation::bounce, Operation::remove}));
  EXPECT_EQ(events_.events.back(), "log: queue delete of id=0000000000002 by local: 1 messages");
}

TEST_F(ApiTest, SeveralIdsAreEachAppliedOnce) {
  auto answer = ask_json(post("/api/v1/queue/delete",
                              "{\"ids\":[\"0000000000003\",\"0000000000001\",\"0000000000003\"]}"));
  EXPECT_EQ(answer["count"].as_int64(), 2);
  EXPECT_EQ(store_.applied.size(), 2U);
  EXPECT_EQ(store_.messages.size(), 1U);
}

TEST_F(ApiTest, DestroyingEverythingMustBeMeant) {
  for (std::string path : {"/api/v1/queue/delete", "/api/v1/queue/bounce"}) {
    for (std::string body : {"", "{}", "{\"all\":false}"}) {
      auto response = ask(post(path, body));
      EXPECT_EQ(response.status, 400U);
      EXPECT_THAT(response.body, HasSubstr("\\\"all\\\":true"));
    }
  }
  EXPECT_TRUE(store_.applied.empty());
  EXPECT_EQ(ask_json(post("/api/v1/queue/delete", "{\"all\":true}"))["count"].as_int64(), 3);
}

TEST_F(ApiTest, ABodyThatSaysSomethingElseChangesNothing) {
  for (std::string body :
       {"{\"sendr\":\"a@example.org\"}", "{\"sender\":\"\"}", "{\"sender\":null}",
        "{\"sender\":[\"a\"]}", "{\"state\":\"gone\"}", "{\"older_than\":4}", "{\"ids\":[]}",
        "{\"ids\":[7]}", "{\"ids\":\"0000000000001\"}", "{\"ids\":[\"x\"]}",
        "{\"id\":\"0000000000001\",\"ids\":[\"0000000000002\"]}", "{\"all\":\"yes\"}", "[]", "null",
        "{", "state=held", "{\"limit\":\"5\"}"}) {
    auto response = ask(post("/api/v1/queue/delete", body));
    EXPECT_EQ(response.status, 400U) << body << response.body;
  }
  auto request = post("/api/v1/queue/delete", "{\"all\":true}");
  request.query.emplace("sender", "a@example.org");
  EXPECT_EQ(ask(request).status, 400U) << "a filter in the URL would be overlooked";
  EXPECT_TRUE(store_.applied.empty());
}

TEST_F(ApiTest, AFailureIsToldWithWhatWasDone) {
  store_.failure = Error{Fault::disk, "The spool cannot be written."};
  store_.fail_after = 1;
  auto response =
      ask(post("/api/v1/queue/delete", "{\"ids\":[\"0000000000001\",\"0000000000002\"]}"));
  EXPECT_EQ(response.status, 500U);
  EXPECT_EQ(response.body,
            "{\"error\":\"The spool cannot be written. 1 messages were done before.\"}\n");
  EXPECT_EQ(ask(get("/api/v1/queue/messages")).status, 500U);
  store_.failure->fault = Fault::peer;
  EXPECT_EQ(ask(get("/api/v1/queue/messages", {{"cursor", "?"}})).status, 400U);
  store_.failure->fault = Fault::resource;
  EXPECT_EQ(ask(get("/api/v1/queue/messages/0000000000001")).status, 409U);
}

// --- The rest
// -------------------------------------------------------------------------------------

TEST_F(ApiTest, StatusTellsHowItIs) {
  notices_.raise({"disk-low", monitor::Severity::warning,
                  "Data volume has less than 5% of free disk space", "", "Enlarge it.",
                  monitor::FakeLoop::start});
  store_.counters_now.messages = 3;
  store_.counters_now.message_octets = 3006;
  store_.accounts_now.accepted = 9;
  store_.health_now = {false, "full", 10, 1000};
  loop_.advance(std::chrono::seconds(5));
  auto status = ask_json(get("/api/v1/status"));
  EXPECT_EQ(status["version"].as_string(), "0.1.0");
  EXPECT_EQ(status["hostname"].as_string(), "mail.example.org");
  EXPECT_EQ(status["started"].as_string(), "2026-11-23T10:15:47.123Z");
  auto& queue = status["queue"].as_object();
  EXPECT_EQ(queue["messages"].as_int64(), 3);
  EXPECT_EQ(queue["octets"].as_int64(), 3006);
  EXPECT_EQ(queue["held"].as_int64(), 1);
  EXPECT_EQ(queue["scheduled"].as_int64(), 0);
  EXPECT_EQ(status["accounts"].as_object()["accepted"].as_int64(), 9);
  EXPECT_EQ(status["health"].as_object()["accepting"].as_bool(), false);
  EXPECT_EQ(status["health"].as_object()["why"].as_string(), "full");
  auto& notice = status["notices"].as_array().at(0).as_object();
  EXPECT_EQ(notice["severity"].as_string(), "warning");
  EXPECT_EQ(notice["since"].as_string(), "2026-11-23T10:15:42.123Z");
  auto& listener = status["listeners"].as_array().at(0).as_object();
  EXPECT_EQ(listener["address"].as_string(), "127.0.0.1:2525");
}

TEST_F(ApiTest, UptimeCountsFromTheStart) {
  Api api(
      {{"0.1.0", "mail.example.org", 42, false, {}}, "", ""},
      {loop_, store_, metrics_, notices_, nullptr, nullptr, names_, sites_, nullptr, queue_times_});
  loop_.advance(std::chrono::milliseconds(5900));
  auto status = json::parse(run(api.handle(get("/api/v1/status"))).body).as_object();
  EXPECT_EQ(status["started"].as_string(), "2026-11-23T10:15:42.123Z");
  EXPECT_EQ(status["uptime"].as_int64(), 5);
  EXPECT_TRUE(status["listeners"].as_array().empty());
}

TEST_F(ApiTest, MetricsGatherEverySource) {
  metrics_.add([](monitor::Figures& into) { into.gauge("malleposte_mine", "Mine.", 7); });
  store_.counters_now.messages = 3;
  store_.accounts_now.delivered = 11;
  auto response = ask(remote(get("/metrics")));
  EXPECT_EQ(response.status, 200U);
  EXPECT_EQ(response.content_type, "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_THAT(response.body, HasSubstr("\nmalleposte_queue_messages 3\n"));
  EXPECT_THAT(response.body, HasSubstr("malleposte_mine 7\n"));
  EXPECT_THAT(response.body, HasSubstr("malleposte_recipients_total{fate=\"delivered\"} 11\n"));
  EXPECT_THAT(response.body, HasSubstr("malleposte_accepting 1\n"));
  EXPECT_THAT(response.body, HasSubstr("malleposte_build_info{version=\"0.1.0\"} 1\n"));
  EXPECT_THAT(response.body, HasSubstr("malleposte_limit{name=\"leased_messages\"} 20000\n"));
}

TEST_F(ApiTest, EveryRouteIsDescribedAndEveryDescribedRouteExists) {
  auto document = json::parse(openapi_document()).as_object();
  std::set<std::string> described;
  for (const auto& path : document["paths"].as_object())
    for (const auto& method : path.value().as_object()) {
      std::string name(method.key());
      for (char& c : name) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
      described.insert(name + " " + std::string(path.key()));
    }
  std::set<std::string> routes;
  for (auto route : Api::routes())
    routes.insert(std::string(route.method) + " " + std::string(route.path));
  EXPECT_EQ(described, routes);
}

// Every "$ref" of the description leads somewhere.
void check_references(const json::value& value, const json::value& document) {
  if (const auto* array = value.if_array())
    for (const auto& element : *array) check_references(element, document);
  if (const auto* object = value.if_object())
    for (const auto& member : *object) {
      if (member.key() == "$ref") {
        std::string pointer(member.value().as_string());
        json::error_code error;
        EXPECT_NE(document.find_pointer(pointer.substr(1), error), nullptr) << pointer;
      }
      check_references(member.value(), document);
    }
}

TEST_F(ApiTest, TheDescriptionIsWholeAndServed) {
  auto document = json::parse(openapi_document());
  check_references(document, document);
  username_ = "op";
  password_ = "secret";
  auto response = ask(remote(get("/api/v1/openapi.json")));
  EXPECT_EQ(response.status, 200U) << "no log-in";
  EXPECT_EQ(response.body, openapi_document());
  auto described = [&](const char* schema) {
    std::set<std::string> names;
    auto& root = document.as_object()["components"].as_object()["schemas"].as_object();
    for (const auto& property : root[schema].as_object()["properties"].as_object())
      names.insert(std::string(property.key()));
    return names;
  };
  auto names = [](const json::object& object) {
    std::set<std::string> result;
    for (const auto& member : object) result.insert(std::string(member.key()));
    return result;
  };
  EXPECT_EQ(described("Message"), names(ask_json(get("/api/v1/queue/messages/0000000000001"))));
  EXPECT_EQ(described("Page"), names(ask_json(get("/api/v1/queue/messages"))));
  EXPECT_EQ(described("Status"), names(ask_json(get("/api/v1/status"))));
  EXPECT_EQ(described("Way"),
            names(ask_json(get("/api/v1/dns/lookup", {{"domain", "example.org"}}))));
}

TEST_F(ApiTest, AFlushOfDnsIsRecorded) {
  EXPECT_EQ(ask(post("/api/v1/dns/flush", "{}")).status, 200U);
  EXPECT_EQ(names_.flushes, 1);
  EXPECT_EQ(events_.events.back(), "log: dns flush by local");
}

TEST_F(ApiTest, WrongPathsAndMethods) {
  EXPECT_EQ(ask(get("/nowhere")).status, 404U);
  EXPECT_EQ(ask(get("/api/v1/queue/messages//")).status, 404U);
  auto request = get("/api/v1/queue/flush");
  auto response = ask(request);
  EXPECT_EQ(response.status, 405U);
  EXPECT_EQ(header(response, "Allow"), "POST");
  request = post("/api/v1/status", "{}");
  response = ask(request);
  EXPECT_EQ(response.status, 405U);
  EXPECT_EQ(header(response, "Allow"), "GET, HEAD");
  request.method = "DELETE";
  EXPECT_EQ(ask(request).status, 405U);
  EXPECT_EQ(ask(post("/api/v1/queue/hold", std::string(limits::http_body_octets + 1, ' '))).status,
            413U);
}

TEST_F(ApiTest, HeadIsAnsweredAsGetAndNothingIsCached) {
  auto request = get("/");
  auto response = ask(request);
  EXPECT_THAT(response.body, HasSubstr("Malleposte 0.1.0 on mail.example.org"));
  EXPECT_EQ(header(response, "Cache-Control"), "no-store");
  request.method = "HEAD";
  auto head = ask(request);
  EXPECT_EQ(head.status, 200U);
  EXPECT_EQ(head.body, response.body) << "for its Content-Length; the server drops it";
}

// --- Who may
// --------------------------------------------------------------------------------------

TEST_F(ApiTest, WithoutAUserNameTheNetworkMayLookAndNotChange) {
  EXPECT_EQ(ask(remote(get("/api/v1/queue/messages"))).status, 200U);
  EXPECT_EQ(ask(remote(get("/api/v1/status"))).status, 200U);
  for (auto route : Api::routes()) {
    if (route.method == "GET") continue;
    auto request = post(std::string(route.path), "{\"all\":true}");
    request.method = route.method;
    auto response = ask(remote(std::move(request)));
    EXPECT_EQ(response.status, 403U) << route.path;
    EXPECT_THAT(response.body, HasSubstr("username"));
  }
  EXPECT_TRUE(store_.applied.empty());
  EXPECT_THAT(ask(remote(get("/"))).body, HasSubstr("Nothing can be changed here"));
}

TEST_F(ApiTest, WithAUserNameTheApiAsksForIt) {
  username_ = "op";
  password_ = "se:cret";
  for (std::string path : {"/api/v1/status", "/api/v1/queue/messages", "/api/v1/nowhere", "/api"}) {
    auto response = ask(remote(get(path)));
    EXPECT_EQ(response.status, 401U) << path;
    EXPECT_THAT(header(response, "WWW-Authenticate"), HasSubstr("Basic realm="));
  }
  EXPECT_EQ(ask(remote(post("/api/v1/queue/delete", "{\"all\":true}"))).status, 401U);
  EXPECT_EQ(ask(remote(get("/metrics"))).status, 200U);
  EXPECT_EQ(ask(remote(get("/"))).status, 200U);
  EXPECT_THAT(ask(remote(get("/"))).body, Not(HasSubstr("Nothing can be changed")));
  EXPECT_NE(ask(remote(post("/api/v1/session", "{}"))).status, 401U);
  EXPECT_EQ(ask(get("/api/v1/status")).status, 200U) << "the control socket needs no log-in";

  constexpr auto right = "Basic b3A6c2U6Y3JldA==";  // op:se:cret
  EXPECT_EQ(ask(remote(get("/api/v1/status"), right)).status, 200U);
  EXPECT_EQ(ask(remote(get("/api/v1/status"), "basic b3A6c2U6Y3JldA==")).status, 200U);
  EXPECT_EQ(ask(remote(post("/api/v1/queue/hold", "{}"), right)).status, 200U);
  for (std::string wrong :
       {"Basic b3A6c2U=", "Basic OnNlOmNyZXQ=", "Basic b3A=", "Basic !", "Basic",
        "Bearer b3A6c2U6Y3JldA==", "Basic b3A6c2U6Y3JldAA=", "Basic b3A6"})
    EXPECT_EQ(ask(remote(get("/api/v1/status"), wrong)).status, 401U) << wrong;
}

TEST_F(ApiTest, AnEmptyOrHashedPasswordLetsNobodyIn) {
  username_ = "op";
  EXPECT_EQ(ask(remote(get("/api/v1/status"), "Basic b3A6")).status, 401U);  // op:
  password_ = "$2b$x";
  EXPECT_EQ(ask(remote(get("/api/v1/status"), "Basic b3A6JDJiJHg=")).status, 401U);  // op:$2b$x
}

TEST_F(ApiTest, AnotherSiteCannotMakeABrowserChangeAnything) {
  username_ = "op";
  password_ = "se:cret";
  constexpr auto right = "Basic b3A6c2U6Y3JldA==";
  auto request = remote(post("/api/v1/queue/hold", "{}"), right);
  request.headers.erase("content-type");
  EXPECT_EQ(ask(request).status, 415U);
  request.headers.emplace("content-type", "text/plain; application/json");
  EXPECT_EQ(ask(request).status, 415U);
  request.headers.erase("content-type");
  request.headers.emplace("content-type", "Application/JSON; charset=utf-8");
  EXPECT_EQ(ask(request).status, 200U);
  request.headers.emplace("sec-fetch-site", "cross-site");
  EXPECT_EQ(ask(request).status, 403U);
  EXPECT_EQ(store_.applied.size(), 1U);
}

}  // namespace
}  // namespace malleposte::admin
