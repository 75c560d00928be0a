#include "appliance/explain_commands.h"

#include <gtest/gtest.h>

#include "appliance/fake_console.h"

namespace malleposte::appliance {
namespace {

class ExplainCommands : public testing::Test {
 protected:
  int execute(std::vector<std::string> arguments) {
    auto line = parse_command_line(std::move(arguments));
    EXPECT_TRUE(line);
    EXPECT_TRUE(explains(line->command));
    ApiClient api([this](const net::HttpRequest& request) -> Result<net::HttpResponse> {
      asked_ = request.method + ' ' + request.path;
      for (const auto& [name, value] : request.query) asked_ += ' ' + name + '=' + value;
      if (!request.body.empty()) asked_ += ' ' + request.body;
      net::HttpResponse response;
      response.status = status_;
      response.body = answer_;
      return response;
    });
    console_.said.clear();
    return execute_explain_command(*line, api, {}, console_);
  }

  FakeConsole console_;
  std::string asked_, answer_ = "{}";
  unsigned status_ = 200;
};

TEST_F(ExplainCommands, WhyAsksForWhatItWasGiven) {
  EXPECT_EQ(execute({"why", "1jvffmx5f2z1p"}), 0);
  EXPECT_EQ(asked_, "GET /api/v1/why id=1jvffmx5f2z1p");
  EXPECT_EQ(execute({"why", "bert@example.com"}), 0);
  EXPECT_EQ(asked_, "GET /api/v1/why address=bert@example.com");
  EXPECT_EQ(execute({"why", "example.com"}), 0);
  EXPECT_EQ(asked_, "GET /api/v1/why domain=example.com");
}

TEST_F(ExplainCommands, WhyTellsTheDestinationAndEachMessage) {
  answer_ =
      R"({"subject":"example.com","total":3,"destination":{"text":"window 1 of 20; route: MX"},)"
      R"("messages":[{"id":"1j","sender":"","recipients":[{"address":"b@example.com",)"
      R"("text":"deferred: later\u001b[2J"}]}]})";
  EXPECT_EQ(execute({"why", "example.com"}), 0);
  EXPECT_EQ(console_.said,
            "example.com: 3 messages wait; window 1 of 20; route: MX\n"
            "1j from <>\n"
            "  b@example.com\n"
            "    deferred: later?[2J\n"
            "2 more; `malleposte queue list` shows them.\n");
  EXPECT_EQ(execute({"why", "example.com", "--json"}), 0);
  EXPECT_EQ(console_.said, answer_);
}

TEST_F(ExplainCommands, OrdersAreGivenListedAndCancelled) {
  answer_ = R"({"number":7})";
  EXPECT_EQ(execute({"orders", "hold", "@example.org", "--reason", "spam", "--for", "2h"}), 0);
  EXPECT_EQ(asked_,
            "POST /api/v1/orders "
            R"({"kind":"hold","pattern":"@example.org","reason":"spam","for":"2h"})");
  EXPECT_EQ(console_.said, "Order 7 is in force; `malleposte orders cancel 7` ends it.\n");
  EXPECT_EQ(execute({"orders", "cancel", "7"}), 0);
  EXPECT_EQ(asked_, "DELETE /api/v1/orders/7");
  answer_ =
      R"({"orders":[{"number":7,"kind":"hold","pattern":"@example.org","reason":"spam","who":)"
      R"("uid 0","given":"1970-01-01T00:00:00Z","until":"1970-01-01T02:00:00Z"},)"
      R"({"number":8,"kind":"suspend","pattern":"*","reason":"x","who":"anna","until":null}]})";
  EXPECT_EQ(execute({"orders", "list"}), 0);
  EXPECT_EQ(console_.said,
            "  ORDER  KIND     PATTERN       GIVEN BY  ENDS            REASON\n"
            "  7      hold     @example.org  uid 0     in 2h           spam\n"
            "  8      suspend  *             anna      when cancelled  x\n");
  answer_ = R"({"orders":[]})";
  EXPECT_EQ(execute({"orders", "list"}), 0);
  EXPECT_EQ(console_.said, "No order stands.\n");
}

TEST_F(ExplainCommands, AgesAreATableOfMinutes) {
  answer_ = R"({"age_ends":[300,600,1200],"destinations":[{"domain":"example.com","recipients":7,)"
            R"("oldest":"1970-01-01T00:00:00Z","by_age":[1,0,2,4]}]})";
  EXPECT_EQ(execute({"queue", "ages", "--domain", "example.com", "--limit", "5"}), 0);
  EXPECT_EQ(asked_, "GET /api/v1/queue/destinations domain=example.com limit=5");
  EXPECT_EQ(console_.said,
            "  DOMAIN       TOTAL  5  10  20  20+ min\n"
            "  example.com  7      1  0   2   4\n");
}

TEST_F(ExplainCommands, SitesShowTheirStateAndItsReason) {
  answer_ =
      R"({"sites":[{"name":"mx.example.com","rule":"MX","window":1,"most":20,"connections":1,)"
      R"("waiting":9,"failures":2,"state":"backing_off","reason":"said 421","until":)"
      R"("1970-01-01T00:10:00Z"}]})";
  EXPECT_EQ(execute({"sites"}), 0);
  EXPECT_EQ(console_.said,
            "  SITE            WAITING  CONNECTIONS  WINDOW   FAILURES  RULE  STATE\n"
            "  mx.example.com  9        1            1 of 20  2         MX    backing off until "
            "1970-01-01T00:10:00Z: said 421\n");
}

TEST_F(ExplainCommands, ATestShowsEachStepAndFailsWhenItIsRefused) {
  answer_ =
      R"({"accepted":false,"steps":[{"command":"connection","reply":["220 mail"],"taken":true,)"
      R"("because":["trusted"]},{"command":"RCPT TO:<a@b>","reply":["553 no"],"taken":false,)"
      R"("because":["relay_domains has not b"]}],"orders":[],"way":null,"site":null})";
  EXPECT_EQ(execute({"test", "--client", "192.0.2.1", "--from", "x@y", "--to", "a@b"}), 1);
  EXPECT_EQ(asked_, "GET /api/v1/test client=192.0.2.1 from=x@y to=a@b");
  EXPECT_EQ(console_.said,
            "connection\n  220 mail\n    trusted\nRCPT TO:<a@b>\n  553 no\n    relay_domains has "
            "not b\nThe message would be refused.\n");
}

TEST_F(ExplainCommands, ARouteEndsWithItsSite) {
  answer_ =
      R"({"domain":"b","rule":"MX","next_hops":[{"next_hop":"b","tried":[{"preference":5,"host":)"
      R"("mx.b","address":"192.0.2.1:25"}],"skipped":[],"failure":null}],"failure":null,"site":)"
      R"({"name":"mx.b","window":3,"most":5,"failures":0,"state":"normal","limits_rule":)"
      R"("limits.txt line 3"}})";
  EXPECT_EQ(execute({"route", "a@b"}), 0);
  EXPECT_EQ(console_.said,
            "b: by MX\n  1.  192.0.2.1:25  mx.b  preference 5\n"
            "site mx.b: normal, window 3 of 5, limits: limits.txt line 3\n");
}

TEST_F(ExplainCommands, WhatTheServerRefusesIsShown) {
  status_ = 400;
  answer_ = "{\"error\":\"No.\"}";
  EXPECT_EQ(execute({"why", "x@y"}), 1);
  EXPECT_EQ(console_.complained, "No.\n");
}

}  // namespace
}  // namespace malleposte::appliance
