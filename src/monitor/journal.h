// The real Record: event lines (JSON) and the classic mail log, each into its own file or to
// stderr. Called on the loop thread; a call only appends to a buffer. The buffers are written by
// the loop's housekeeping lane, in order, at the latest limits::journal_delay after a line or when
// limits::journal_batch octets have come together; while nothing is buffered there is no timer.
//
// Mail never waits for a log. When a file cannot be written, the journal raises the notice
// "log-write", keeps what it has and tries again; a buffer past its limit drops new lines, counts
// them, and says in the log how many are missing. A process that dies loses what was buffered.
//
// The documented kinds of event (started_ok, start_failed, log, alert) go to stderr as well.
#pragma once

#include <array>
#include <filesystem>
#include <memory>

#include "base/limits.h"
#include "base/loop.h"
#include "monitor/event_text.h"
#include "monitor/mail_text.h"
#include "monitor/metrics.h"
#include "monitor/notices.h"
#include "monitor/record.h"

namespace malleposte::monitor {

struct JournalOptions {
  std::filesystem::path events_file;  // "" none
  bool events_to_stderr = false;      // instead of events_file
  std::filesystem::path mail_log;     // "" none
  std::uint64_t file_octets = limits::log_file_octets;
  std::size_t buffer_octets = limits::journal_octets;  // of each log
  std::string hostname;                                // in the mail log
  std::string program = "malleposte";
  std::int64_t pid = 0;
  int stderr_file = 2;
};

struct JournalFigures {
  std::uint64_t lines = 0;  // appended
  std::uint64_t lost = 0;   // dropped since the buffer was full
  std::uint64_t write_failures = 0;
  std::uint64_t buffered_octets = 0;  // now, without those being written
};

class Journal final : public Record {
 public:
  // `notices` may be null. Files are opened when the first lines are written.
  Journal(Loop& loop, JournalOptions options, Notices* notices = nullptr);
  // Writes what is buffered.
  ~Journal() override;
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  // Writes everything now, on this thread, after what the helper thread is writing: for shutdown,
  // and before a process ends on purpose. What cannot be written is given up on by the destructor.
  void flush_now();
  JournalFigures figures() const;
  // The same as metrics; a Metrics source.
  void figures(Figures& into) const;

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
  enum Log : std::uint8_t { events, mail_log, to_stderr, logs };
  struct Buffer {
    std::string lines;
    std::uint64_t lost = 0;
    bool wanted = false;
  };
  class Writer;

  template <class Append>
  void append(Log log, Append append);
  template <class Event, class Mail>
  void append_both(Event event, Mail mail);
  void schedule();
  void cancel_timer();
  void hand_off();
  void move_buffers();
  void written();
  void tell_lost(Log log);

  Loop& loop_;
  Notices* notices_;
  std::size_t buffer_octets_;
  EventText event_text_;
  MailText mail_text_;
  std::array<Buffer, logs> buffers_;
  std::shared_ptr<Writer> writer_;  // shared with the work under way
  std::shared_ptr<Journal*> self_;  // null once we are gone, for the callbacks
  Loop::TimerId timer_ = 0;
  bool writing_ = false;  // work is under way: from offload() to its callback
  bool failing_ = false;  // the last write ended with an error
  JournalFigures figures_;
};

}  // namespace malleposte::monitor
