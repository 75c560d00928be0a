#include "admin/queue_json.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "admin/openapi.h"
#include "admin/queue_filter.h"

namespace malleposte::admin {
namespace {

namespace json = boost::json;

spool::ListedMessage message() {
  spool::ListedMessage listed{};
  listed.id = {1};
  listed.recipients = {
      {"a@example.net", "deferred", "450 4.2.2 full", mail::OutcomeClass::mailbox_full},
      {"b@example.net", "deferred", "", mail::OutcomeClass::none}};
  return listed;
}

json::object shown(const std::vector<spool::RecipientAttempts>* attempts) {
  std::string out;
  monitor::ClockText clock;
  append_message(out, message(), clock, attempts);
  return json::parse(out).as_object();
}

TEST(QueueJson, AListTellsTheClassAndNotTheAttempts) {
  auto recipients = shown(nullptr)["recipients"].as_array();
  EXPECT_EQ(recipients[0].as_object()["class"].as_string(), "mailbox_full");
  EXPECT_EQ(recipients[1].as_object()["class"].as_string(), "");
  EXPECT_FALSE(recipients[0].as_object().contains("history"));
}

TEST(QueueJson, OneMessageTellsEveryAttemptOldestFirst) {
  const WallTime at{std::chrono::sys_days{std::chrono::year{2026} / 11 / 23}};
  std::vector<spool::RecipientAttempts> attempts(2);
  attempts[0].made = 5;
  attempts[0].known = {
      {at,
       at + std::chrono::milliseconds(30),
       {"", "", 0, "4.4.3", "no answer \"yet\"", mail::OutcomeClass::dns}},
      {at + std::chrono::hours(1),
       at + std::chrono::hours(1),
       {"mx.example.net", "192.0.2.1:25", 450, "4.2.2", "full", mail::OutcomeClass::mailbox_full}}};
  auto recipients = shown(&attempts)["recipients"].as_array();
  auto& first = recipients[0].as_object();
  EXPECT_EQ(first["attempts"].as_int64(), 5);
  EXPECT_EQ(first["attempts_left_out"].as_int64(), 3);
  auto& history = first["history"].as_array();
  ASSERT_EQ(history.size(), 2u);
  EXPECT_EQ(json::serialize(history[0]),
            "{\"began\":\"2026-11-23T00:00:00.000Z\",\"ended\":\"2026-11-23T00:00:00.030Z\","
            "\"host\":\"\",\"address\":\"\",\"code\":0,\"status\":\"4.4.3\","
            "\"text\":\"no answer \\\"yet\\\"\",\"class\":\"dns\"}");
  EXPECT_EQ(history[1].as_object()["host"].as_string(), "mx.example.net");
  auto& second = recipients[1].as_object();
  EXPECT_EQ(second["attempts"].as_int64(), 0);
  EXPECT_TRUE(second["history"].as_array().empty());
}

// Taken for everything, "delete what nobody knows" would need {"all":true}, or delete everything.
TEST(QueueFilter, AClassAloneIsNotEverything) {
  auto selection = parse_selection("{\"class\":\"unknown_user\"}", spool::Operation::flush);
  ASSERT_TRUE(selection);
  EXPECT_FALSE(selection->everything());
  EXPECT_EQ(selection->filter.outcome_class, mail::OutcomeClass::unknown_user);
  EXPECT_EQ(describe(*selection), "class=unknown_user");
}

TEST(QueueJson, TheDescriptionOfTheApiKnowsEveryClass) {
  auto document = json::parse(openapi_document());
  auto& known = document.at_pointer("/components/schemas/OutcomeClass/enum").as_array();
  ASSERT_EQ(known.size(), mail::outcome_classes);
  for (std::size_t i = 0; i < known.size(); ++i)
    EXPECT_EQ(known[i].as_string(),
              std::string(to_string(static_cast<mail::OutcomeClass>(i))).c_str());
}

}  // namespace
}  // namespace malleposte::admin
