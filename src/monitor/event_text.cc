#include "monitor/event_text.h"

#include <algorithm>
#include <cassert>

#include "base/limits.h"

namespace malleposte::monitor {
namespace {

// `name` is the field's name with the punctuation around it: ,"peer":
void field(std::string& out, std::string_view name, std::string_view text) {
  out += name;
  append_json(out, text);
}

void field(std::string& out, std::string_view name, std::uint64_t number) {
  out += name;
  append_number(out, number);
}

constexpr std::string_view line_end = "}\n";

}  // namespace

std::string_view to_string(Severity severity) {
  switch (severity) {
    case Severity::info:
      return "info";
    case Severity::warning:
      return "warning";
    case Severity::alert:
      return "alert";
  }
  assert(false);
  return {};
}

std::string_view status_word(mail::Fate fate) {
  switch (fate) {
    case mail::Fate::queued:
      return "deferred";
    case mail::Fate::delivered:
      return "sent";
    case mail::Fate::bounced:
      return "bounced";
    case mail::Fate::expired:
      return "expired";
    case mail::Fate::deleted:
      return "deleted";
    case mail::Fate::discarded:
      return "discarded";
    case mail::Fate::replaced:
      return "replaced";
  }
  assert(false);
  return {};
}

void EventText::begin(std::string& out, WallTime now, std::string_view event) {
  out += "{\"time\":\"";
  clock_.append_rfc3339(out, now);
  out += "\",\"event\":\"";
  out += event;
  out += '"';
}

void EventText::message(std::string& out, WallTime now, std::string_view event,
                        mail::MessageId id) {
  begin(out, now, event);
  out += ",\"id\":\"";
  out += to_string(id);
  out += '"';
}

void EventText::envelope(std::string& out, const mail::Envelope& envelope, std::uint64_t size) {
  field(out, ",\"sender\":", to_string(envelope.reverse_path));
  field(out, ",\"size\":", size);
  field(out, ",\"recipient_count\":", envelope.recipients.size());
  out += ",\"recipients\":[";
  auto listed = std::min(envelope.recipients.size(), limits::event_recipients);
  for (std::size_t i = 0; i < listed; ++i) {
    if (i != 0) out += ',';
    append_json(out, to_string(envelope.recipients[i]));
  }
  out += ']';
}

void EventText::connected(std::string& out, WallTime now, std::string_view session,
                          std::string_view peer) {
  begin(out, now, "connected");
  field(out, ",\"session\":", session);
  field(out, ",\"peer\":", peer);
  out += line_end;
}

void EventText::vouched(std::string& out, WallTime now, std::string_view session,
                        std::string_view peer, std::string_view how, std::string_view told) {
  begin(out, now, "vouched");
  field(out, ",\"session\":", session);
  field(out, ",\"peer\":", peer);
  field(out, ",\"how\":", how);
  field(out, ",\"told\":", told);
  out += line_end;
}

void EventText::disconnected(std::string& out, WallTime now, std::string_view session,
                             std::string_view peer, unsigned commands, unsigned messages) {
  begin(out, now, "disconnected");
  field(out, ",\"session\":", session);
  field(out, ",\"peer\":", peer);
  field(out, ",\"commands\":", std::uint64_t{commands});
  field(out, ",\"messages\":", std::uint64_t{messages});
  out += line_end;
}

void EventText::refused(std::string& out, WallTime now, std::string_view session,
                        std::string_view peer, std::string_view helo, std::string_view sender,
                        std::string_view recipient, std::string_view reply) {
  begin(out, now, "refused");
  field(out, ",\"session\":", session);
  field(out, ",\"peer\":", peer);
  field(out, ",\"helo\":", helo);
  field(out, ",\"sender\":", sender);
  field(out, ",\"recipient\":", recipient);
  field(out, ",\"reply\":", reply);
  out += line_end;
}

void EventText::accepted(std::string& out, WallTime now, mail::MessageId id,
                         const mail::Envelope& envelope, std::uint64_t size) {
  message(out, now, "accepted", id);
  this->envelope(out, envelope, size);
  field(out, ",\"client_address\":", envelope.client_address);
  field(out, ",\"client_name\":", envelope.client_name);
  field(out, ",\"helo\":", envelope.helo);
  out += line_end;
}

void EventText::generated(std::string& out, WallTime now, mail::MessageId id,
                          const mail::Envelope& envelope, std::uint64_t size,
                          std::string_view why) {
  message(out, now, "generated", id);
  this->envelope(out, envelope, size);
  field(out, ",\"why\":", why);
  out += line_end;
}

void EventText::outcome(std::string& out, WallTime now, mail::MessageId id,
                        std::string_view recipient, const mail::Outcome& outcome, Duration delay) {
  message(out, now, "outcome", id);
  field(out, ",\"recipient\":", recipient);
  out += ",\"status\":\"";
  out += status_word(outcome.fate);
  out += "\",\"delay\":";
  append_seconds(out, delay, 3);
  field(out, ",\"host\":", outcome.answer.host);
  field(out, ",\"address\":", outcome.answer.address);
  field(out, ",\"code\":", static_cast<std::uint64_t>(std::max(outcome.answer.code, 0)));
  field(out, ",\"dsn\":", outcome.answer.status);
  field(out, ",\"class\":", to_string(outcome.answer.outcome_class));
  field(out, ",\"reply\":", outcome.answer.text);
  if (outcome.fate == mail::Fate::queued) {
    out += ",\"next_attempt\":\"";
    // A clock of its own: this is another second than `now`, and would push that out of the cache.
    ClockText next;
    next.append_rfc3339(out, outcome.next_attempt);
    out += '"';
  }
  out += line_end;
}

void EventText::removed(std::string& out, WallTime now, mail::MessageId id) {
  message(out, now, "removed", id);
  out += line_end;
}

void EventText::event(std::string& out, WallTime now, std::string_view kind, Severity severity,
                      std::string_view text) {
  out += "{\"time\":\"";
  clock_.append_rfc3339(out, now);
  field(out, "\",\"event\":", kind);
  field(out, ",\"severity\":", to_string(severity));
  field(out, ",\"text\":", text);
  out += line_end;
}

void EventText::lost(std::string& out, WallTime now, std::uint64_t lines) {
  begin(out, now, "lines_lost");
  field(out, ",\"lines\":", lines);
  out += line_end;
}

}  // namespace malleposte::monitor
