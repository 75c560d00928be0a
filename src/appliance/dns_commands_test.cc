#include "appliance/dns_commands.h"

#include <gtest/gtest.h>

#include "appliance/fake_console.h"

namespace malleposte::appliance {
namespace {

class DnsCommands : public testing::Test {
 protected:
  int execute(std::vector<std::string> arguments) {
    auto line = parse_command_line(std::move(arguments));
    EXPECT_TRUE(line);
    ApiClient api([this](const net::HttpRequest& request) -> Result<net::HttpResponse> {
      asked_ = request.method + ' ' + request.path;
      for (const auto& [name, value] : request.query) asked_ += ' ' + name + '=' + value;
      net::HttpResponse response;
      response.status = status_;
      response.body = answer_;
      return response;
    });
    return execute_dns_command(*line, api, console_);
  }

  FakeConsole console_;
  std::string asked_, answer_;
  unsigned status_ = 200;
};

TEST_F(DnsCommands, AWayMayEndInMailboxes) {
  answer_ = R"({"domain":"example.org","rule":"routes line 3","next_hops":[],)"
            R"("mailboxes":"maildir:/srv/mail/{domain}/{local}","failure":null})";
  EXPECT_EQ(execute({"dns", "lookup", "example.org"}), 0);
  EXPECT_EQ(console_.said,
            "example.org: by routes line 3, into "
            "maildir:/srv/mail/{domain}/{local}\n");
}

TEST_F(DnsCommands, AWayIsShownInTheOrderOfTrial) {
  answer_ =
      R"({"domain":"example.org","rule":"MX","next_hops":[{"next_hop":"example.org","tried":[)"
      R"({"preference":5,"host":"mx1.example.org","address":"[2001:db8::1]:25"},)"
      R"({"preference":10,"host":"b.example.org","address":"192.0.2.2:25"}],"skipped":[)"
      R"({"preference":10,"host":"c.example.org","address":"","why":"does not exist"},)"
      R"({"preference":20,"host":"us.example.org","address":"192.0.2.9:25","why":)"
      R"("this server itself"}],"failure":null}],"failure":null})";
  EXPECT_EQ(execute({"dns", "lookup", "example.org"}), 0);
  EXPECT_EQ(asked_, "GET /api/v1/dns/lookup domain=example.org");
  EXPECT_EQ(console_.said,
            "example.org: by MX\n"
            "  1.  [2001:db8::1]:25  mx1.example.org  preference 5\n"
            "  2.  192.0.2.2:25      b.example.org    preference 10\n"
            "not tried\n"
            "  c.example.org                 preference 10  does not exist\n"
            "  us.example.org  192.0.2.9:25  preference 20  this server itself\n");
  console_.said.clear();
  EXPECT_EQ(execute({"dns", "lookup", "example.org", "--json"}), 0);
  EXPECT_EQ(console_.said, answer_);
}

TEST_F(DnsCommands, SeveralNextHopsAreToldApart) {
  answer_ =
      R"({"domain":"example.org","rule":"smart_relay","next_hops":[{"next_hop":"[a.example]",)"
      R"("tried":[],"skipped":[],"failure":{"status":"5.4.4","text":"the host a.example has no )"
      R"(address","permanent":false}},{"next_hop":"[192.0.2.1]:26","tried":[{"preference":0,)"
      R"("host":"192.0.2.1","address":"192.0.2.1:26"}],"skipped":[],"failure":null}],)"
      R"("failure":null})";
  EXPECT_EQ(execute({"dns", "lookup", "example.org"}), 0);
  EXPECT_EQ(console_.said,
            "example.org: by smart_relay\n"
            "next hop [a.example]\n"
            "5.4.4 the host a.example has no address; mail waits\n"
            "next hop [192.0.2.1]:26\n"
            "  1.  192.0.2.1:26  192.0.2.1\n");
}

TEST_F(DnsCommands, NoWayIsAFailure) {
  answer_ =
      R"({"domain":"gone.example","rule":"MX","next_hops":[{"next_hop":"gone.example","tried":[],)"
      R"("skipped":[],"failure":{"status":"5.1.2","text":"the domain \u001bgone does not exist",)"
      R"("permanent":true}}],"failure":null})";
  EXPECT_EQ(execute({"dns", "lookup", "gone.example"}), 1);
  EXPECT_EQ(console_.said.find('\x1b'), std::string::npos) << "nothing reaches the terminal raw";
  EXPECT_NE(console_.said.find("gone does not exist; mail is returned to its sender\n"),
            std::string::npos);
  EXPECT_EQ(execute({"dns", "lookup", "gone.example", "--json"}), 1);
}

TEST_F(DnsCommands, FlushSaysSoOrWhyNot) {
  answer_ = "{\"flushed\":true}\n";
  EXPECT_EQ(execute({"dns", "flush"}), 0);
  EXPECT_EQ(asked_, "POST /api/v1/dns/flush");
  EXPECT_EQ(console_.said, "What was learnt of DNS is forgotten.\n");
  answer_ = "{\"error\":\"Try again.\"}";
  status_ = 409;
  EXPECT_EQ(execute({"dns", "flush"}), 1);
  EXPECT_EQ(console_.complained, "Try again.\n");
}

TEST_F(DnsCommands, AnAnswerThatMakesNoSenseIsAFailure) {
  for (const char* answer : {"", "[]", "{", "17"}) {
    answer_ = answer;
    EXPECT_EQ(execute({"dns", "lookup", "example.org"}), 1) << answer;
  }
  answer_ = R"({"next_hops":[1,{"tried":[null,{}],"failure":[]}],"failure":{}})";
  EXPECT_EQ(execute({"dns", "lookup", "example.org"}), 0);
}

}  // namespace
}  // namespace malleposte::appliance
