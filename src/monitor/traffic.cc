#include "monitor/traffic.h"

#include <algorithm>
#include <cassert>
#include <numeric>

#include "base/limits.h"
#include "monitor/event_text.h"

namespace malleposte::monitor {
namespace {

struct Reason {
  std::string_view reply;  // how it begins
  std::string_view word;
};

constexpr Reason reasons[] = {
    {"452 4.3.1", "storage_full"},
    {"451 4.3.1", "storage_full"},
    {"451 4.3.0", "storage_failed"},
    {"452 4.3.2", "memory_full"},
    {"421 4.3.2", "too_many_sessions"},
    {"421 4.7.0", "session_limits"},
    {"421 4.4.2", "too_slow"},
    {"452 4.5.3", "too_many_recipients"},
    {"552 5.3.4", "message_too_big"},
    {"554 5.4.6", "too_many_hops"},
    {"553 5.7.1", "relay_denied"},
    {"550 5.7.1", "policy"},
    {"554 5.7.1", "policy"},
};

constexpr Reason classes[] = {
    {"5.1.", "bad_address"}, {"5.5.", "protocol"}, {"5.6.", "content"},
    {"4.7.", "policy"},      {"5.7.", "policy"},   {"4.3.", "storage_failed"},
};

// "553 5.7.1" of "553 5.7.1 Sorry, ...": the part that is one of few.
std::string_view reply_code(std::string_view reply) {
  auto code = reply.substr(0, std::min<std::size_t>(reply.size(), 3));
  if (reply.size() > 4) {
    auto end = reply.find_first_not_of("0123456789.", 4);
    auto status = reply.substr(4, end == std::string_view::npos ? end : end - 4);
    if (std::ranges::count(status, '.') == 2 && status.size() <= 9)
      code = reply.substr(0, 4 + status.size());
  }
  return code;
}

}  // namespace

std::string_view refusal_reason(std::string_view reply) {
  auto code = reply_code(reply);
  for (const auto& reason : reasons)
    if (code == reason.reply) return reason.word;
  if (code.size() > 4)
    for (const auto& reason : classes)
      if (code.substr(4).starts_with(reason.reply)) return reason.word;
  return "other";
}

void Traffic::connected(std::string_view session, std::string_view peer) {
  ++sessions_;
  ++sessions_open_;
  next_.connected(session, peer);
}

void Traffic::vouched(std::string_view session, std::string_view peer, std::string_view how,
                      std::string_view told) {
  next_.vouched(session, peer, how, told);
}

void Traffic::disconnected(std::string_view session, std::string_view peer, unsigned commands,
                           unsigned messages) {
  assert(sessions_open_ > 0);
  --sessions_open_;
  commands_ += commands;
  next_.disconnected(session, peer, commands, messages);
}

void Traffic::refused(std::string_view session, std::string_view peer, std::string_view helo,
                      std::string_view sender, std::string_view recipient, std::string_view reply) {
  auto code = reply_code(reply);
  auto same = std::ranges::find(refusals_, code, &Refusals::reply);
  if (same != refusals_.end())
    ++same->count;
  else if (refusals_.size() < limits::refusal_kinds)
    refusals_.push_back({std::string(code), refusal_reason(reply), 1});
  else
    ++refusals_otherwise_;
  if (const auto limit = limit_of(reply)) ++reached_[static_cast<std::size_t>(*limit)];
  next_.refused(session, peer, helo, sender, recipient, reply);
}

void Traffic::accepted(mail::MessageId id, const mail::Envelope& envelope, std::uint64_t size) {
  ++messages_accepted_;
  recipients_accepted_ += envelope.recipients.size();
  octets_accepted_ += size;
  next_.accepted(id, envelope, size);
}

void Traffic::generated(mail::MessageId id, const mail::Envelope& envelope, std::uint64_t size,
                        std::string_view why) {
  ++messages_generated_;
  recipients_generated_ += envelope.recipients.size();
  next_.generated(id, envelope, size, why);
}

void Traffic::outcome(mail::MessageId id, std::string_view recipient, const mail::Outcome& outcome,
                      Duration delay) {
  ++outcomes_[static_cast<std::size_t>(outcome.fate)]
             [static_cast<std::size_t>(outcome.answer.outcome_class)];
  if (outcome.fate == mail::Fate::delivered)
    delivery_delay_.observe(std::chrono::duration<double>(delay).count());
  if (outcome.fate != mail::Fate::queued) queue_times_.observe(delay, loop_.steady());
  next_.outcome(id, recipient, outcome, delay);
}

void Traffic::removed(mail::MessageId id) {
  ++messages_removed_;
  next_.removed(id);
}

void Traffic::event(std::string_view kind, Severity severity, std::string_view text) {
  ++events_[static_cast<std::size_t>(severity)];
  next_.event(kind, severity, text);
}

void Traffic::figures(Figures& into) const {
  auto number = [](std::uint64_t n) { return static_cast<double>(n); };
  into.gauge("malleposte_smtp_sessions_open", "Incoming SMTP sessions open now",
             number(sessions_open_));
  into.counter("malleposte_smtp_sessions_total", "Incoming SMTP sessions", number(sessions_));
  into.counter("malleposte_smtp_commands_total", "SMTP commands of sessions that have ended",
               number(commands_));
  into.counter("malleposte_messages_accepted_total", "Messages answered with 250 after their data",
               number(messages_accepted_));
  into.counter("malleposte_recipients_accepted_total", "Recipients of accepted messages",
               number(recipients_accepted_));
  into.counter("malleposte_accepted_octets_total", "Octets of accepted messages",
               number(octets_accepted_));
  into.counter("malleposte_messages_generated_total", "Messages made here: notifications, copies",
               number(messages_generated_));
  into.counter("malleposte_recipients_generated_total", "Recipients of messages made here",
               number(recipients_generated_));
  into.counter("malleposte_messages_removed_total", "Messages whose last recipient is done",
               number(messages_removed_));

  constexpr auto refusals = "malleposte_smtp_refusals_total";
  constexpr auto refusals_help = "Commands refused, by our reply and what it is about";
  for (const auto& kind : refusals_)
    into.counter(refusals, refusals_help, number(kind.count),
                 {{"reply", kind.reply}, {"reason", std::string(kind.reason)}});
  into.counter(refusals, refusals_help, number(refusals_otherwise_),
               {{"reply", ""}, {"reason", "uncounted"}});

  for (const LimitRow& limit : limit_table())
    into.counter("malleposte_limits_reached_total", "How often SMTP clients have met a limit",
                 number(reached_[static_cast<std::size_t>(limit.limit)]),
                 {{"limit", std::string(limit.name)}});

  for (std::size_t i = 0; i < fates; ++i) {
    const std::string status(status_word(static_cast<mail::Fate>(i)));
    const auto& of_fate = outcomes_[i];
    into.counter("malleposte_delivery_outcomes_total",
                 "Outcomes of delivery attempts, by recipient",
                 number(std::accumulate(of_fate.begin(), of_fate.end(), std::uint64_t{0})),
                 {{"status", status}});
  }
  // Only what has happened: most of the pairs never do.
  for (std::size_t i = 0; i < fates; ++i)
    for (std::size_t j = 0; j < mail::outcome_classes; ++j)
      if (outcomes_[i][j] > 0)
        into.counter("malleposte_deliveries_total",
                     "Outcomes of delivery attempts, by recipient and class",
                     number(outcomes_[i][j]),
                     {{"result", std::string(status_word(static_cast<mail::Fate>(i)))},
                      {"class", std::string(to_string(static_cast<mail::OutcomeClass>(j)))}});
  into.histogram("malleposte_delivery_delay_seconds",
                 "From arrival to delivery, of delivered recipients", delivery_delay_);
  into.histogram("malleposte_queue_seconds",
                 "From arrival to the final outcome, of recipients that came to one",
                 queue_times_.since_start());
  for (std::size_t i = 0; i < events_.size(); ++i)
    into.counter("malleposte_events_total", "Events reported, by severity", number(events_[i]),
                 {{"severity", std::string(to_string(static_cast<Severity>(i)))}});
}

}  // namespace malleposte::monitor
