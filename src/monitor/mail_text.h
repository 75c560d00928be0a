// The classic one-line mail log, as log parsers know it:
//   Nov 23 10:15:42 HOST malleposte[PID]: ID: to=<a@b>, relay=mx.example.org[192.0.2.1]:25,
//   delay=0.12, dsn=2.0.0, status=sent (250 2.0.0 Ok)
// (one line); for what was not sent ` class=unknown_user` stands behind the bracket. Pure: values
// in, lines with their newline appended to a buffer. The journal calls it on the loop thread.
// docs/manual/log.md describes every line.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "monitor/line_text.h"
#include "monitor/record.h"

namespace malleposte::monitor {

class MailText {
 public:
  MailText(std::string_view hostname, std::string_view program, std::int64_t pid);

  void connected(std::string& out, WallTime now, std::string_view peer);
  void vouched(std::string& out, WallTime now, std::string_view peer, std::string_view how,
               std::string_view told);
  void disconnected(std::string& out, WallTime now, std::string_view peer, unsigned commands,
                    unsigned messages);
  void refused(std::string& out, WallTime now, std::string_view peer, std::string_view helo,
               std::string_view sender, std::string_view recipient, std::string_view reply);
  // Two lines: where it came from, and what is queued.
  void accepted(std::string& out, WallTime now, mail::MessageId id, const mail::Envelope& envelope,
                std::uint64_t size);
  void generated(std::string& out, WallTime now, mail::MessageId id, const mail::Envelope& envelope,
                 std::uint64_t size, std::string_view why);
  void outcome(std::string& out, WallTime now, mail::MessageId id, std::string_view recipient,
               const mail::Outcome& outcome, Duration delay);
  void removed(std::string& out, WallTime now, mail::MessageId id);
  void event(std::string& out, WallTime now, std::string_view kind, Severity severity,
             std::string_view text);
  void lost(std::string& out, WallTime now, std::uint64_t lines);

 private:
  void begin(std::string& out, WallTime now);
  void message(std::string& out, WallTime now, mail::MessageId id);
  void queued(std::string& out, WallTime now, mail::MessageId id, const mail::Envelope& envelope,
              std::uint64_t size);

  std::string source_;  // " HOST malleposte[PID]: "
  ClockText clock_;
};

}  // namespace malleposte::monitor
