// The record's events as JSON lines (docs/manual/log.md describes each). Pure: values in, one line
// with its newline appended to a buffer. The journal calls it on the loop thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "monitor/line_text.h"
#include "monitor/record.h"

namespace malleposte::monitor {

std::string_view to_string(Severity severity);
// The word of `status=`: sent, deferred, bounced, expired, deleted, discarded, replaced.
std::string_view status_word(mail::Fate fate);

class EventText {
 public:
  void connected(std::string& out, WallTime now, std::string_view session, std::string_view peer);
  void vouched(std::string& out, WallTime now, std::string_view session, std::string_view peer,
               std::string_view how, std::string_view told);
  void disconnected(std::string& out, WallTime now, std::string_view session, std::string_view peer,
                    unsigned commands, unsigned messages);
  void refused(std::string& out, WallTime now, std::string_view session, std::string_view peer,
               std::string_view helo, std::string_view sender, std::string_view recipient,
               std::string_view reply);
  void accepted(std::string& out, WallTime now, mail::MessageId id, const mail::Envelope& envelope,
                std::uint64_t size);
  void generated(std::string& out, WallTime now, mail::MessageId id, const mail::Envelope& envelope,
                 std::uint64_t size, std::string_view why);
  void outcome(std::string& out, WallTime now, mail::MessageId id, std::string_view recipient,
               const mail::Outcome& outcome, Duration delay);
  void removed(std::string& out, WallTime now, mail::MessageId id);
  void event(std::string& out, WallTime now, std::string_view kind, Severity severity,
             std::string_view text);
  // Lines that did not fit into the buffer.
  void lost(std::string& out, WallTime now, std::uint64_t lines);

 private:
  void begin(std::string& out, WallTime now, std::string_view event);
  void message(std::string& out, WallTime now, std::string_view event, mail::MessageId id);
  void envelope(std::string& out, const mail::Envelope& envelope, std::uint64_t size);

  ClockText clock_;
};

}  // namespace malleposte::monitor
