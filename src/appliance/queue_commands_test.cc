#include "appliance/queue_commands.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <deque>

#include "appliance/fake_console.h"

namespace malleposte::appliance {
namespace {

namespace json = boost::json;

// A server with answers laid down beforehand; keeps what it was asked.
class QueueCommands : public testing::Test {
 protected:
  int execute(std::vector<std::string> arguments) {
    auto line = parse_command_line(std::move(arguments));
    EXPECT_TRUE(line);
    ApiClient api([this](const net::HttpRequest& request) -> Result<net::HttpResponse> {
      std::string asked = request.method + " " + request.path;
      char mark = '?';
      for (const auto& [name, value] : request.query) {
        asked += mark + name + "=" + value;
        mark = '&';
      }
      if (!request.body.empty()) {
        EXPECT_EQ(request.headers.find("content-type")->second, "application/json");
        asked += " " + request.body;
      }
      asked_.push_back(asked);
      if (answers_.empty()) return fail(Fault::resource, "nobody is there");
      net::HttpResponse response = answers_.front();
      answers_.pop_front();
      return response;
    });
    return execute_queue_command(*line, api, {}, console_);
  }
  void answer(std::string body, unsigned status = 200) {
    net::HttpResponse response;
    response.status = status;
    response.body = std::move(body);
    answers_.push_back(response);
  }
  void page(std::uint64_t total, const std::string& next, std::vector<std::string> ids) {
    std::string body = "{\"total\":" + std::to_string(total) +
                       ",\"next\":" + (next.empty() ? "null" : "\"" + next + "\"") +
                       ",\"messages\":[";
    for (std::size_t i = 0; i < ids.size(); ++i)
      body += (i ? ",{\"id\":\"" : "{\"id\":\"") + ids[i] + "\"}";
    answer(body + "]}\n");
  }

  FakeConsole console_;
  std::deque<net::HttpResponse> answers_;
  std::vector<std::string> asked_;
};

using Texts = std::vector<std::string>;

TEST_F(QueueCommands, ListHandsTheFiltersOn) {
  page(0, "", {});
  EXPECT_EQ(execute({"queue", "list", "--sender", "<>", "--recipient", "a@b.example", "--domain",
                     "b.example", "--state", "held", "--older-than", "4h", "--class", "dns"}),
            0);
  EXPECT_EQ(asked_,
            (Texts{"GET /api/v1/queue/messages?class=dns&domain=b.example&limit=1000&older_than=4h&"
                   "recipient=a@b.example&sender=<>&state=held"}));
  EXPECT_EQ(console_.said, "No message matches.\n");
}

TEST_F(QueueCommands, EachFilterIsHandedOn) {
  page(0, "", {});
  EXPECT_EQ(execute({"queue", "list", "--site", "mx.example", "--younger-than", "10m",
                     "--larger-than", "5MB", "--smaller-than", "64KB", "--reply", "Later"}),
            0);
  EXPECT_EQ(asked_, (Texts{"GET /api/v1/queue/messages?larger_than=5MB&limit=1000&reply=Later&site="
                           "mx.example&smaller_than=64KB&younger_than=10m"}));
}

TEST_F(QueueCommands, DeletedMailCanBeTakenBackUnlessItWasForGood) {
  answer("{\"count\":3}");
  EXPECT_EQ(execute({"queue", "delete", "--domain", "b.example", "--yes"}), 0);
  EXPECT_EQ(console_.said,
            "3 messages deleted; `malleposte queue undelete` takes that back within a minute.\n");
  answer("{\"count\":1}");
  console_.said.clear();
  EXPECT_EQ(execute({"queue", "delete", "--domain", "b.example", "--now", "--yes"}), 0);
  EXPECT_EQ(asked_.back(), "POST /api/v1/queue/delete {\"domain\":\"b.example\",\"now\":true}");
  EXPECT_EQ(console_.said, "1 message deleted for good.\n");
  answer("{\"count\":3}");
  console_.said.clear();
  EXPECT_EQ(execute({"queue", "undelete"}), 0) << "asks for nothing: it destroys nothing";
  EXPECT_EQ(asked_.back(), "POST /api/v1/queue/undelete {\"all\":true}");
  EXPECT_EQ(console_.said, "3 messages brought back.\n");
}

TEST_F(QueueCommands, ReroutingAndLifetimesCarryTheirOperandAndReason) {
  answer("{\"count\":2}");
  EXPECT_EQ(execute({"queue", "reroute", "--to", "[192.0.2.1]:25", "--domain", "b.example",
                     "--reason", "moved", "--yes"}),
            0);
  EXPECT_EQ(asked_.back(),
            "POST /api/v1/queue/reroute {\"domain\":\"b.example\",\"to\":\"[192.0.2.1]:25\","
            "\"reason\":\"moved\"}");
  answer("{\"count\":2}");
  EXPECT_EQ(execute({"queue", "lifetime", "--to", "2d", "--sender", "<>", "--yes"}), 0);
  EXPECT_EQ(asked_.back(), "POST /api/v1/queue/lifetime {\"sender\":\"<>\",\"to\":\"2d\"}");
  EXPECT_EQ(console_.said, "2 messages re-routed.\n2 messages will expire at another time.\n");
}

TEST_F(QueueCommands, ShowEndsWithWhyItWaits) {
  answer("{\"id\":\"0001\",\"recipients\":[]}");
  answer(R"({"messages":[{"recipients":[{"address":"a@b","text":"deferred: later"}]}]})");
  EXPECT_EQ(execute({"queue", "show", "0001"}), 0);
  EXPECT_EQ(asked_[1], "GET /api/v1/why?id=0001");
  EXPECT_TRUE(console_.said.ends_with("why           a@b: deferred: later\n")) << console_.said;
}

TEST_F(QueueCommands, ListFollowsThePagesToTheEnd) {
  page(3, "c1", {"1", "2"});
  page(3, "", {"3"});
  EXPECT_EQ(execute({"queue", "list", "--json"}), 0);
  EXPECT_EQ(asked_, (Texts{"GET /api/v1/queue/messages?limit=1000",
                           "GET /api/v1/queue/messages?cursor=c1&limit=1000"}));
  EXPECT_EQ(
      console_.said,
      "{\"total\":3,\"next\":null,\"messages\":[{\"id\":\"1\"},{\"id\":\"2\"},{\"id\":\"3\"}]}"
      "\n");
}

TEST_F(QueueCommands, ListStopsAtItsLimitAndSaysWhereItGoesOn) {
  page(5000, "c1", Texts(1000, "x"));
  page(5000, "c2", Texts(500, "y"));
  EXPECT_EQ(execute({"queue", "list", "--json", "--limit", "1500"}), 0);
  EXPECT_EQ(asked_[1], "GET /api/v1/queue/messages?cursor=c1&limit=500");
  const auto listed = json::parse(console_.said).as_object();
  EXPECT_EQ(listed.at("total"), 5000);
  EXPECT_EQ(listed.at("next"), "c2");
  EXPECT_EQ(listed.at("messages").as_array().size(), 1500u);
}

TEST_F(QueueCommands, AnEmptyQueueIsSaidToBeEmpty) {
  page(0, "", {});
  EXPECT_EQ(execute({"queue", "list"}), 0);
  EXPECT_EQ(console_.said, "The queue is empty.\n");
  console_.said.clear();
  page(0, "", {});
  EXPECT_EQ(execute({"queue", "list", "--json"}), 0);
  EXPECT_EQ(console_.said, "{\"total\":0,\"next\":null,\"messages\":[]}\n");
}

TEST_F(QueueCommands, ErrorsOfTheServerAreShownAndFail) {
  answer("{\"error\":\"There is no such message.\"}", 404);
  EXPECT_EQ(execute({"queue", "show", "0001"}), 1);
  EXPECT_EQ(console_.complained, "There is no such message.\n");
  EXPECT_EQ(execute({"status"}), 1);
}

TEST_F(QueueCommands, AnIdNeverLeavesItsPlaceInThePath) {
  EXPECT_EQ(execute({"queue", "show", "../status"}), 1);
  EXPECT_TRUE(asked_.empty());
}

TEST_F(QueueCommands, HoldActsAtOnce) {
  answer("{\"count\":2}");
  EXPECT_EQ(execute({"queue", "hold", "--domain", "b.example"}), 0);
  EXPECT_EQ(asked_, (Texts{"POST /api/v1/queue/hold {\"domain\":\"b.example\"}"}));
  EXPECT_EQ(console_.said, "2 messages held.\n");
}

TEST_F(QueueCommands, AnActionOnEverythingSaysSo) {
  answer("{\"count\":1}");
  EXPECT_EQ(execute({"queue", "flush", "--json"}), 0);
  EXPECT_EQ(asked_, (Texts{"POST /api/v1/queue/flush {\"all\":true}"}));
  EXPECT_EQ(console_.said, "{\"count\":1}\n");
}

TEST_F(QueueCommands, WithoutAnybodyToAskNothingIsDestroyed) {
  answer("{\"count\":12}");
  EXPECT_EQ(execute({"queue", "delete", "--sender", "a@b.example"}), 1);
  EXPECT_EQ(asked_, (Texts{"GET /api/v1/queue/count?sender=a@b.example"}));
  EXPECT_NE(console_.complained.find("Delete 12 messages?"), std::string::npos);
  EXPECT_NE(console_.complained.find("--yes"), std::string::npos);
}

TEST_F(QueueCommands, WhoIsAskedDecides) {
  console_.somebody = true;
  for (const char* no : {"", "n", "no", "yep"}) {
    answer("{\"count\":1}");
    console_.answer = no;
    EXPECT_EQ(execute({"queue", "bounce", "0001"}), 1);
  }
  EXPECT_EQ(asked_.size(), 4u);
  answer("{\"count\":1}");
  answer("{\"count\":1}");
  console_.answer = "y";
  console_.complained.clear();
  EXPECT_EQ(execute({"queue", "bounce", "0001"}), 0);
  EXPECT_EQ(console_.complained, "Bounce 1 message? [y/N] ");
  EXPECT_EQ(asked_.back(), "POST /api/v1/queue/bounce {\"ids\":[\"0001\"]}");
  EXPECT_EQ(console_.said, "1 message bounced.\n");
}

TEST_F(QueueCommands, YesDoesNotAsk) {
  answer("{\"count\":3}");
  EXPECT_EQ(execute({"queue", "delete", "--yes"}), 0);
  EXPECT_EQ(asked_, (Texts{"POST /api/v1/queue/delete {\"all\":true}"}));
}

TEST_F(QueueCommands, NothingToDestroyIsNotAsked) {
  console_.somebody = true;
  answer("{\"count\":0}");
  EXPECT_EQ(execute({"queue", "delete", "--state", "held"}), 0);
  answer("{\"count\":0}");
  EXPECT_EQ(execute({"queue", "delete", "0001"}), 1);
  EXPECT_EQ(asked_.size(), 2u);
}

TEST_F(QueueCommands, ALimitedActionTakesTheOldest) {
  page(10, "c1", {"a", "b"});
  answer("{\"count\":2}");
  EXPECT_EQ(execute({"queue", "delete", "--limit", "2", "--sender", "<>", "--yes"}), 0);
  EXPECT_EQ(asked_, (Texts{"GET /api/v1/queue/messages?limit=2&sender=<>",
                           "POST /api/v1/queue/delete {\"sender\":\"<>\",\"ids\":[\"a\",\"b\"]}"}));
}

}  // namespace
}  // namespace malleposte::appliance
