#include "monitor/event_text.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "base/limits.h"

namespace malleposte::monitor {
namespace {

constexpr WallTime now{Duration(1'795'428'942'123'456)};
constexpr mail::MessageId id{1234567};

boost::json::object parse(const std::string& line) {
  EXPECT_TRUE(line.ends_with("}\n")) << line;
  EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1) << line;
  boost::json::error_code error;
  auto value = boost::json::parse(line, error);
  EXPECT_FALSE(error) << line;
  return value.is_object() ? value.get_object() : boost::json::object{};
}

TEST(EventText, AcceptedTellsTheEnvelope) {
  mail::Envelope envelope;
  envelope.reverse_path = {"a", "example.org"};
  envelope.recipients = {{"b", "example.net"}};
  envelope.client_address = "192.0.2.7";
  envelope.helo = "pc\"\n";
  EventText text;
  std::string out;
  text.accepted(out, now, id, envelope, 1024);
  auto event = parse(out);
  EXPECT_TRUE(
      out.starts_with("{\"time\":\"2026-11-23T10:15:42.123456Z\",\"event\":\"accepted\","
                      "\"id\":\"000000000qglj\","))
      << out;
  EXPECT_EQ(event["sender"].as_string(), "a@example.org");
  EXPECT_EQ(event["size"].as_int64(), 1024);
  EXPECT_EQ(event["recipient_count"].as_int64(), 1);
  EXPECT_EQ(event["recipients"].as_array().at(0).as_string(), "b@example.net");
  EXPECT_EQ(event["client_address"].as_string(), "192.0.2.7");
  EXPECT_EQ(event["client_name"].as_string(), "");
  EXPECT_EQ(event["helo"].as_string(), "pc\"\n");
}

TEST(EventText, VouchedTellsWhoSaysWhatOfAClient) {
  EventText text;
  std::string out;
  text.vouched(out, now, "s1", "192.0.2.7:25", "xclient", "by=127.0.0.1:9 name=\"x");
  auto event = parse(out);
  EXPECT_EQ(event["event"].as_string(), "vouched");
  EXPECT_EQ(event["session"].as_string(), "s1");
  EXPECT_EQ(event["peer"].as_string(), "192.0.2.7:25");
  EXPECT_EQ(event["how"].as_string(), "xclient");
  EXPECT_EQ(event["told"].as_string(), "by=127.0.0.1:9 name=\"x");
}

TEST(EventText, ManyRecipientsAreCountedButNotAllListed) {
  mail::Envelope envelope;
  envelope.recipients.resize(limits::event_recipients + 50, {"b", "example.net"});
  EventText text;
  std::string out;
  text.generated(out, now, id, envelope, 1, "copy");
  auto event = parse(out);
  EXPECT_EQ(event["recipient_count"].as_int64(), 150);
  EXPECT_EQ(event["recipients"].as_array().size(), limits::event_recipients);
  EXPECT_EQ(event["why"].as_string(), "copy");
}

TEST(EventText, OutcomeTellsTheAnswerAndForDeferredTheNextAttempt) {
  mail::Outcome outcome{
      0,
      mail::Fate::queued,
      now + std::chrono::minutes(5),
      {"mx.example.net", "192.0.2.1:25", 451, "4.3.0", "later", mail::OutcomeClass::system},
      {},
      {}};
  EventText text;
  std::string out;
  text.outcome(out, now, id, "b@example.net", outcome, Duration(1'234'567));
  auto event = parse(out);
  EXPECT_EQ(event["event"].as_string(), "outcome");
  EXPECT_EQ(event["recipient"].as_string(), "b@example.net");
  EXPECT_EQ(event["status"].as_string(), "deferred");
  EXPECT_DOUBLE_EQ(event["delay"].as_double(), 1.234);
  EXPECT_EQ(event["host"].as_string(), "mx.example.net");
  EXPECT_EQ(event["address"].as_string(), "192.0.2.1:25");
  EXPECT_EQ(event["code"].as_int64(), 451);
  EXPECT_EQ(event["dsn"].as_string(), "4.3.0");
  EXPECT_EQ(event["class"].as_string(), "system");
  EXPECT_EQ(event["reply"].as_string(), "later");
  EXPECT_EQ(event["next_attempt"].as_string(), "2026-11-23T10:20:42.123456Z");

  outcome.fate = mail::Fate::delivered;
  out.clear();
  text.outcome(out, now, id, "b@example.net", outcome, Duration(0));
  event = parse(out);
  EXPECT_EQ(event["status"].as_string(), "sent");
  EXPECT_FALSE(event.contains("next_attempt"));
}

TEST(EventText, SessionsRefusalsAndNoticesAreLines) {
  EventText text;
  std::string out;
  text.connected(out, now, "s1", "192.0.2.1:99");
  EXPECT_EQ(parse(out)["event"].as_string(), "connected");
  out.clear();
  text.disconnected(out, now, "s1", "192.0.2.1:99", 5, 1);
  auto event = parse(out);
  EXPECT_EQ(event["commands"].as_int64(), 5);
  EXPECT_EQ(event["messages"].as_int64(), 1);
  out.clear();
  text.refused(out, now, "s1", "p\xff", "h\n", "", "r@d", "553 5.7.1 no");
  event = parse(out);
  EXPECT_EQ(event["peer"].as_string(), "p\xef\xbf\xbd");
  EXPECT_EQ(event["reply"].as_string(), "553 5.7.1 no");
  out.clear();
  text.event(out, now, "alert", Severity::alert, "Data volume has less than 1% of free disk space");
  event = parse(out);
  EXPECT_EQ(event["event"].as_string(), "alert");
  EXPECT_EQ(event["severity"].as_string(), "alert");
  out.clear();
  text.removed(out, now, id);
  EXPECT_EQ(out,
            "{\"time\":\"2026-11-23T10:15:42.123456Z\",\"event\":\"removed\","
            "\"id\":\"000000000qglj\"}\n");
}

}  // namespace
}  // namespace malleposte::monitor
