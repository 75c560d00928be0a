// Operations by filter, standing orders, and who did it.
#include <gmock/gmock.h>

#include "admin/api_fixture.h"

namespace malleposte::admin {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;
using spool::Operation;
using testing::ElementsAre;
using testing::HasSubstr;

class OperationsTest : public ApiTest {
 protected:
  net::HttpResponse act(std::string operation, std::string body) {
    return ask(post("/api/v1/queue/" + operation, std::move(body)));
  }
  SiteView site(std::string name, std::vector<std::string> domains) {
    SiteView view;
    view.name = std::move(name);
    view.domains = std::move(domains);
    view.rule = "MX";
    return view;
  }
  // A change from the network by somebody who has logged in.
  net::HttpResponse as_anna(net::HttpRequest request) {
    username_ = "anna";
    password_ = "secret";
    request = remote(std::move(request), "Basic YW5uYTpzZWNyZXQ=");
    request.headers.emplace("content-type", "application/json");
    return ask(std::move(request));
  }
};

TEST_F(OperationsTest, EachOperationArrivesWithItsOperand) {
  EXPECT_EQ(act("delete", "{\"state\":\"held\",\"now\":true}").status, 200U);
  EXPECT_TRUE(store_.action->at_once);
  EXPECT_EQ(act("delete", "{\"state\":\"held\"}").status, 200U);
  EXPECT_FALSE(store_.action->at_once);
  EXPECT_EQ(act("undelete", "{}").status, 200U);
  EXPECT_EQ(store_.action->operation, Operation::restore);
  EXPECT_EQ(act("reroute", "{\"domain\":\"example.net\",\"to\":\"[192.0.2.1]:2525\"}").status,
            200U);
  EXPECT_EQ(store_.action->operation, Operation::reroute);
  EXPECT_EQ(store_.action->next_hop, "[192.0.2.1]:2525");
  EXPECT_EQ(act("reroute", "{\"domain\":\"example.net\"}").status, 200U);
  EXPECT_EQ(store_.action->next_hop, "") << "as the routes say";
  EXPECT_EQ(act("lifetime", "{\"domain\":\"example.net\",\"to\":\"2d\"}").status, 200U);
  EXPECT_EQ(store_.action->lifetime, Duration(48h));
}

TEST_F(OperationsTest, WhatAnOperationDoesNotTakeIsAnError) {
  for (const auto& [operation, body] : std::vector<std::pair<std::string, std::string>>{
           {"hold", "{\"to\":\"x\"}"},
           {"hold", "{\"now\":true}"},
           {"delete", "{\"now\":\"yes\",\"all\":true}"},
           {"reroute", "{\"to\":\"[no such\",\"all\":true}"},
           {"lifetime", "{\"to\":\"soon\",\"all\":true}"},
           {"reroute", "{\"to\":\"[192.0.2.1]\"}"},
           {"lifetime", "{\"to\":\"2d\"}"},
           {"flush", "{\"larger_than\":\"big\"}"},
           {"flush", "{\"younger_than\":\"5\"}"}})
    EXPECT_EQ(act(operation, body).status, 400U) << operation << body;
  EXPECT_TRUE(store_.applied.empty());
}

TEST_F(OperationsTest, AllFiltersReachTheStore) {
  auto response = ask(get("/api/v1/queue/count", {{"younger_than", "4h"},
                                                  {"larger_than", "2KB"},
                                                  {"smaller_than", "5MB"},
                                                  {"reply", "Later"}}));
  EXPECT_EQ(response.status, 200U);
  response = ask(get("/api/v1/queue/messages", {{"younger_than", "4h"},
                                                {"larger_than", "2KB"},
                                                {"smaller_than", "5MB"},
                                                {"reply", "Later"}}));
  EXPECT_EQ(response.status, 200U);
  EXPECT_EQ(store_.filter_asked->younger_than, Duration(4h));
  EXPECT_EQ(store_.filter_asked->larger_than, 2048U);
  EXPECT_EQ(store_.filter_asked->smaller_than, 5U << 20);
  EXPECT_EQ(store_.filter_asked->reply, "Later");
}

TEST_F(OperationsTest, ASiteMeansTheDomainsThatShareItNow) {
  sites_.sites = {site("mx.provider.example", {"example.net", "idle.example"}),
                  site("mx.other.example", {"example.com"})};
  store_.waiting_by_domain = {{"example.net", 1, {}, {}}, {"example.com", 2, {}, {}}};
  auto listed = ask_json(get("/api/v1/queue/messages", {{"site", "mx.provider.example"}}));
  EXPECT_EQ(listed["total"], 1);
  EXPECT_THAT(store_.filter_asked->domains, ElementsAre("example.net"));
  EXPECT_EQ(act("hold", "{\"site\":\"mx.other.example\"}").body, "{\"count\":2}\n");
  EXPECT_THAT(events_.events.back(), HasSubstr("queue hold of site=mx.other.example by local: 2"));
}

// An empty list of domains would mean all mail.
TEST_F(OperationsTest, ASiteWithoutMailMeansNoMessageAtAll) {
  sites_.sites = {site("mx.provider.example", {})};
  EXPECT_EQ(act("delete", "{\"site\":\"mx.provider.example\"}").body, "{\"count\":0}\n");
  EXPECT_EQ(store_.messages.size(), 3U);
  EXPECT_EQ(act("delete", "{\"site\":\"mx.unknown.example\"}").status, 400U);
  EXPECT_EQ(store_.messages.size(), 3U);
}

TEST_F(OperationsTest, WhoDidItIsRecordedWithFilterCountAndReason) {
  EXPECT_EQ(as_anna(post("/api/v1/queue/reroute",
                         "{\"sender\":\"a@example.org\",\"to\":\"[192.0.2.1]\",\"reason\":\"disk "
                         "full\"}"))
                .status,
            200U);
  EXPECT_EQ(
      events_.events.back(),
      "log: queue reroute to [192.0.2.1] of sender=a@example.org by anna at 192.0.2.1:4711: 1 "
      "messages, since disk full");
}

// --- Standing orders ---

constexpr auto suspend =
    R"({"kind":"suspend","pattern":"example.net","reason":"their disk is full","for":"2h"})";

TEST_F(OperationsTest, AnOrderIsGivenListedAndCancelled) {
  EXPECT_EQ(as_anna(post("/api/v1/orders", suspend)).body, "{\"number\":1}\n");
  EXPECT_EQ(events_.events.back(),
            "log: order 1 given by anna at 192.0.2.1:4711: suspend example.net until "
            "2026-11-23T12:15:42.123Z, since their disk is full");
  auto orders = ask_json(get("/api/v1/orders"))["orders"].as_array();
  ASSERT_EQ(orders.size(), 1U);
  EXPECT_EQ(json::serialize(orders[0]),
            R"({"number":1,"kind":"suspend","pattern":"example.net","reason":"their disk is full",)"
            R"("who":"anna at 192.0.2.1:4711","given":"2026-11-23T10:15:42.123Z",)"
            R"("until":"2026-11-23T12:15:42.123Z"})");
  auto cancel = get("/api/v1/orders/1");
  cancel.method = "DELETE";
  EXPECT_EQ(ask(cancel).body, "{\"cancelled\":true}\n");
  EXPECT_EQ(events_.events.back(), "log: order 1 cancelled by local");
  EXPECT_EQ(ask(cancel).status, 404U);
  cancel.path = "/api/v1/orders/x1";
  EXPECT_EQ(ask(cancel).status, 404U);
}

TEST_F(OperationsTest, AnOrderThatSaysTooLittleIsRefused) {
  for (const auto* body :
       {"", "[]", "{}", "{\"kind\":\"suspend\",\"pattern\":\"example.net\"}",
        "{\"kind\":\"stop\",\"pattern\":\"a.example\",\"reason\":\"x\"}",
        "{\"kind\":\"hold\",\"pattern\":\"\",\"reason\":\"x\"}",
        "{\"kind\":\"hold\",\"pattern\":\"<>\",\"reason\":\"x\",\"for\":\"ever\"}",
        "{\"kind\":\"hold\",\"pattern\":\"<>\",\"reason\":1}",
        "{\"kind\":\"hold\",\"pattern\":\"<>\",\"reason\":\"x\",\"until\":\"1h\"}"})
    EXPECT_EQ(ask(post("/api/v1/orders", body)).status, 400U) << body;
  EXPECT_TRUE(store_.orders_given.empty());
}

// --- What waits, and why ---

TEST_F(OperationsTest, DestinationsAreShownByAge) {
  store_.waiting_by_domain = {{"example.net", 3, store_.now - 1h, {1, 0, 0, 2}},
                              {"example.com", 1, store_.now, {1}}};
  auto body = ask_json(get("/api/v1/queue/destinations"));
  EXPECT_EQ(json::serialize(body["age_ends"]), "[300,600,1200,2400,4800,9600,19200,38400,76800]");
  EXPECT_EQ(json::serialize(body["destinations"].as_array().at(0)),
            R"({"domain":"example.net","recipients":3,"oldest":"2026-11-23T09:15:42.123Z",)"
            R"("by_age":[1,0,0,2,0,0,0,0,0,0]})");
  body = ask_json(get("/api/v1/queue/destinations", {{"domain", "EXAMPLE.com"}}));
  ASSERT_EQ(body["destinations"].as_array().size(), 1U);
  EXPECT_EQ(body["destinations"].as_array()[0].as_object()["domain"], "example.com");
  EXPECT_EQ(ask(get("/api/v1/queue/destinations", {{"limit", "many"}})).status, 400U);
}

TEST_F(OperationsTest, SitesAreListedTheBusiestFirst) {
  sites_.sites = {site("idle.example", {}), site("busy.example", {"example.net"})};
  sites_.sites[1].waiting = 7;
  sites_.sites[1].state = "dead";
  sites_.sites[1].until = store_.now;
  const auto sites = ask_json(get("/api/v1/sites"))["sites"].as_array();
  ASSERT_EQ(sites.size(), 2U);
  EXPECT_EQ(json::serialize(sites[0]),
            R"({"name":"busy.example","domains":["example.net"],"rule":"MX","window":0,"most":0,)"
            R"("connections":0,"waiting":7,"failures":0,"state":"dead","reason":"",)"
            R"("until":"2026-11-23T10:15:42.123Z","limits_rule":""})");
}

TEST_F(OperationsTest, WhyAMessageAnAddressOrADomainWaits) {
  sites_.rule_in_force = "routes.txt line 7 (example.net)";
  auto why = ask_json(get("/api/v1/why", {{"id", "0000000000001"}}));
  EXPECT_TRUE(why["destination"].is_null());
  const auto& recipient =
      why["messages"].as_array().at(0).as_object()["recipients"].as_array().at(0).as_object();
  EXPECT_EQ(recipient.at("text"),
            "deferred: 451 x; attempt 1, next 10:20:42Z in 5 min; route: routes.txt line 7 "
            "(example.net); expires 2026-11-28 05:15:42Z (queue_lifetime)");
  EXPECT_EQ(ask(get("/api/v1/why", {{"id", "0000000000009"}})).status, 404U);

  suspended_ = true;
  why = ask_json(get("/api/v1/why", {{"domain", "example.com"}}));
  EXPECT_EQ(why["total"], 2);
  EXPECT_EQ(why["destination"].as_object()["text"],
            "deliveries are suspended (deliveries_suspended); route: routes.txt line 7 "
            "(example.net)");
  why = ask_json(get("/api/v1/why", {{"address", "b@example.net"}}));
  EXPECT_EQ(why["total"], 1);
  for (const auto& query : std::vector<std::multimap<std::string, std::string>>{
           {}, {{"id", "x"}}, {{"address", "@"}}, {{"site", "x"}}, {{"domain", ""}}})
    EXPECT_EQ(ask(get("/api/v1/why", query)).status, 400U);
}

TEST_F(OperationsTest, ARouteIsTheWayAndTheSite) {
  sites_.sites = {site("mx.provider.example", {"example.net"})};
  auto route = ask_json(get("/api/v1/route", {{"address", "b@Example.net"}}));
  EXPECT_EQ(route["domain"], "example.net");
  EXPECT_EQ(route["site"].as_object()["name"], "mx.provider.example");
  EXPECT_TRUE(ask_json(get("/api/v1/route", {{"address", "any.example"}}))["site"].is_null());
  for (const auto* wrong : {"", "joe", "a b", "joe@"})
    EXPECT_EQ(ask(get("/api/v1/route", {{"address", wrong}})).status,
              std::string_view(wrong) == "joe" ? 200U : 400U)
        << wrong;
}

TEST_F(OperationsTest, ATestTellsTheSessionTheOrdersAndTheWay) {
  rehearsal_.steps = {{"RCPT TO:<b@example.net>", "250 2.1.5 Recipient accepted.", true, {"why"}}};
  rehearsal_.sender = mail::Address{"a", "example.org"};
  rehearsal_.recipient = mail::Address{"b", "example.net"};
  store_.orders_given = {
      {4, spool::StandingOrder::Kind::suspend, "example.net", "slow", "anna", {}, {}}};
  std::multimap<std::string, std::string> query{
      {"client", "192.0.2.7"}, {"from", "a@example.org"}, {"to", "b@example.net"}};
  auto told = ask_json(get("/api/v1/test", query));
  EXPECT_EQ(told["accepted"], true);
  EXPECT_EQ(json::serialize(told["orders"]),
            R"(["suspended by order 4 (suspend example.net) of anna: slow"])");
  EXPECT_EQ(told["way"].as_object()["rule"], "MX");
  EXPECT_EQ(rehearsed_.back().client, *parse_ip("192.0.2.7"));

  rehearsal_.steps[0].taken = false;
  rehearsal_.recipient.reset();
  told = ask_json(get("/api/v1/test", query));
  EXPECT_EQ(told["accepted"], false);
  EXPECT_TRUE(told["way"].is_null());

  query.emplace("helo", "x\r\nQUIT");
  EXPECT_EQ(ask(get("/api/v1/test", query)).status, 400U) << "a command of its own";
  EXPECT_EQ(ask(get("/api/v1/test", {{"client", "192.0.2.7"}, {"from", "a@b"}})).status, 400U);
  EXPECT_EQ(ask(get("/api/v1/test", {{"client", "x"}, {"from", "a@b"}, {"to", "c@d"}})).status,
            400U);
}

TEST_F(OperationsTest, TheStatusHasTheLifeOfTheQueue) {
  queue_times_.observe(10s, loop_.steady());
  auto status = ask_json(get("/api/v1/status"));
  EXPECT_EQ(status["oldest"].as_object()["id"], "0000000000001");
  auto& times = status["queue_time"].as_object();
  EXPECT_EQ(times["recipients"], 1);
  EXPECT_NEAR(times["p99"].as_double(), 10, 10 / 8.0);
  store_.messages.clear();
  EXPECT_TRUE(ask_json(get("/api/v1/status"))["oldest"].is_null());
}

}  // namespace
}  // namespace malleposte::admin
