#include "monitor/traffic.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits.h"
#include "monitor/fake_loop.h"

namespace malleposte::monitor {
namespace {

using testing::HasSubstr;

// Counts the calls that arrive.
class NextRecord final : public Record {
 public:
  void connected(std::string_view, std::string_view) override { ++calls; }
  void vouched(std::string_view, std::string_view, std::string_view, std::string_view) override {
    ++calls;
  }
  void disconnected(std::string_view, std::string_view, unsigned, unsigned) override { ++calls; }
  void refused(std::string_view, std::string_view, std::string_view, std::string_view,
               std::string_view, std::string_view) override {
    ++calls;
  }
  void accepted(mail::MessageId, const mail::Envelope&, std::uint64_t) override { ++calls; }
  void generated(mail::MessageId, const mail::Envelope&, std::uint64_t, std::string_view) override {
    ++calls;
  }
  void outcome(mail::MessageId, std::string_view, const mail::Outcome&, Duration) override {
    ++calls;
  }
  void removed(mail::MessageId) override { ++calls; }
  void event(std::string_view, Severity, std::string_view) override { ++calls; }
  int calls = 0;
};

TEST(Traffic, CountsEachCallAndHandsItOn) {
  NextRecord next;
  FakeLoop loop;
  Traffic traffic(next, loop);
  mail::Envelope envelope;
  envelope.recipients.resize(3);
  traffic.connected("s", "p");
  traffic.connected("t", "p");
  traffic.vouched("t", "p", "proxy", "by=q");
  traffic.disconnected("s", "p", 7, 1);
  traffic.accepted({1}, envelope, 100);
  traffic.generated({2}, envelope, 10, "copy");
  mail::Outcome sent;
  sent.fate = mail::Fate::delivered;
  sent.answer.outcome_class = mail::OutcomeClass::delivered;
  traffic.outcome({1}, "r", sent, Duration(2'000'000));
  mail::Outcome later;
  later.answer.outcome_class = mail::OutcomeClass::greylisted;
  traffic.outcome({1}, "r", later, Duration(0));
  traffic.removed({1});
  traffic.refused("s", "p", "", "", "r", "553 5.7.1 Sorry");
  traffic.refused("s", "p", "", "", "r", "553 5.7.1 other words");
  traffic.event("alert", Severity::alert, "x");
  EXPECT_EQ(next.calls, 12);

  Figures figures;
  traffic.figures(figures);
  EXPECT_EQ(figures.value("malleposte_smtp_sessions_total"), 2);
  EXPECT_EQ(figures.value("malleposte_smtp_sessions_open"), 1);
  EXPECT_EQ(figures.value("malleposte_smtp_commands_total"), 7);
  EXPECT_EQ(figures.value("malleposte_messages_accepted_total"), 1);
  EXPECT_EQ(figures.value("malleposte_recipients_accepted_total"), 3);
  EXPECT_EQ(figures.value("malleposte_accepted_octets_total"), 100);
  EXPECT_EQ(figures.value("malleposte_messages_generated_total"), 1);
  EXPECT_EQ(figures.value("malleposte_recipients_generated_total"), 3);
  EXPECT_EQ(figures.value("malleposte_messages_removed_total"), 1);
  EXPECT_EQ(figures.value("malleposte_delivery_outcomes_total", {{"status", "sent"}}), 1);
  EXPECT_EQ(figures.value("malleposte_delivery_outcomes_total", {{"status", "deferred"}}), 1);
  EXPECT_EQ(figures.value("malleposte_delivery_outcomes_total", {{"status", "bounced"}}), 0);
  EXPECT_EQ(figures.value("malleposte_deliveries_total",
                          {{"result", "deferred"}, {"class", "greylisted"}}),
            1);
  auto deliveries =
      std::ranges::find(figures.families(), "malleposte_deliveries_total", &Figures::Family::name);
  ASSERT_NE(deliveries, figures.families().end());
  EXPECT_EQ(deliveries->samples.size(), 2U) << "only what has happened is told";
  EXPECT_EQ(figures.value("malleposte_smtp_refusals_total",
                          {{"reply", "553 5.7.1"}, {"reason", "relay_denied"}}),
            2);
  EXPECT_EQ(figures.value("malleposte_events_total", {{"severity", "alert"}}), 1);
  auto text = to_prometheus(figures);
  EXPECT_THAT(text, HasSubstr("malleposte_delivery_delay_seconds_bucket{le=\"1\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("malleposte_delivery_delay_seconds_bucket{le=\"5\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("malleposte_delivery_delay_seconds_bucket{le=\"+Inf\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("malleposte_delivery_delay_seconds_sum 2\n"));
  EXPECT_THAT(text, HasSubstr("malleposte_queue_seconds_bucket{le=\"+Inf\"}"));
}

TEST(Traffic, RefusalReasonsAreReadFromTheReply) {
  EXPECT_EQ(refusal_reason("553 5.7.1 Sorry, that domain"), "relay_denied");
  EXPECT_EQ(refusal_reason("452 4.3.1 Insufficient storage"), "storage_full");
  EXPECT_EQ(refusal_reason("552 5.3.4 Too big"), "message_too_big");
  EXPECT_EQ(refusal_reason("452 4.5.3 Too many recipients"), "too_many_recipients");
  EXPECT_EQ(refusal_reason("501 5.1.3 Bad address"), "bad_address");
  EXPECT_EQ(refusal_reason("503 5.5.1 Bad sequence"), "protocol");
  EXPECT_EQ(refusal_reason("421 4.3.2"), "too_many_sessions");
  EXPECT_EQ(refusal_reason("500 What?"), "other");
  EXPECT_EQ(refusal_reason("500"), "other");
  EXPECT_EQ(refusal_reason(""), "other");
}

TEST(Traffic, LimitsReachedAreCountedByTheirAnswer) {
  NextRecord next;
  FakeLoop loop;
  Traffic traffic(next, loop);
  for (const LimitRow& limit : limit_table())
    traffic.refused("s", "p", "", "", "",
                    std::to_string(limit.code) + " " + std::string(limit.status) + " " +
                        std::string(limit.text));
  traffic.refused("s", "p", "", "", "", "421 4.4.2 You were silent for too long.");
  traffic.refused("s", "p", "", "", "", "553 5.7.1 Sorry, that domain isn't in my list");
  Figures figures;
  traffic.figures(figures);
  for (const LimitRow& limit : limit_table())
    EXPECT_EQ(
        figures.value("malleposte_limits_reached_total", {{"limit", std::string(limit.name)}}),
        limit.limit == Limit::idle_time ? 2 : 1)
        << limit.name;
}

TEST(Traffic, KindsOfRefusalsAreBounded) {
  NextRecord next;
  FakeLoop loop;
  Traffic traffic(next, loop);
  for (std::size_t i = 0; i < limits::refusal_kinds + 10; ++i)
    traffic.refused("s", "p", "", "", "", "550 5.7." + std::to_string(i) + " no");
  Figures figures;
  traffic.figures(figures);
  EXPECT_EQ(
      figures.value("malleposte_smtp_refusals_total", {{"reply", ""}, {"reason", "uncounted"}}),
      10);
}

TEST(Metrics, TextNamesTypeHelpAndEscapedLabels) {
  Metrics metrics;
  metrics.add([](Figures& into) { into.gauge("malleposte_x", "Help.", 3, {{"l", "a\"b\nc"}}); });
  metrics.add([](Figures& into) { into.counter("malleposte_y_total", "More.", 4); });
  auto text = to_prometheus(metrics.collect());
  EXPECT_EQ(text,
            "# HELP malleposte_x Help.\n# TYPE malleposte_x gauge\n"
            "malleposte_x{l=\"a\\\"b\\nc\"} 3\n"
            "# HELP malleposte_y_total More.\n# TYPE malleposte_y_total counter\n"
            "malleposte_y_total 4\n");
}

TEST(Histogram, AValueOnTheBoundIsInItsBucket) {
  Histogram histogram;
  histogram.observe(1);
  histogram.observe(1.0001);
  histogram.observe(1e9);
  EXPECT_EQ(histogram.counts()[4], 1U);
  EXPECT_EQ(histogram.counts()[5], 1U);
  EXPECT_EQ(histogram.counts()[Histogram::bounds.size()], 1U);
}

}  // namespace
}  // namespace malleposte::monitor
