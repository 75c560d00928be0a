#include "appliance/queue_text.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "appliance/console.h"

namespace malleposte::appliance {
namespace {

using namespace std::chrono_literals;
namespace json = boost::json;

WallTime at(std::string_view text) {
  return parse_rfc3339(text);
}

TEST(QueueText, AgesAndSizesAreShort) {
  EXPECT_EQ(age_text(0s), "0s");
  EXPECT_EQ(age_text(-5s), "0s");
  EXPECT_EQ(age_text(119s), "119s");
  EXPECT_EQ(age_text(120s), "2m");
  EXPECT_EQ(age_text(119min), "119m");
  EXPECT_EQ(age_text(120min), "2h");
  EXPECT_EQ(age_text(47h), "47h");
  EXPECT_EQ(age_text(48h), "2d");
  EXPECT_EQ(size_text(0), "0");
  EXPECT_EQ(size_text(1023), "1023");
  EXPECT_EQ(size_text(1024), "1.0K");
  EXPECT_EQ(size_text(10 * 1024), "10K");
  EXPECT_EQ(size_text((1 << 20) - 1), "1.0M");
  EXPECT_EQ(size_text(50 << 20), "50M");
}

TEST(QueueText, TimesAreRfc3339) {
  EXPECT_EQ(at("1970-01-01T00:01:00.000Z"), WallTime(60s));
  EXPECT_EQ(at("2024-02-29T12:00:00Z") - at("2024-02-28T12:00:00Z"), 24h);
  EXPECT_EQ(at("2024-02-30T12:00:00Z"), WallTime{});
  EXPECT_EQ(at("soon"), WallTime{});
}

json::array messages() {
  return json::parse(R"([{"id":"0000000000a1b","sender":"anna@example.org","size":1500,
    "arrived":"2026-01-01T10:00:00.000Z","state":"deferred","attempts":3,
    "next_attempt":"2026-01-01T12:30:00.000Z","reason":"450 4.2.0 Later",
    "recipients":[{"address":"bert@example.com","state":"deferred","reply":"450 4.2.0 Later"},
                  {"address":"x@example.net","state":"delivered","reply":"250 2.0.0 Ok"}]},
    {"id":"0000000000a1c","sender":"","size":10,"arrived":"2026-01-01T11:59:30.000Z",
    "state":"active","attempts":0,"next_attempt":null,"reason":"",
    "recipients":[{"address":"otto@example.com","state":"active","reply":""}]}])")
      .as_array();
}

TEST(QueueText, TableHasALineAMessage) {
  EXPECT_EQ(message_table(messages(), at("2026-01-01T12:00:00Z"), 0),
            "ID             AGE  SIZE  STATE     TRIES  SENDER            RECIPIENTS"
            "             REASON\n"
            "0000000000a1b  2h   1.5K  deferred  3      anna@example.org  bert@example.com (+1)"
            "  450 4.2.0 Later\n"
            "0000000000a1c  30s  10    active    0      <>                otto@example.com\n");
}

TEST(QueueText, TableIsCutToTheTerminal) {
  const std::string text = message_table(messages(), at("2026-01-01T12:00:00Z"), 40);
  EXPECT_NE(text.find("0000000000a1b  2h   1.5K  deferred  3  …\n"), std::string::npos) << text;
}

TEST(QueueText, DetailsShowEveryRecipient) {
  const auto all = messages();
  const std::string text = message_details(all[0].as_object(), at("2026-01-01T12:00:00Z"));
  for (const char* part : {"0000000000a1b", "anna@example.org", "1500 octets",
                           "2026-01-01T10:00:00.000Z (2h ago)", "2026-01-01T12:30:00.000Z (in 30m)",
                           "bert@example.com deferred", "x@example.net delivered", "250 2.0.0 Ok"})
    EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
}

TEST(QueueText, DetailsShowEveryAttemptWithItsNumber) {
  auto message = json::parse(R"({"id":"0000000000a1b","recipients":[{"address":"bert@example.com",
    "state":"deferred","reply":"450 4.2.2 Full","class":"mailbox_full","attempts":4,
    "attempts_left_out":2,"history":[
    {"began":"2026-01-01T10:00:00.000Z","ended":"2026-01-01T10:00:30.000Z","host":"",
     "address":"","code":0,"status":"4.4.3","text":"no answer","class":"dns"},
    {"began":"2026-01-01T23:59:59.900Z","ended":"2026-01-02T00:00:00.100Z",
     "host":"mx.example.com","address":"192.0.2.1:25","code":450,"status":"4.2.2","text":"Full",
     "class":"mailbox_full"}]}]})");
  const std::string text = message_details(message.as_object(), at("2026-01-02T12:00:00Z"));
  EXPECT_NE(text.find("recipient     bert@example.com deferred mailbox_full\n"
                      "              450 4.2.2 Full\n"
                      "attempts      2 earlier, not remembered\n"
                      "attempt 3     2026-01-01T10:00:00.000Z to 10:00:30.000Z dns\n"
                      "              4.4.3 no answer\n"
                      "attempt 4     2026-01-01T23:59:59.900Z to 2026-01-02T00:00:00.100Z"
                      " mailbox_full\n"
                      "              mx.example.com[192.0.2.1:25]: 450 4.2.2 Full\n"),
            std::string::npos)
      << text;
}

TEST(QueueText, StrangersDoNotSteerTheTerminal) {
  EXPECT_EQ(printable("a\x1b[31mb\r\n\x7f"), "a?[31mb???");
  EXPECT_EQ(printable("\xc2\x9b"
                      "31m\xc2\xa0"),
            "?31m\xc2\xa0");
  EXPECT_EQ(printable("\xe3\x83\xa1\xc3\xa9"), "\xe3\x83\xa1\xc3\xa9");
  auto all = messages();
  all[0].as_object()["reason"] = "\x1b]0;owned\a";
  EXPECT_EQ(message_table(all, {}, 0).find('\x1b'), std::string::npos);
  EXPECT_EQ(message_details(all[0].as_object(), {}).find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace malleposte::appliance
