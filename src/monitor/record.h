// The record of what happened, written down as it happens: each event as a JSON line, and for mail
// beside it the classic one-line log that scripts know (`to=<...>, relay=..., dsn=..., status=sent
// (...)`). Writers call these functions on the loop thread; lines are buffered and written by a
// helper thread, in order.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/time.h"
#include "mail/envelope.h"
#include "mail/message_id.h"
#include "mail/outcome.h"

namespace malleposte::monitor {

enum class Severity : std::uint8_t { info, warning, alert };

// Everything that receive, deliver and the appliance report. monitor::Journal is the real one.
class Record {
 public:
  virtual ~Record() = default;

  virtual void connected(std::string_view session, std::string_view peer) = 0;
  // What somebody whom we believe says of the client of this session. `how` is "proxy", "xclient"
  // or "xforward"; `told` lists the attributes: "addr=192.0.2.1 helo=client.example".
  virtual void vouched(std::string_view session, std::string_view peer, std::string_view how,
                       std::string_view told) = 0;
  virtual void disconnected(std::string_view session, std::string_view peer, unsigned commands,
                            unsigned messages) = 0;
  // A command refused: what was asked and what we answered.
  virtual void refused(std::string_view session, std::string_view peer, std::string_view helo,
                       std::string_view sender, std::string_view recipient,
                       std::string_view reply) = 0;
  // A 250 after the final dot.
  virtual void accepted(mail::MessageId id, const mail::Envelope& envelope, std::uint64_t size) = 0;
  virtual void generated(mail::MessageId id, const mail::Envelope& envelope, std::uint64_t size,
                         std::string_view why) = 0;
  // One recipient after one attempt (sent, deferred, bounced, expired, ...). `delay` counts from
  // arrival.
  virtual void outcome(mail::MessageId id, std::string_view recipient, const mail::Outcome& outcome,
                       Duration delay) = 0;
  // The last recipient is done.
  virtual void removed(mail::MessageId id) = 0;
  // The documented kinds: started_ok, start_failed, log, alert (reference: events).
  virtual void event(std::string_view kind, Severity severity, std::string_view text) = 0;
};

}  // namespace malleposte::monitor
