// Counts what passes: a Record that bumps plain integers and hands every call on to the next one
// (the journal). The appliance puts it in front and registers figures() with Metrics. Loop thread
// only.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/limit.h"
#include "base/loop.h"
#include "monitor/metrics.h"
#include "monitor/queue_times.h"
#include "monitor/record.h"

namespace malleposte::monitor {

// What a refusal of ours is about, read from its reply: "relay_denied", "storage_full",
// "message_too_big", "too_many_recipients", ...; one word for each limit of base/limits.h that a
// peer can reach. "other" when the reply has no enhanced code that we know.
std::string_view refusal_reason(std::string_view reply);

class Traffic final : public Record {
 public:
  Traffic(Record& next, const Loop& loop) : next_(next), loop_(loop) {}

  void figures(Figures& into) const;
  const QueueTimes& queue_times() const { return queue_times_; }
  std::uint64_t sessions_open() const { return sessions_open_; }

  void connected(std::string_view session, std::string_view peer) override;
  void vouched(std::string_view session, std::string_view peer, std::string_view how,
               std::string_view told) override;
  void disconnected(std::string_view session, std::string_view peer, unsigned commands,
                    unsigned messages) override;
  void refused(std::string_view session, std::string_view peer, std::string_view helo,
               std::string_view sender, std::string_view recipient,
               std::string_view reply) override;
  void accepted(mail::MessageId id, const mail::Envelope& envelope, std::uint64_t size) override;
  void generated(mail::MessageId id, const mail::Envelope& envelope, std::uint64_t size,
                 std::string_view why) override;
  void outcome(mail::MessageId id, std::string_view recipient, const mail::Outcome& outcome,
               Duration delay) override;
  void removed(mail::MessageId id) override;
  void event(std::string_view kind, Severity severity, std::string_view text) override;

 private:
  static constexpr std::size_t fates = 7;
  struct Refusals {
    std::string reply;  // "553 5.7.1"
    std::string_view reason;
    std::uint64_t count;
  };

  Record& next_;
  const Loop& loop_;
  std::uint64_t sessions_ = 0, sessions_open_ = 0;
  std::uint64_t commands_ = 0;
  std::uint64_t messages_accepted_ = 0, recipients_accepted_ = 0, octets_accepted_ = 0;
  std::uint64_t messages_generated_ = 0, recipients_generated_ = 0;
  std::uint64_t messages_removed_ = 0;
  std::array<std::array<std::uint64_t, mail::outcome_classes>, fates> outcomes_{};  // by Fate
  std::array<std::uint64_t, 3> events_{};                                           // by Severity
  std::array<std::uint64_t, limit_count> reached_{};                                // by Limit
  std::vector<Refusals> refusals_;        // few kinds; searched from the front
  std::uint64_t refusals_otherwise_ = 0;  // kinds past limits::refusal_kinds
  Histogram delivery_delay_;              // of delivered recipients, from arrival
  QueueTimes queue_times_;                // of recipients whose fate is final
};

}  // namespace malleposte::monitor
