#include "monitor/mail_text.h"

#include "monitor/event_text.h"

namespace malleposte::monitor {
namespace {

// "192.0.2.1:25" and "[2001:db8::1]:25" as "[192.0.2.1]:25" and "[2001:db8::1]:25".
void append_bracketed(std::string& out, std::string_view address) {
  auto colon = address.rfind(':');
  auto host = address.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  out += '[';
  append_clean(out, host);
  out += ']';
  if (colon != std::string_view::npos) append_clean(out, address.substr(colon));
}

void append_relay(std::string& out, const mail::Answer& answer) {
  if (answer.host.empty() && answer.address.empty()) {
    out += "none";
    return;
  }
  append_clean(out, answer.host.empty() ? "unknown" : std::string_view(answer.host));
  if (!answer.address.empty()) append_bracketed(out, answer.address);
}

void append_answer(std::string& out, const mail::Answer& answer) {
  if (answer.code > 0) {
    append_number(out, static_cast<std::uint64_t>(answer.code));
    out += ' ';
    append_clean(out, answer.status);
    out += ' ';
  }
  append_clean(out, answer.text);
}

}  // namespace

MailText::MailText(std::string_view hostname, std::string_view program, std::int64_t pid) {
  source_ += ' ';
  append_clean(source_, hostname);
  source_ += ' ';
  append_clean(source_, program);
  source_ += '[';
  append_number(source_, static_cast<std::uint64_t>(pid));
  source_ += "]: ";
}

void MailText::begin(std::string& out, WallTime now) {
  clock_.append_syslog(out, now);
  out += source_;
}

void MailText::message(std::string& out, WallTime now, mail::MessageId id) {
  begin(out, now);
  out += to_string(id);
  out += ": ";
}

void MailText::connected(std::string& out, WallTime now, std::string_view peer) {
  begin(out, now);
  out += "connect from ";
  append_clean(out, peer);
  out += '\n';
}

void MailText::vouched(std::string& out, WallTime now, std::string_view peer, std::string_view how,
                       std::string_view told) {
  begin(out, now);
  out += how;
  out += " for ";
  append_clean(out, peer);
  out += ": ";
  append_clean(out, told);
  out += '\n';
}

void MailText::disconnected(std::string& out, WallTime now, std::string_view peer,
                            unsigned commands, unsigned messages) {
  begin(out, now);
  out += "disconnect from ";
  append_clean(out, peer);
  out += " messages=";
  append_number(out, messages);
  out += " commands=";
  append_number(out, commands);
  out += '\n';
}

void MailText::refused(std::string& out, WallTime now, std::string_view peer, std::string_view helo,
                       std::string_view sender, std::string_view recipient,
                       std::string_view reply) {
  begin(out, now);
  out += "NOQUEUE: reject: ";
  out += !recipient.empty() ? "RCPT" : !sender.empty() ? "MAIL" : helo.empty() ? "CONNECT" : "HELO";
  out += " from ";
  append_clean(out, peer);
  out += ": ";
  append_clean(out, reply);
  out += "; from=<";
  append_clean(out, sender);
  out += '>';
  if (!recipient.empty()) {
    out += " to=<";
    append_clean(out, recipient);
    out += '>';
  }
  out += " proto=SMTP helo=<";
  append_clean(out, helo);
  out += ">\n";
}

void MailText::queued(std::string& out, WallTime now, mail::MessageId id,
                      const mail::Envelope& envelope, std::uint64_t size) {
  message(out, now, id);
  out += "from=<";
  append_clean(out, to_string(envelope.reverse_path));
  out += ">, size=";
  append_number(out, size);
  out += ", nrcpt=";
  append_number(out, envelope.recipients.size());
  out += " (queue active)\n";
}

void MailText::accepted(std::string& out, WallTime now, mail::MessageId id,
                        const mail::Envelope& envelope, std::uint64_t size) {
  message(out, now, id);
  out += "client=";
  append_clean(out,
               envelope.client_name.empty() ? "unknown" : std::string_view(envelope.client_name));
  out += '[';
  append_clean(out, envelope.client_address);
  out += "]\n";
  queued(out, now, id, envelope, size);
}

void MailText::generated(std::string& out, WallTime now, mail::MessageId id,
                         const mail::Envelope& envelope, std::uint64_t size, std::string_view why) {
  message(out, now, id);
  out += "generated (";
  append_clean(out, why);
  out += ")\n";
  queued(out, now, id, envelope, size);
}

void MailText::outcome(std::string& out, WallTime now, mail::MessageId id,
                       std::string_view recipient, const mail::Outcome& outcome, Duration delay) {
  message(out, now, id);
  out += "to=<";
  append_clean(out, recipient);
  out += ">, relay=";
  append_relay(out, outcome.answer);
  out += ", delay=";
  append_seconds(out, delay, 2);
  out += ", dsn=";
  append_clean(out, outcome.answer.status);
  out += ", status=";
  out += status_word(outcome.fate);
  out += " (";
  append_answer(out, outcome.answer);
  out += ')';
  // Behind what log parsers look for. For what was sent it would say nothing new.
  if (outcome.fate != mail::Fate::delivered &&
      outcome.answer.outcome_class != mail::OutcomeClass::none) {
    out += " class=";
    out += to_string(outcome.answer.outcome_class);
  }
  out += '\n';
}

void MailText::removed(std::string& out, WallTime now, mail::MessageId id) {
  message(out, now, id);
  out += "removed\n";
}

void MailText::event(std::string& out, WallTime now, std::string_view kind, Severity severity,
                     std::string_view text) {
  begin(out, now);
  append_clean(out, kind);
  out += ": ";
  if (severity != Severity::info) {
    out += to_string(severity);
    out += ": ";
  }
  append_clean(out, text);
  out += '\n';
}

void MailText::lost(std::string& out, WallTime now, std::uint64_t lines) {
  begin(out, now);
  out += "warning: ";
  append_number(out, lines);
  out += " lines of this log were lost: the disk did not keep up\n";
}

}  // namespace malleposte::monitor
