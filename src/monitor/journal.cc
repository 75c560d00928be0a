#include "monitor/journal.h"

#include <algorithm>
#include <mutex>
#include <utility>

#include "monitor/log_output.h"

namespace malleposte::monitor {

// What the helper thread works on: per log its output and the lines on their way there. The lock is
// free whenever no work is under way, so the loop thread waits for it only in flush_now().
class Journal::Writer {
 public:
  void open(Log log, std::unique_ptr<LogOutput> output) {
    channels_[log].output = std::move(output);
  }

  // Takes over the lines of one log; false while earlier ones wait for their disk.
  bool take(Log log, std::string& lines) {
    std::scoped_lock lock(mutex_);
    auto& pending = channels_[log].pending;
    if (!pending.empty()) return false;
    pending.swap(lines);
    return true;
  }

  void write() {
    std::scoped_lock lock(mutex_);
    error_.clear();
    for (auto& channel : channels_) {
      if (channel.pending.empty()) continue;
      auto written = channel.output->write(channel.pending);
      if (written.octets == channel.pending.size()) {
        channel.pending.clear();
        // A buffer keeps its memory for the next round, but not that of a bad moment.
        if (channel.pending.capacity() > 4 * limits::journal_batch) channel.pending.shrink_to_fit();
      } else {
        channel.pending.erase(0, written.octets);
      }
      if (!written.error.empty()) error_ = written.error;
    }
  }

  // Of the last write(); "" when all was written.
  std::string error() {
    std::scoped_lock lock(mutex_);
    return error_;
  }

 private:
  struct Channel {
    std::unique_ptr<LogOutput> output;
    std::string pending;
  };
  std::mutex mutex_;
  std::array<Channel, logs> channels_;
  std::string error_;
};

Journal::Journal(Loop& loop, JournalOptions options, Notices* notices)
    : loop_(loop),
      notices_(notices),
      buffer_octets_(options.buffer_octets),
      mail_text_(options.hostname, options.program, options.pid),
      writer_(std::make_shared<Writer>()),
      self_(std::make_shared<Journal*>(this)) {
  auto open = [&](Log log, std::unique_ptr<LogOutput> output) {
    writer_->open(log, std::move(output));
    buffers_[log].wanted = true;
  };
  if (options.events_to_stderr) {
    open(events, std::make_unique<DescriptorOutput>(options.stderr_file));
  } else {
    if (!options.events_file.empty())
      open(events, std::make_unique<LogFile>(options.events_file, options.file_octets));
    open(to_stderr, std::make_unique<DescriptorOutput>(options.stderr_file));
  }
  if (!options.mail_log.empty())
    open(mail_log, std::make_unique<LogFile>(options.mail_log, options.file_octets));
}

Journal::~Journal() {
  *self_ = nullptr;
  flush_now();
}

JournalFigures Journal::figures() const {
  auto figures = figures_;
  for (const auto& buffer : buffers_) figures.buffered_octets += buffer.lines.size();
  return figures;
}

void Journal::figures(Figures& into) const {
  auto now = figures();
  auto number = [](std::uint64_t n) { return static_cast<double>(n); };
  into.counter("malleposte_log_lines_total", "Lines given to the logs", number(now.lines));
  into.counter("malleposte_log_lines_lost_total", "Lines dropped since a log could not keep up",
               number(now.lost));
  into.counter("malleposte_log_write_failures_total", "Writes of a log that failed",
               number(now.write_failures));
  into.gauge("malleposte_log_buffered_octets", "Octets of log lines that wait to be written",
             number(now.buffered_octets));
}

template <class Append>
void Journal::append(Log log, Append append) {
  auto& buffer = buffers_[log];
  if (!buffer.wanted) return;
  if (buffer.lines.size() >= buffer_octets_) {
    ++buffer.lost;
    ++figures_.lost;
    return;
  }
  append(buffer.lines);
  ++figures_.lines;
  if (writing_) return;
  if (buffer.lines.size() >= limits::journal_batch && !failing_)
    hand_off();
  else if (timer_ == 0)
    schedule();
}

template <class Event, class Mail>
void Journal::append_both(Event event, Mail mail) {
  append(events, event);
  append(mail_log, mail);
}

void Journal::tell_lost(Log log) {
  auto& buffer = buffers_[log];
  auto lost = std::exchange(buffer.lost, 0);
  if (log == mail_log)
    mail_text_.lost(buffer.lines, loop_.wall(), lost);
  else
    event_text_.lost(buffer.lines, loop_.wall(), lost);
}

void Journal::schedule() {
  auto delay = failing_ ? limits::journal_retry : limits::journal_delay;
  timer_ = loop_.call_at(loop_.steady() + delay, [this] {
    timer_ = 0;
    hand_off();
  });
}

void Journal::cancel_timer() {
  if (timer_ != 0) loop_.cancel(std::exchange(timer_, 0));
}

void Journal::move_buffers() {
  for (std::size_t i = 0; i < logs; ++i) {
    auto& buffer = buffers_[i];
    if (buffer.lines.empty() && buffer.lost == 0) continue;
    if (writer_->take(static_cast<Log>(i), buffer.lines) && buffer.lost != 0)
      tell_lost(static_cast<Log>(i));
  }
}

void Journal::hand_off() {
  if (writing_) return;
  cancel_timer();
  move_buffers();
  writing_ = true;
  loop_.offload(
      Loop::Lane::housekeeping, [writer = writer_] { writer->write(); },
      [self = self_] {
        if (*self != nullptr) (*self)->written();
      });
}

void Journal::written() {
  writing_ = false;
  auto error = writer_->error();
  failing_ = !error.empty();
  if (failing_) {
    ++figures_.write_failures;
    if (notices_ != nullptr)
      notices_->raise({"log-write", Severity::warning, "A log cannot be written.", error,
                       "Make room or repair the directory; mail goes on meanwhile.", loop_.wall()});
    schedule();
    return;
  }
  if (notices_ != nullptr) notices_->clear("log-write");
  std::size_t largest = 0;
  for (const auto& buffer : buffers_) largest = std::max(largest, buffer.lines.size());
  if (largest >= limits::journal_batch)
    hand_off();
  else if (largest != 0)
    schedule();
}

void Journal::flush_now() {
  cancel_timer();
  writer_->write();  // what an earlier round has left
  move_buffers();
  writer_->write();
  move_buffers();  // the count of lost lines
  writer_->write();
}

void Journal::connected(std::string_view session, std::string_view peer) {
  auto now = loop_.wall();
  append_both([&](std::string& out) { event_text_.connected(out, now, session, peer); },
              [&](std::string& out) { mail_text_.connected(out, now, peer); });
}

void Journal::vouched(std::string_view session, std::string_view peer, std::string_view how,
                      std::string_view told) {
  auto now = loop_.wall();
  append_both([&](std::string& out) { event_text_.vouched(out, now, session, peer, how, told); },
              [&](std::string& out) { mail_text_.vouched(out, now, peer, how, told); });
}

void Journal::disconnected(std::string_view session, std::string_view peer, unsigned commands,
                           unsigned messages) {
  auto now = loop_.wall();
  append_both(
      [&](std::string& out) {
        event_text_.disconnected(out, now, session, peer, commands, messages);
      },
      [&](std::string& out) { mail_text_.disconnected(out, now, peer, commands, messages); });
}

void Journal::refused(std::string_view session, std::string_view peer, std::string_view helo,
                      std::string_view sender, std::string_view recipient, std::string_view reply) {
  auto now = loop_.wall();
  append_both(
      [&](std::string& out) {
        event_text_.refused(out, now, session, peer, helo, sender, recipient, reply);
      },
      [&](std::string& out) {
        mail_text_.refused(out, now, peer, helo, sender, recipient, reply);
      });
}

void Journal::accepted(mail::MessageId id, const mail::Envelope& envelope, std::uint64_t size) {
  auto now = loop_.wall();
  append_both([&](std::string& out) { event_text_.accepted(out, now, id, envelope, size); },
              [&](std::string& out) { mail_text_.accepted(out, now, id, envelope, size); });
}

void Journal::generated(mail::MessageId id, const mail::Envelope& envelope, std::uint64_t size,
                        std::string_view why) {
  auto now = loop_.wall();
  append_both([&](std::string& out) { event_text_.generated(out, now, id, envelope, size, why); },
              [&](std::string& out) { mail_text_.generated(out, now, id, envelope, size, why); });
}

void Journal::outcome(mail::MessageId id, std::string_view recipient, const mail::Outcome& outcome,
                      Duration delay) {
  auto now = loop_.wall();
  append_both(
      [&](std::string& out) { event_text_.outcome(out, now, id, recipient, outcome, delay); },
      [&](std::string& out) { mail_text_.outcome(out, now, id, recipient, outcome, delay); });
}

void Journal::removed(mail::MessageId id) {
  auto now = loop_.wall();
  append_both([&](std::string& out) { event_text_.removed(out, now, id); },
              [&](std::string& out) { mail_text_.removed(out, now, id); });
}

void Journal::event(std::string_view kind, Severity severity, std::string_view text) {
  auto now = loop_.wall();
  auto line = [&](std::string& out) { event_text_.event(out, now, kind, severity, text); };
  append_both(line, [&](std::string& out) { mail_text_.event(out, now, kind, severity, text); });
  append(to_stderr, line);
  // Somebody may be waiting for this one, and the process may be about to end.
  hand_off();
}

}  // namespace malleposte::monitor
